//! Moments of one plane's velocity, in one pass over its snapshots, and joined.

use serde::{Deserialize, Serialize};

/// Independent partial sums, so that the processor need not wait for one addition before the next.
const LANES: usize = 8;

/// Velocities whose fourth powers can be summed up: far beyond any flow, and beyond float32.
const LARGEST: f64 = 1e60;

/// Mean and sums of the second, third and fourth powers of the deviations from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    pub mean: f64,
    /// Sums of (v - mean)^2, (v - mean)^3, (v - mean)^4.
    pub sums: [f64; 3],
}

impl Moments {
    /// Moments of `values`, which become their deviations from the mean.
    pub fn take(values: &mut [f64]) -> Self {
        let [total] = lane_sums(values, |v| [v]);
        let mean = total / values.len().max(1) as f64;
        for value in values.iter_mut() {
            *value -= mean;
        }
        let sums = lane_sums(values, |v| {
            let square = v * v;
            [square, square * v, square * square]
        });
        Self { mean, sums }
    }

    /// Joins `others` values with moments `other` to the `own` values of these (Pébay 2008, SAND2008-6212, eqs. 3.1 to
    /// 3.4, after Chan, Golub & LeVeque 1983).
    pub fn join(&mut self, own: f64, other: &Self, others: f64) {
        let total = own + others;
        let gap = other.mean - self.mean;
        let (a, b) = (own / total, others / total);
        let [a2, a3, a4] = self.sums;
        let [b2, b3, b4] = other.sums;
        let cross = gap * gap * own * b;
        self.mean += gap * b;
        self.sums = [
            a2 + b2 + cross,
            a3 + b3 + gap * (cross * (a - b) + 3.0 * (a * b2 - b * a2)),
            a4 + b4
                + gap
                    * (gap * (cross * (a * a - a * b + b * b) + 6.0 * (a * a * b2 + b * b * a2))
                        + 4.0 * (a * b3 - b * a3)),
        ];
    }

    fn is_bounded(&self) -> bool {
        self.mean.abs() <= LARGEST && self.sums.iter().all(|s| s.abs() <= LARGEST.powi(4))
    }
}

/// Moments of u, v, w on one plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlaneMoments {
    pub components: [Moments; 3],
    /// Sum of the products of the deviations of u and v.
    pub product: f64,
}

impl PlaneMoments {
    /// Moments of a plane of u, v, w, which become their deviations from the mean.
    pub fn take(velocity: &mut [Vec<f64>; 3]) -> Self {
        let components = velocity.each_mut().map(|values| Moments::take(values));
        let [u, v, _] = velocity;
        Self {
            components,
            product: product_sum(u, v),
        }
    }

    /// The moments of a single velocity.
    pub fn of_one(velocity: [f64; 3]) -> Self {
        Self {
            components: velocity.map(|mean| Moments {
                mean,
                sums: [0.0; 3],
            }),
            product: 0.0,
        }
    }

    /// Means of u, v, w.
    pub fn means(&self) -> [f64; 3] {
        self.components.map(|c| c.mean)
    }

    /// Sums of the squared deviations of u, v, w.
    pub fn squares(&self) -> [f64; 3] {
        self.components.map(|c| c.sums[0])
    }

    /// Whether all are numbers, and small enough for those of any number of snapshots to stay numbers.
    pub fn is_bounded(&self) -> bool {
        // The product is no larger than the squares.
        self.components.iter().all(Moments::is_bounded)
    }

    /// Joins the moments of `others` velocities to these of `own` ones.
    pub fn join(&mut self, own: f64, other: &Self, others: f64) {
        let gap = |c: usize| other.components[c].mean - self.components[c].mean;
        self.product += other.product + gap(0) * gap(1) * own * others / (own + others);
        for (component, other) in self.components.iter_mut().zip(&other.components) {
            component.join(own, other, others);
        }
    }
}

/// Sums over all values of what `terms` makes of each.
fn lane_sums<const N: usize>(values: &[f64], terms: impl Fn(f64) -> [f64; N]) -> [f64; N] {
    let mut lanes = [[0.0; LANES]; N];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in chunk.iter().enumerate() {
            for (sum, term) in lanes.iter_mut().zip(terms(*value)) {
                sum[lane] += term;
            }
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        for (sum, term) in lanes.iter_mut().zip(terms(*value)) {
            sum[lane] += term;
        }
    }
    lanes.map(|sums| sums.iter().sum())
}

fn product_sum(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sums of powers of the deviations, straight from their definition.
    fn direct(values: &[f64]) -> [f64; 4] {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let power = |p: i32| values.iter().map(|v| (v - mean).powi(p)).sum::<f64>();
        [mean, power(2), power(3), power(4)]
    }

    proptest! {
        #[test]
        fn joined_moments_are_those_of_all_values(
            values in prop::collection::vec(-5.0..20.0_f64, 2..60), at in 0.0..1.0_f64
        ) {
            let cut = 1 + (at * (values.len() - 1) as f64) as usize;
            let (first, second) = values.split_at(cut.min(values.len() - 1));
            let mut joined = Moments::take(&mut first.to_vec());
            joined.join(first.len() as f64, &Moments::take(&mut second.to_vec()), second.len() as f64);
            let [mean, sums @ ..] = direct(&values);
            prop_assert!((joined.mean - mean).abs() < 1e-12 * 20.0);
            for (order, (found, exact)) in joined.sums.into_iter().zip(sums).enumerate() {
                let scale = 25.0_f64.powi(order as i32 + 2) * values.len() as f64;
                prop_assert!((found - exact).abs() < 1e-12 * scale, "{found} {exact}");
            }
        }
    }

    #[test]
    fn joining_to_nothing_gives_the_other() {
        let moments = Moments::take(&mut [1.0, 2.0, 4.0]);
        let mut empty = Moments::default();
        empty.join(0.0, &moments, 3.0);
        assert_eq!(empty, moments);
    }
}
