//! Profiles over y up to the fourth moments, in one pass and joined by the formulas of Pébay (Sandia report SAND2008-6212).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::StatisticsError;
use crate::grid::trapezoidal_weights;
use crate::moments::PlaneMoments;
use crate::plane::read_plane;
use crate::wall_units::WallUnits;

/// Fluctuations below this part of the largest rms anywhere are rounding errors, as at a solid wall, and have no shape.
const ROUND_OFF: f64 = 1e-10;

/// Moments of the velocity on each wall-parallel plane, over x, z, time and trajectories, up to the fourth: gathered in one
/// pass and joined by the formulas of Pébay (2008).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileStatistics {
    /// Snapshots seen.
    pub snapshots: u64,
    count: f64,
    planes: Vec<PlaneMoments>,
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
    /// Skewness and flatness; none where they were not gathered (files of version 1).
    pub shape: Option<ShapeFactors>,
}

/// Third and fourth moments over powers of the rms: 0 and 3 for a Gaussian. NaN where nothing fluctuates and they are not
/// defined, as at a solid wall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShapeFactors {
    /// <u_i'^3> / rms^3: `[component][y]`.
    pub skewness: [Vec<f64>; 3],
    /// <u_i'^4> / rms^4: `[component][y]`.
    pub flatness: [Vec<f64>; 3],
}

impl ProfileStatistics {
    /// Nothing gathered yet, for fields with `ny` points along y.
    pub fn new(ny: usize) -> Self {
        Self {
            snapshots: 0,
            count: 0.0,
            planes: vec![PlaneMoments::default(); ny],
        }
    }

    /// Adds one snapshot `[x, y, z, component]` with `grid` points and three or more components, the first three u, v, w.
    ///
    /// # Errors
    /// [`StatisticsError`] if the snapshot does not have that shape, these statistics have another number of points along
    /// y, or a velocity is not finite.
    pub fn add<T: Copy + Into<f64> + Sync>(
        &mut self,
        velocity: &[T],
        grid: [usize; 3],
        components: usize,
    ) -> Result<(), StatisticsError> {
        let [nx, ny, nz] = grid;
        self.check(velocity.len(), grid, components)?;
        let scratch = || [0; 3].map(|_| vec![0.0; nx * nz]);
        let planes: Vec<PlaneMoments> = (0..ny)
            .into_par_iter()
            .map_init(scratch, |plane, j| {
                read_plane(velocity, grid, components, j, plane);
                PlaneMoments::take(plane)
            })
            .collect();
        check_finite(planes.iter())?;
        self.join(planes.iter(), (nx * nz) as f64);
        Ok(())
    }

