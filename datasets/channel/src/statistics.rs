//! Wall-normal profiles of flow fields, gathered as snapshots go by: of simulations and of rollouts alike.

use serde::{Deserialize, Serialize};

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

    fn join(&mut self, own: f64, other: &Self, others: f64) {
        let total = own + others;
        let weight = own * others / total;
        let gap: [f64; 3] = std::array::from_fn(|c| other.mean[c] - self.mean[c]);
        for c in 0..3 {
            self.squares[c] += other.squares[c] + gap[c] * gap[c] * weight;
            self.mean[c] += gap[c] * others / total;
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
    /// # Panics
    /// If `velocity` is shorter than `grid` and `components` say, or `grid`'s ny is not the one given to `new`.
    pub fn add(&mut self, velocity: &[f32], grid: [usize; 3], components: usize) {
        let [nx, ny, nz] = grid;
        assert!(
            components >= 3 && velocity.len() >= nx * ny * nz * components,
            "snapshot shorter than its shape"
        );
        assert_eq!(ny, self.planes.len(), "number of points along y");
        let planes = (0..ny)
            .map(|j| {
                let points = (0..nx)
                    .flat_map(move |i| (0..nz).map(move |k| ((i * ny + j) * nz + k) * components));
                Plane::of(points.map(|p| std::array::from_fn(|c| f64::from(velocity[p + c]))))
            })
            .collect::<Vec<_>>();
        let others = (nx * nz) as f64;
        for (own, (_, other)) in self.planes.iter_mut().zip(&planes) {
            own.join(self.count, other, others);
        }
        self.count += others;
        self.snapshots += 1;
    }

    /// Joins what `other` gathered.
    ///
    /// # Panics
    /// If the two have different numbers of points along y.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            self.planes.len(),
            other.planes.len(),
            "number of points along y"
        );
        if other.count > 0.0 {
            for (own, others) in self.planes.iter_mut().zip(&other.planes) {
                own.join(self.count, others, other.count);
            }
        }
        self.count += other.count;
        self.snapshots += other.snapshots;
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
                parts[usize::from(s >= split)].add(snapshot, grid, 3);
            }
            let [mut all, rest] = parts;
            all.merge(&rest);
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
}
