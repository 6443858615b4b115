//! Wall-normal profiles of flow fields, gathered as snapshots go by: of simulations and of rollouts alike.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a snapshot or other statistics cannot be added; the statistics are then as they were before.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StatisticsError {
    /// The snapshot is shorter or longer than its grid says.
    #[error(
        "snapshot: found {found} numbers, expected {expected} for [x, y, z, component] = {shape:?}"
    )]
    Length {
        /// Numbers in the snapshot.
        found: usize,
        /// Numbers its shape needs.
        expected: usize,
        /// The shape claimed.
        shape: [usize; 4],
    },
    /// Fewer than three components: no u, v, w.
    #[error("snapshot: found {found} components, expected at least the three of the velocity")]
    Components {
        /// Components of the snapshot.
        found: usize,
    },
    /// Another number of points along y than before.
    #[error(
        "statistics: found {found} points along y, expected the {expected} of the fields before"
    )]
    Heights {
        /// Points of what was to be added.
        found: usize,
        /// Points of these statistics.
        expected: usize,
    },
    /// NaN or infinity in the snapshot.
    #[error(
        "snapshot: found a non-finite velocity in the plane y[{plane}], expected finite numbers"
    )]
    NonFinite {
        /// Index of the first plane at fault.
        plane: usize,
    },
}

/// Moments of the velocity on each wall-parallel plane, over x, z, time and trajectories (Welford's recurrence in the form
/// of Chan, Golub & LeVeque 1983, so that two gatherings can be joined).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileStatistics {
    /// Snapshots seen.
    pub snapshots: u64,
    count: f64,
    planes: Vec<Plane>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Plane {
    mean: [f64; 3],
    /// Sums of squared deviations of u, v, w.
    squares: [f64; 3],
    /// Sum of the products of the deviations of u and v.
    product: f64,
}

impl Plane {
    fn of(points: impl Iterator<Item = [f64; 3]> + Clone) -> (f64, Self) {
        let mut plane = Self::default();
        let mut count = 0.0;
        for point in points.clone() {
            count += 1.0;
            for (mean, value) in plane.mean.iter_mut().zip(point) {
                *mean += value;
            }
        }
        plane.mean = plane.mean.map(|m| m / f64::max(count, 1.0));
        for point in points {
            let deviation: [f64; 3] = std::array::from_fn(|c| point[c] - plane.mean[c]);
            for (square, d) in plane.squares.iter_mut().zip(deviation) {
                *square += d * d;
            }
            plane.product += deviation[0] * deviation[1];
        }
        (count, plane)
    }

    fn is_finite(&self) -> bool {
        let moments = self.mean.iter().chain(&self.squares).chain([&self.product]);
        moments.into_iter().all(|value| value.is_finite())
    }

    fn join(&mut self, own: f64, other: &Self, others: f64) {
        let total = own + others;
        let weight = own * others / total;
        let gap: [f64; 3] = std::array::from_fn(|c| other.mean[c] - self.mean[c]);
        for (c, gap) in gap.into_iter().enumerate() {
            self.squares[c] += other.squares[c] + gap * gap * weight;
            self.mean[c] += gap * others / total;
        }
        self.product += other.product + gap[0] * gap[1] * weight;
    }
}

/// Profiles over y from the lower wall, in the velocity unit of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    /// Mean of u, v, w: `[component][y]`.
    pub mean: [Vec<f64>; 3],
    /// Root mean square of the fluctuations of u, v, w: `[component][y]`.
    pub rms: [Vec<f64>; 3],
    /// Reynolds shear stress <u'v'>: `[y]`.
    pub shear_stress: Vec<f64>,
}

impl ProfileStatistics {
    /// Nothing gathered yet, for fields with `ny` points along y.
    pub fn new(ny: usize) -> Self {
        Self {
            snapshots: 0,
            count: 0.0,
            planes: vec![Plane::default(); ny],
        }
    }

