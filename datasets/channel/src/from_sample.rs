//! A flow that begins as a given snapshot, such as filtered DNS from which a large-eddy simulation is started.

use ndarray::Array2;
use rustfft::num_complex::Complex64;

use crate::channel::Channel;
use crate::chebyshev;
use crate::config::ChannelConfig;
use crate::error::ChannelError;
use crate::sampling::UniformGrid;
use crate::transforms::PlaneTransform;

/// Degree of the local polynomials that are blended between the snapshot's points along y.
const BLENDED_DEGREE: usize = 5;

impl Channel {
    /// The flow of `config` that at `time` has the velocity of a snapshot `[x, y, z, component]` on a uniform grid of `points`
    /// over the box of `config`, in the frame of the walls and in u_tau.
    ///
    /// u and w are interpolated along y (Floater & Hormann 2007, barycentric rational interpolation, degree 5), v follows from
    /// continuity, so that the flow is divergence-free whatever the snapshot is; what the solver's grid cannot hold is left out.
    /// Walls are made free of slip by what the snapshot has there: a sample of [`Channel::sample`] comes back within the error
    /// of the interpolation.
    ///
    /// # Errors
    /// [`ChannelError::Setting`] if a setting cannot work, [`ChannelError::Sample`] if the snapshot does not have that shape,
    /// holds values that are not finite, or has fewer than 8 points along y.
    pub fn from_sample(
        config: &ChannelConfig,
        points: [usize; 3],
        velocity: &[f32],
        time: f64,
    ) -> Result<Self, ChannelError> {
        let mut channel = Self::at_rest(config)?;
        check(points, velocity)?;
        let grid = UniformGrid::new(points, config.lengths)?;
        channel.time = time;
        let table = to_coefficients(&grid.coordinates[1], channel.degrees);
        let [u, w] = [0, 2].map(|component| {
            let modes = channel.modes_of(points, velocity, component);
            // [degree, y] times [y, row], transposed to [row, degree].
            modes.t().dot(&table.t())
        });
        channel.set_from_modes(&u, &w);
        Ok(channel)
    }

    /// Modes of one component at the snapshot's heights, in the moving frame: `[y, row]`.
    fn modes_of(&self, points: [usize; 3], velocity: &[f32], component: usize) -> Array2<f64> {
        let [nx, ny, nz] = points;
        let plane = PlaneTransform::new(&self.modes, nx, nz);
        let mut scratch = plane.scratch();
        let mut values = vec![0.0; nx * nz];
        let mut modes = Array2::zeros((ny, self.modes.rows()));
        let travelled = self.config.frame_velocity * self.time;
        let phases: Vec<Complex64> = self
            .modes
            .kx
            .iter()
            .map(|kx| Complex64::cis((kx * travelled) % std::f64::consts::TAU))
            .collect();
        for (j, mut line) in modes.rows_mut().into_iter().enumerate() {
            for (p, value) in values.iter_mut().enumerate() {
                let (k, i) = (p / nx, p % nx);
                *value = velocity[((i * ny + j) * nz + k) * 3 + component].into();
            }
            // Rows of a fresh matrix lie one behind the other.
            let line = line.as_slice_mut().unwrap_or_default();
            plane.to_modes(&mut values, line, &mut scratch);
            for (pair, phase) in line.chunks_exact_mut(2).zip(&phases) {
                let shifted = Complex64::new(pair[0], pair[1]) * phase;
                (pair[0], pair[1]) = (shifted.re, shifted.im);
            }
        }
        modes
    }

    /// Sets the state from coefficients `[row, degree]` of u and w.
    fn set_from_modes(&mut self, u: &Array2<f64>, w: &Array2<f64>) {
        let degrees = self.degrees;
        self.state.mean = [u.row(0).to_vec(), w.row(0).to_vec()];
        self.state.mean[0][0] -= self.config.frame_velocity;
        let (mut slope, mut work) = (vec![0.0; degrees], vec![0.0; degrees]);
        for m in 1..self.modes.count() {
            let (kx, kz) = (self.modes.kx[m], self.modes.kz[m]);
            // i k f of one part is made of the other part.
            for (row, other, sign) in [(2 * m, 2 * m + 1, -1.0), (2 * m + 1, 2 * m, 1.0)] {
                let line = row * degrees..(row + 1) * degrees;
                for (k, vorticity) in self.state.vorticity[line.clone()].iter_mut().enumerate() {
                    let (u, w) = (u[[other, k]], w[[other, k]]);
                    *vorticity = sign * (kz * u - kx * w);
                    slope[k] = -sign * (kx * u + kz * w);
                }
                close(&slope, &mut self.state.v[line], &mut work);
            }
        }
        self.state.symmetrize(&self.modes);
        self.state.update_laplacian(&self.modes);
    }
}

/// The series with the derivative `slope`, bent by a cubic so that it and its derivative vanish at both walls.
fn close(slope: &[f64], v: &mut [f64], work: &mut [f64]) {
    chebyshev::antiderivative(slope, v);
    chebyshev::differentiate(v, work);
    // The cubic through 0 and `end` with the slopes `lower` and `upper` (Hermite), c0 + c1 y + c2 y^2 + c3 y^3.
    let end = -chebyshev::at_wall(v, true);
    let [lower, upper] = [false, true].map(|wall| -chebyshev::at_wall(work, wall));
    let c = [
        2.0 * end + lower - upper,
        3.0 * end - lower - upper,
        upper - lower,
        lower + upper - end,
    ]
    .map(|c| 0.25 * c);
    let series = [
        c[0] + 0.5 * c[2],
        c[1] + 0.75 * c[3],
        0.5 * c[2],
        0.25 * c[3],
    ];
    v.iter_mut().zip(series).for_each(|(v, s)| *v += s);
}