    /// Joins the moments of one snapshot, which has `count` points a plane.
    pub(crate) fn join<'a>(&mut self, planes: impl Iterator<Item = &'a PlaneMoments>, count: f64) {
        for (own, other) in self.planes.iter_mut().zip(planes) {
            own.join(self.count, other, count);
        }
        self.count += count;
        self.snapshots += 1;
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
        let shape = [nx, ny, nz, components];
        let expected = shape.iter().try_fold(1_usize, |n, p| n.checked_mul(*p));
        if expected != Some(found) || found == 0 {
            return Err(StatisticsError::Length {
                found,
                expected: expected.unwrap_or(usize::MAX),
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

    /// The profiles so far (zeros, and no shape factors that are defined, if nothing was added).
    pub fn profiles(&self) -> Profiles {
        let count = self.count.max(1.0);
        let line = |f: &dyn Fn(&PlaneMoments) -> f64| self.planes.iter().map(f).collect::<Vec<_>>();
        let rms: [Vec<f64>; 3] =
            std::array::from_fn(|c| line(&|p| (p.components[c].sums[0] / count).sqrt()));
        let largest = rms.iter().flatten().copied().fold(0.0, f64::max);
        let factor = |order: usize| -> [Vec<f64>; 3] {
            std::array::from_fn(|c| {
                let planes = self.planes.iter().zip(&rms[c]);
                let over = |(plane, rms): (&PlaneMoments, &f64)| {
                    if *rms > ROUND_OFF * largest {
                        plane.components[c].sums[order - 2] / (count * rms.powi(order as i32))
                    } else {
                        f64::NAN
                    }
                };
                planes.map(over).collect()
            })
        };
        Profiles {
            mean: std::array::from_fn(|c| line(&|p| p.components[c].mean)),
            shape: Some(ShapeFactors {
                skewness: factor(3),
                flatness: factor(4),
            }),
            rms,
            shear_stress: line(&|p| p.product / count),
        }
    }
}

/// Whether all moments of a snapshot are numbers that can be summed up.
pub(crate) fn check_finite<'a>(
    mut planes: impl Iterator<Item = &'a PlaneMoments>,
) -> Result<(), StatisticsError> {
    match planes.position(|plane| !plane.is_bounded()) {
        Some(plane) => Err(StatisticsError::NonFinite { plane }),
        None => Ok(()),
    }
}

impl Profiles {
    /// The same profiles in wall units: velocities over u_tau, stress over its square.
    pub fn in_wall_units(&self, units: &WallUnits) -> Self {
        let over = |lines: &[Vec<f64>; 3]| -> [Vec<f64>; 3] {
            std::array::from_fn(|c| lines[c].iter().map(|u| units.velocity(*u)).collect())
        };
        Self {
            mean: over(&self.mean),
            rms: over(&self.rms),
            shear_stress: self.shear_stress.iter().map(|s| units.stress(*s)).collect(),
            shape: self.shape.clone(),
        }
    }

    /// Bulk velocity: the mean of U over the points `y`, by the trapezoidal rule.
    pub fn bulk_velocity(&self, y: &[f64]) -> f64 {
        let weights = trapezoidal_weights(y);
        weights.iter().zip(&self.mean[0]).map(|(w, u)| w * u).sum()
    }

    /// The mean of both halves of the channel, as the flow between equal walls has them: v, the shear stress and the
    /// skewness of v change sign on reflection. The rms is joined as mean squares; skewness and flatness as plain means.
    pub fn symmetrized(&self) -> Self {
        let fold = |line: &[f64], sign: f64| -> Vec<f64> {
            let halves = line.iter().zip(line.iter().rev());
            halves.map(|(a, b)| 0.5 * (a + sign * b)).collect()
        };
        let squares = |line: &[f64]| -> Vec<f64> {
            let halves = line.iter().zip(line.iter().rev());
            halves
                .map(|(a, b)| (0.5 * (a * a + b * b)).sqrt())
                .collect()
        };
        let odd = |[u, v, w]: &[Vec<f64>; 3]| [fold(u, 1.0), fold(v, -1.0), fold(w, 1.0)];
        Self {
            mean: odd(&self.mean),
            rms: self.rms.each_ref().map(|line| squares(line)),
            shear_stress: fold(&self.shear_stress, -1.0),
            shape: self.shape.as_ref().map(|shape| ShapeFactors {
                skewness: odd(&shape.skewness),
                flatness: shape.flatness.each_ref().map(|line| fold(line, 1.0)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::RngExt;
    use rand::SeedableRng;
    use rand_distr::StandardNormal;

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
            let shape = profiles.shape.unwrap();
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
                let moment = |c: usize, p: i32| {
                    points.iter().map(|q| (q[c] - mean(c)).powi(p)).sum::<f64>() / n
                };
                for c in 0..3 {
                    let rms = covariance(c, c).sqrt();
                    prop_assert!((profiles.mean[c][j] - mean(c)).abs() < 1e-9);
                    prop_assert!((profiles.rms[c][j] - rms).abs() < 1e-9);
                    prop_assert!((shape.skewness[c][j] - moment(c, 3) / rms.powi(3)).abs() < 1e-9);
                    prop_assert!((shape.flatness[c][j] - moment(c, 4) / rms.powi(4)).abs() < 1e-9);
                }
                prop_assert!((profiles.shear_stress[j] - covariance(0, 1)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn gaussian_noise_has_no_skewness_and_a_flatness_of_three() {
        let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(1);
        let grid = [64, 2, 64];
        let mut statistics = ProfileStatistics::new(2);
        for _ in 0..16 {
            let snapshot: Vec<f64> = (0..64 * 2 * 64 * 3)
                .map(|_| 5.0 + 2.0 * random.sample::<f64, _>(StandardNormal))
                .collect();
            statistics.add(&snapshot, grid, 3).unwrap();
        }
        // Standard errors of 65536 independent values: sqrt(6/n) = 0.0096, sqrt(24/n) = 0.0191; four of them.
        let shape = statistics.profiles().shape.unwrap();
        for c in 0..3 {
            for j in 0..2 {
                assert!(shape.skewness[c][j].abs() < 0.04, "{:?}", shape.skewness);
                assert!(
                    (shape.flatness[c][j] - 3.0).abs() < 0.08,
                    "{:?}",
                    shape.flatness
                );
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
        let units = WallUnits::new(2.0, 1.0).unwrap();
        let profiles = statistics.profiles().symmetrized().in_wall_units(&units);
        assert_eq!(profiles.mean[0], [1.5, 4.0, 1.5]);
        assert_eq!(profiles.rms[1], [0.5, 0.0, 0.5]);
        assert_eq!(profiles.shear_stress, [0.25, 0.0, -0.25]);
        assert_eq!(profiles.bulk_velocity(&[0.0, 1.0, 2.0]), 2.75);
        let shape = profiles.shape.unwrap();
        assert_eq!((shape.flatness[0][0], shape.skewness[1][2]), (1.0, 0.0));
        // Nothing fluctuates in the middle, nor does w anywhere.
        assert!(shape.flatness[0][1].is_nan() && shape.skewness[2][0].is_nan());
    }
}
