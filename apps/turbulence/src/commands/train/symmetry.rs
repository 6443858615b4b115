//! Symmetries of the flow between two equal walls, applied to snapshots on the host.

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::settings::Symmetries;

/// One symmetry of a snapshot `[x, y, z, component]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Symmetry {
    /// Points by which x and z are shifted.
    pub shift: [usize; 2],
    /// y to 2 - y, v to -v.
    pub reflect_y: bool,
    /// z to -z, w to -w.
    pub reflect_z: bool,
}

impl Symmetry {
    /// Draws one of those that are `allowed` for a grid.
    pub fn draw(allowed: &Symmetries, grid: [usize; 3], random: &mut Pcg64Mcg) -> Self {
        // Every number is drawn whether it is used or not, so that one setting does not change the others' effect.
        let shift = [
            random.random_range(0..grid[0]),
            random.random_range(0..grid[2]),
        ];
        let (y, z) = (random.random::<bool>(), random.random::<bool>());
        Self {
            shift: if allowed.shift { shift } else { [0, 0] },
            reflect_y: allowed.reflect_y && y,
            reflect_z: allowed.reflect_z && z,
        }
    }

    /// The snapshot `from` under this symmetry.
    pub fn apply(&self, from: &[f32], grid: [usize; 3], components: usize, to: &mut [f32]) {
        let [nx, ny, nz] = grid;
        for i in 0..nx {
            let from_i = (i + self.shift[0]) % nx;
            for j in 0..ny {
                let from_j = if self.reflect_y { ny - 1 - j } else { j };
                for k in 0..nz {
                    let shifted = (k + self.shift[1]) % nz;
                    // Point 0 of a periodic axis is its own mirror image.
                    let from_k = if self.reflect_z {
                        (nz - shifted) % nz
                    } else {
                        shifted
                    };
                    let at = ((i * ny + j) * nz + k) * components;
                    let source = ((from_i * ny + from_j) * nz + from_k) * components;
                    to[at..at + components].copy_from_slice(&from[source..source + components]);
                    if self.reflect_y {
                        to[at + 1] = -to[at + 1];
                    }
                    if self.reflect_z {
                        to[at + 2] = -to[at + 2];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const GRID: [usize; 3] = [4, 5, 6];

    fn field() -> Vec<f32> {
        (0..4 * 5 * 6 * 3).map(|i| (i as f32 * 0.7).sin()).collect()
    }

    fn apply(symmetry: Symmetry, from: &[f32]) -> Vec<f32> {
        let mut to = vec![0.0; from.len()];
        symmetry.apply(from, GRID, 3, &mut to);
        to
    }

    #[test]
    fn reflections_undo_themselves_and_shifts_go_round() {
        let mirror = Symmetry {
            reflect_y: true,
            reflect_z: true,
            ..Default::default()
        };
        assert_eq!(apply(mirror, &apply(mirror, &field())), field());
        assert_ne!(apply(mirror, &field()), field());
        let there = Symmetry {
            shift: [1, 2],
            ..Default::default()
        };
        let back = Symmetry {
            shift: [3, 4],
            ..Default::default()
        };
        assert_eq!(apply(back, &apply(there, &field())), field());
    }

    /// Central differences along the periodic axes and y: the sum of a solenoidal field's stays zero.
    #[test]
    fn a_solenoidal_field_stays_so() {
        use std::f32::consts::TAU;
        // u = sin(x) y, w = -u_x integrated over z: du/dx + dw/dz = 0 by second differences with equal symbols.
        let (nx, ny, nz) = (4, 5, 6);
        let [ax, az] = [TAU / 4.0, TAU / 6.0];
        let mut from = Vec::new();
        for i in 0..nx {
            for j in 0..ny {
                for k in 0..nz {
                    let (x, z, y) = (ax * i as f32, az * k as f32, j as f32 + 1.0);
                    let ratio = ax.sin() / az.sin();
                    from.extend([y * x.sin() * z.cos(), 0.0, -ratio * y * x.cos() * z.sin()]);
                }
            }
        }
        let divergence = |f: &[f32]| {
            let at = |i: usize, j: usize, k: usize, c: usize| {
                f[((i % nx * ny + j) * nz + k % nz) * 3 + c]
            };
            let mut worst = 0.0_f32;
            for i in 0..nx {
                for j in 0..ny {
                    for k in 0..nz {
                        let dx = at(i + 1, j, k, 0) - at(i + nx - 1, j, k, 0);
                        let dz = at(i, j, k + 1, 2) - at(i, j, k + nz - 1, 2);
                        worst = worst.max((dx + dz).abs());
                    }
                }
            }
            worst
        };
        assert!(divergence(&from) < 1e-5);
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let all = Symmetries {
            shift: true,
            reflect_y: true,
            reflect_z: true,
        };
        for _ in 0..20 {
            let symmetry = Symmetry::draw(&all, GRID, &mut random);
            assert!(divergence(&apply(symmetry, &from)) < 1e-5, "{symmetry:?}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_not_drawn() {
        let mut random = Pcg64Mcg::seed_from_u64(3);
        for _ in 0..20 {
            let none = Symmetry::draw(&Symmetries::default(), GRID, &mut random);
            assert_eq!(none, Symmetry::default());
        }
    }
}