fn check(points: [usize; 3], velocity: &[f32]) -> Result<(), ChannelError> {
    let sample = |found: String, expected: String| Err(ChannelError::Sample { found, expected });
    if points[1] < 8 {
        return sample(format!("{} points along y", points[1]), "8 or more".into());
    }
    let expected = points.iter().product::<usize>() * 3;
    if velocity.len() != expected {
        return sample(
            format!("{} numbers", velocity.len()),
            format!("{expected} for [x, y, z, component] = {points:?} x 3"),
        );
    }
    match velocity.iter().position(|value| !value.is_finite()) {
        Some(at) => sample(
            format!("{} at number {at}", velocity[at]),
            "finite numbers".into(),
        ),
        None => Ok(()),
    }
}

/// Chebyshev coefficients of the interpolant of values at `heights` (0 to 2): `[degree, height]`.
fn to_coefficients(heights: &[f64], degrees: usize) -> Array2<f64> {
    let n = degrees - 1;
    let nodes = chebyshev::nodes(n);
    let weights = blending_weights(heights.len());
    let mut table = Array2::zeros((degrees, heights.len()));
    for (mut row, node) in table.rows_mut().into_iter().zip(nodes) {
        let distance: Vec<f64> = heights.iter().map(|y| node + 1.0 - y).collect();
        if let Some(hit) = distance.iter().position(|d| d.abs() < 1e-13) {
            row[hit] = 1.0;
            continue;
        }
        let parts: Vec<f64> = weights.iter().zip(&distance).map(|(w, d)| w / d).collect();
        let sum: f64 = parts.iter().sum();
        row.iter_mut()
            .zip(parts)
            .for_each(|(value, part)| *value = part / sum);
    }
    chebyshev::analysis(n, degrees).dot(&table)
}

/// Barycentric weights of `n` equally spaced points: alternating sums of binomial coefficients.
fn blending_weights(n: usize) -> Vec<f64> {
    let degree = BLENDED_DEGREE.min(n - 1);
    let binomial = |k: usize| (0..k).fold(1.0, |b, i| b * (degree - i) as f64 / (i + 1) as f64);
    (0..n)
        .map(|k| {
            let sum: f64 = (k.saturating_sub(degree)..=k.min(n - 1 - degree))
                .map(|i| binomial(k - i))
                .sum();
            if k % 2 == 0 { sum } else { -sum }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Filter, Initial};

    #[test]
    fn a_sample_of_a_disturbed_flow_comes_back() {
        let config = ChannelConfig {
            points: [16, 49, 16],
            frame_velocity: 10.0,
            ..Default::default()
        };
        let mut parent = Channel::new(&config, 7).unwrap();
        // By then the frames are 7 h apart, 2.2 boxes: a shift the wrong way would show.
        parent.time = 0.7;
        let points = [12, 33, 12];
        let grid = UniformGrid::new(points, config.lengths).unwrap();
        let sample = parent.sample(&grid, Filter::Sharp);
        let half_way = 6 * 33 * 12 * 3;
        let along_x = |p: usize| (sample[p] - sample[p + half_way]).abs();
        assert!((0..half_way).map(along_x).fold(0.0, f32::max) > 1.0);
        let coarse = ChannelConfig {
            points: [12, 33, 12],
            ..config
        };
        let mut child = Channel::from_sample(&coarse, points, &sample, parent.time()).unwrap();
        assert!(child.diagnostics().divergence < 1e-10);
        let violation = child.wall_violation();
        assert!(violation < 1e-5, "{violation}");
        let back = child.sample(&grid, Filter::Sharp);
        for component in 0..3 {
            let of = |values: &[f32]| {
                values
                    .iter()
                    .skip(component)
                    .step_by(3)
                    .copied()
                    .collect::<Vec<_>>()
            };
            let (back, sample) = (of(&back), of(&sample));
            let squares =
                |f: &dyn Fn(usize) -> f32| (0..back.len()).map(|p| f(p).powi(2)).sum::<f32>();
            let error = squares(&|p| back[p] - sample[p]) / squares(&|p| sample[p]);
            assert!(
                error.sqrt() < 2e-3,
                "component {component}: {}",
                error.sqrt()
            );
        }
    }

    #[test]
    fn laminar_flow_begins_as_itself_in_a_moving_frame() {
        let config = ChannelConfig {
            re_tau: 20.0,
            points: [8, 17, 8],
            initial: Initial::Laminar,
            frame_velocity: 3.0,
            ..Default::default()
        };
        let mut parent = Channel::new(&config, 0).unwrap();
        let grid = UniformGrid::new([8, 17, 8], config.lengths).unwrap();
        let sample = parent.sample(&grid, Filter::Sharp);
        let mut child = Channel::from_sample(&config, [8, 17, 8], &sample, 2.5).unwrap();
        assert_eq!(child.time(), 2.5);
        let (a, b) = (parent.diagnostics(), child.diagnostics());
        approx::assert_relative_eq!(a.bulk_velocity, b.bulk_velocity, max_relative = 1e-6);
        approx::assert_relative_eq!(a.wall_shear[0], b.wall_shear[0], max_relative = 1e-4);
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        let config = ChannelConfig::default();
        let error = |points, values: &[f32]| {
            Channel::from_sample(&config, points, values, 0.0)
                .err()
                .unwrap()
                .to_string()
        };
        assert!(error([4, 5, 4], &[]).contains("5 points along y"));
        assert!(error([4, 9, 4], &[0.0; 12]).contains("found 12 numbers, expected 432"));
        let mut broken = vec![0.0; 432];
        broken[7] = f32::NAN;
        assert!(error([4, 9, 4], &broken).contains("NaN at number 7"));
    }
}
