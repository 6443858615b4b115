//! Symmetries of a flow in a square periodic box, applied to snapshots on the host.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

/// Shift, then reflections, then the exchange of both axes: together all symmetries of the points of a periodic square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Symmetry {
    /// Points by which x and y are shifted.
    pub shift: [usize; 2],
    /// x to -x, y to -y, with the velocities along them.
    pub reflect: [bool; 2],
    /// x to y and y to x, with the velocities along them.
    pub exchange: bool,
}

/// Where the components of a snapshot stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Points along each side.
    pub points: usize,
    /// Components.
    pub components: usize,
    /// The components u and v, which turn with the box; the others are scalars.
    pub velocity: Option<[usize; 2]>,
}

impl Symmetry {
    /// Draws any of them.
    pub fn draw(points: usize, random: &mut Pcg64Mcg) -> Self {
        Self {
            shift: [0; 2].map(|_: usize| random.random_range(0..points)),
            reflect: [false; 2].map(|_| random.random()),
            exchange: random.random(),
        }
    }

    /// The snapshot `from`, `[x, y, component]`, under this symmetry.
    pub fn apply(&self, from: &[f32], layout: &Layout, to: &mut [f32]) {
        let (n, components) = (layout.points, layout.components);
        // Point 0 is its own mirror image.
        let place = |i: usize, axis: usize| {
            let mirrored = if self.reflect[axis] { (n - i) % n } else { i };
            (mirrored + self.shift[axis]) % n
        };
        let sign = |axis: usize| if self.reflect[axis] { -1.0 } else { 1.0 };
        for (point, to) in to.chunks_mut(components).enumerate() {
            let (i, j) = match self.exchange {
                true => (point % n, point / n),
                false => (point / n, point % n),
            };
            let source = (place(i, 0) * n + place(j, 1)) * components;
            to.copy_from_slice(&from[source..source + components]);
            if let Some([u, v]) = layout.velocity {
                (to[u], to[v]) = (sign(0) * to[u], sign(1) * to[v]);
                if self.exchange {
                    to.swap(u, v);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rheome_periodic::{FlowAnalysis, PeriodicConfig, PeriodicFlow};

    fn apart(field: &[f32]) -> [Vec<f64>; 2] {
        [0, 1].map(|c| {
            field
                .iter()
                .skip(c)
                .step_by(2)
                .map(|x| f64::from(*x))
                .collect()
        })
    }

    fn together([u, v]: &[Vec<f64>; 2]) -> Vec<f32> {
        u.iter()
            .zip(v)
            .flat_map(|(u, v)| [*u as f32, *v as f32])
            .collect()
    }

    /// A flow that is turned and goes on is the flow that went on and is turned.
    #[test]
    fn the_solver_has_these_symmetries() {
        let config = PeriodicConfig {
            points: 24,
            viscosity: 0.02,
            peak: 3.0,
            ..PeriodicConfig::default()
        };
        let layout = Layout {
            points: 24,
            components: 2,
            velocity: Some([0, 1]),
        };
        let mut flow = PeriodicFlow::decaying(&config, 5).unwrap();
        let before = together(&flow.velocity());
        flow.advance(0.2).unwrap();
        let after = together(&flow.velocity());
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut drawn: Vec<Symmetry> = (0..6).map(|_| Symmetry::draw(24, &mut random)).collect();
        drawn.push(Symmetry {
            exchange: true,
            ..Symmetry::default()
        });
        for symmetry in drawn {
            let shown = |from: &[f32]| {
                let mut to = vec![0.0; from.len()];
                symmetry.apply(from, &layout, &mut to);
                to
            };
            let [u, v] = apart(&shown(&before));
            let mut analysis = FlowAnalysis::new(24, config.length).unwrap();
            let vorticity = analysis.of([&u, &v]).unwrap().vorticity;
            let mut turned = PeriodicFlow::from_vorticity(&config, &vorticity).unwrap();
            turned.advance(0.2).unwrap();
            let found = together(&turned.velocity());
            let pairs = found.iter().zip(shown(&after));
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{symmetry:?}: {worst}");
        }
    }

    #[test]
    fn scalars_move_but_do_not_turn() {
        let layout = Layout {
            points: 2,
            components: 3,
            velocity: Some([0, 1]),
        };
        let from: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let symmetry = Symmetry {
            shift: [1, 0],
            reflect: [true, false],
            exchange: true,
        };
        let mut to = vec![0.0; 12];
        symmetry.apply(&from, &layout, &mut to);
        // Point (0, 0) comes from (1, 0): u = 6, v = 7, s = 8.
        assert_eq!(to[..3], [7.0, -6.0, 8.0]);
        // Point (1, 0) is exchanged with (0, 1), which comes from (1, 1).
        assert_eq!(to[6..9], [10.0, -9.0, 11.0]);
    }
}