    /// Adds one snapshot `[x, y, z, component]` with `grid` points and three or more components, the first three u, v, w.
    ///
    /// # Errors
    /// [`StatisticsError`] if the snapshot does not have that shape, these statistics have another number of points along
    /// y, or a velocity is not finite.
    pub fn add<T: Copy + Into<f64>>(
        &mut self,
        velocity: &[T],
        grid: [usize; 3],
        components: usize,
    ) -> Result<(), StatisticsError> {
        let [nx, ny, nz] = grid;
        self.check(velocity.len(), grid, components)?;
        let planes: Vec<(f64, Plane)> = (0..ny)
            .map(|j| {
                let rows = (0..nx).map(move |i| (i * ny + j) * nz);
                let points = rows.flat_map(move |row| (row..row + nz).map(move |p| p * components));
                Plane::of(points.map(|p| std::array::from_fn(|c| velocity[p + c].into())))
            })
            .collect();
        if let Some(plane) = planes.iter().position(|(_, plane)| !plane.is_finite()) {
            return Err(StatisticsError::NonFinite { plane });
        }
        for (own, (count, other)) in self.planes.iter_mut().zip(&planes) {
            own.join(self.count, other, *count);
        }
        self.count += (nx * nz) as f64;
        self.snapshots += 1;
        Ok(())
    }

    fn check(
        &self,
        found: usize,
        grid: [usize; 3],
        components: usize,
    ) -> Result<(), StatisticsError> {
        let [nx, ny, nz] = grid;
        if components < 3 {
            return Err(StatisticsError::Components { found: components });
        }
        let expected = nx * ny * nz * components;
        if found != expected || expected == 0 {
            let shape = [nx, ny, nz, components];
            return Err(StatisticsError::Length {
                found,
                expected,
                shape,
            });
        }
        self.check_heights(ny)
    }

    fn check_heights(&self, found: usize) -> Result<(), StatisticsError> {
        let expected = self.planes.len();
        if found == expected {
            Ok(())
        } else {
            Err(StatisticsError::Heights { found, expected })
        }
    }

    /// Joins what `other` gathered.
    ///
    /// # Errors
    /// [`StatisticsError::Heights`] if the two have different numbers of points along y.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatisticsError> {
        self.check_heights(other.planes.len())?;
        if other.count > 0.0 {
            for (own, others) in self.planes.iter_mut().zip(&other.planes) {
                own.join(self.count, others, other.count);
            }
        }
        self.count += other.count;
        self.snapshots += other.snapshots;
        Ok(())
    }

    /// The profiles so far (zeros if nothing was added).
    pub fn profiles(&self) -> Profiles {
        let count = self.count.max(1.0);
        let line = |f: &dyn Fn(&Plane) -> f64| self.planes.iter().map(f).collect::<Vec<_>>();
        Profiles {
            mean: std::array::from_fn(|c| line(&|p| p.mean[c])),
            rms: std::array::from_fn(|c| line(&|p| (p.squares[c] / count).sqrt())),
            shear_stress: line(&|p| p.product / count),
        }
    }
}

impl Profiles {
    /// The same profiles in wall units: velocities over `u_tau`, stress over its square. A flow of this crate's solver under
    /// the constant pressure gradient has u_tau = 1 in the mean.
    pub fn in_wall_units(&self, u_tau: f64) -> Self {
        let over = |lines: &[Vec<f64>; 3]| -> [Vec<f64>; 3] {
            std::array::from_fn(|c| lines[c].iter().map(|u| u / u_tau).collect())
        };
        Self {
            mean: over(&self.mean),
            rms: over(&self.rms),
            shear_stress: self
                .shear_stress
                .iter()
                .map(|s| s / (u_tau * u_tau))
                .collect(),
        }
    }

    /// Bulk velocity: the mean of U over the points `y`, by the trapezoidal rule.
    pub fn bulk_velocity(&self, y: &[f64]) -> f64 {
        let u = &self.mean[0];
        let (mut area, mut width) = (0.0, 0.0);
        for (y, u) in y.windows(2).zip(u.windows(2)) {
            width += y[1] - y[0];
            area += 0.5 * (y[1] - y[0]) * (u[0] + u[1]);
        }
        if width > 0.0 { area / width } else { 0.0 }
    }

    /// The mean of both halves of the channel, as the flow between equal walls has them: v and the shear stress change sign
    /// on reflection. The rms is joined as mean squares.
    pub fn symmetrized(&self) -> Self {
        let fold = |line: &[f64], sign: f64| -> Vec<f64> {
            line.iter()
                .zip(line.iter().rev())
                .map(|(a, b)| 0.5 * (a + sign * b))
                .collect()
        };
        let squares = |line: &[f64]| -> Vec<f64> {
            line.iter()
                .zip(line.iter().rev())
                .map(|(a, b)| (0.5 * (a * a + b * b)).sqrt())
                .collect()
        };
        let [u, v, w] = &self.mean;
        Self {
            mean: [fold(u, 1.0), fold(v, -1.0), fold(w, 1.0)],
            rms: std::array::from_fn(|c| squares(&self.rms[c])),
            shear_stress: fold(&self.shear_stress, -1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn streamed_and_merged_profiles_are_those_of_all_points(
            values in prop::collection::vec(-5.0f32..20.0, 3 * 4 * 2 * 3 * 5), split in 0usize..5
        ) {
            let grid = [4, 3, 2];
            let size = 4 * 3 * 2 * 3;
            let mut parts = [ProfileStatistics::new(3), ProfileStatistics::new(3)];
            for (s, snapshot) in values.chunks(size).enumerate() {
                parts[usize::from(s >= split)].add(snapshot, grid, 3).unwrap();
            }
            let [mut all, rest] = parts;
            all.merge(&rest).unwrap();
            prop_assert_eq!(all.snapshots, 5);
            let profiles = all.profiles();
            for j in 0..3 {
                let points: Vec<[f64; 3]> = values
                    .chunks(3)
                    .enumerate()
                    .filter(|(p, _)| (p / 2) % 3 == j)
                    .map(|(_, v)| [v[0].into(), v[1].into(), v[2].into()])
                    .collect();
                let n = points.len() as f64;
                let mean = |c: usize| points.iter().map(|p| p[c]).sum::<f64>() / n;
                let covariance = |a: usize, b: usize| {
                    points.iter().map(|p| (p[a] - mean(a)) * (p[b] - mean(b))).sum::<f64>() / n
                };
                for c in 0..3 {
                    prop_assert!((profiles.mean[c][j] - mean(c)).abs() < 1e-9);
                    prop_assert!((profiles.rms[c][j] - covariance(c, c).sqrt()).abs() < 1e-9);
                }
                prop_assert!((profiles.shear_stress[j] - covariance(0, 1)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_leaves_no_trace() {
        let mut statistics = ProfileStatistics::new(3);
        let fresh = statistics.clone();
        let refused = [
            (
                statistics.add(&[0.0_f32; 71], [4, 3, 2], 3),
                "found 71 numbers, expected 72",
            ),
            (
                statistics.add(&[0.0_f32; 48], [4, 3, 2], 2),
                "found 2 components",
            ),
            (
                statistics.add(&[0.0_f32; 48], [4, 2, 2], 3),
                "found 2 points along y, expected the 3",
            ),
            (statistics.add::<f64>(&[], [0, 3, 2], 3), "found 0 numbers"),
            (
                statistics.merge(&ProfileStatistics::new(5)),
                "found 5 points along y",
            ),
        ];
        for (result, message) in refused {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        let mut broken = [0.0_f64; 72];
        broken[71] = f64::NAN;
        let error = statistics.add(&broken, [4, 3, 2], 3);
        assert_eq!(error, Err(StatisticsError::NonFinite { plane: 2 }));
        assert_eq!(statistics, fresh);
    }

    #[test]
    fn wall_units_and_the_mirror_do_what_they_say() {
        let mut statistics = ProfileStatistics::new(3);
        // u, v, w of two points at three heights: fluctuations +-1 in u and v, opposite below the upper wall.
        let point = |s: f64| [[2.0 + s, s, 0.0], [8.0, 0.0, 0.0], [4.0 + s, -s, 0.0]];
        let snapshot: Vec<f64> = [1.0, -1.0].into_iter().flat_map(point).flatten().collect();
        statistics.add(&snapshot, [2, 3, 1], 3).unwrap();
        let profiles = statistics.profiles().symmetrized().in_wall_units(2.0);
        assert_eq!(profiles.mean[0], [1.5, 4.0, 1.5]);
        assert_eq!(profiles.rms[1], [0.5, 0.0, 0.5]);
        assert_eq!(profiles.shear_stress, [0.25, 0.0, -0.25]);
        assert_eq!(profiles.bulk_velocity(&[0.0, 1.0, 2.0]), 2.75);
    }
}
