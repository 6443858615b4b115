//! Mean and scatter of fields, in one pass.

use serde::{Deserialize, Serialize};

/// Mean and standard deviation of each component over points and snapshots, in the units of the field.
///
/// Filled piece by piece; pieces counted apart may be merged (Chan, Golub and LeVeque), so that neither long series nor large
/// means cost accuracy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldStatistics {
    /// Mean of each component.
    pub mean: Vec<f64>,
    /// Unbiased standard deviation of each component; 0 for a single value.
    pub std: Vec<f64>,
    /// Number of values of each component.
    pub count: u64,
}

impl FieldStatistics {
    /// Nothing counted yet, for this many components: mean and deviation 0.
    pub fn new(components: usize) -> Self {
        Self {
            mean: vec![0.0; components],
            std: vec![0.0; components],
            count: 0,
        }
    }

    /// Counts values whose fastest axis is the component, such as `[x, y, z, component]`.
    ///
    /// # Panics
    /// If the number of values is no multiple of the number of components.
    pub fn add(&mut self, values: &[f32]) {
        let components = self.mean.len();
        if values.is_empty() {
            return;
        }
        assert!(
            components > 0 && values.len().is_multiple_of(components),
            "whole points"
        );
        let points = (values.len() / components) as f64;
        let mut piece = Self::new(components);
        piece.count = (values.len() / components) as u64;
        for point in values.chunks_exact(components) {
            for (mean, value) in piece.mean.iter_mut().zip(point) {
                *mean += f64::from(*value);
            }
        }
        piece.mean.iter_mut().for_each(|mean| *mean /= points);
        let mut squares = vec![0.0; components];
        for point in values.chunks_exact(components) {
            for ((square, mean), value) in squares.iter_mut().zip(&piece.mean).zip(point) {
                *square += (f64::from(*value) - mean).powi(2);
            }
        }
        piece.set_std(&squares);
        self.merge(&piece);
    }

    /// Sum of the squared distances to the mean.
    fn squares(&self, component: usize) -> f64 {
        self.std[component].powi(2) * (self.count as f64 - 1.0).max(0.0)
    }

    fn set_std(&mut self, squares: &[f64]) {
        let free = (self.count as f64 - 1.0).max(1.0);
        for (std, square) in self.std.iter_mut().zip(squares) {
            *std = (square / free).sqrt();
        }
    }

    /// Counts the same values `times` times over, without reading them again.
    pub(crate) fn repeated(&self, times: u64) -> Self {
        let squares: Vec<f64> = (0..self.mean.len())
            .map(|c| self.squares(c) * times as f64)
            .collect();
        let mut all = Self {
            count: self.count * times,
            ..self.clone()
        };
        all.set_std(&squares);
        all
    }

    /// Adds what another one counted.
    ///
    /// # Panics
    /// If it has another number of components.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.mean.len(), other.mean.len(), "number of components");
        if other.count == 0 {
            return;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let total = n + m;
        let mut squares = vec![0.0; self.mean.len()];
        for (c, square) in squares.iter_mut().enumerate() {
            let distance = other.mean[c] - self.mean[c];
            *square = self.squares(c) + other.squares(c) + distance * distance * n * m / total;
            self.mean[c] += distance * m / total;
        }
        self.count += other.count;
        self.set_std(&squares);
    }

    /// Mean of each component.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Unbiased standard deviation of each component.
    pub fn std(&self) -> &[f64] {
        &self.std
    }
}

/// Smallest and largest change, from one snapshot to the next, of the sum over the grid of a component's square.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EnergyChange {
    /// Smallest change: the most negative, if any is.
    pub min: f64,
    /// Largest change.
    pub max: f64,
}

impl Default for EnergyChange {
    /// No change seen yet: an empty range, `min` above `max`.
    fn default() -> Self {
        Self {
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl EnergyChange {
    /// Counts a change.
    pub fn add(&mut self, change: f64) {
        self.min = self.min.min(change);
        self.max = self.max.max(change);
    }
}

/// Sum over the grid of each component's square.
pub(crate) fn energy(snapshot: &[f32], components: usize) -> Vec<f64> {
    let mut sums = vec![0.0; components];
    for point in snapshot.chunks_exact(components) {
        for (sum, value) in sums.iter_mut().zip(point) {
            *sum += f64::from(*value).powi(2);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn direct(values: &[f32], components: usize, c: usize) -> (f64, f64) {
        let all: Vec<f64> = values
            .iter()
            .skip(c)
            .step_by(components)
            .map(|v| f64::from(*v))
            .collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let squares: f64 = all.iter().map(|v| (v - mean).powi(2)).sum();
        (
            mean,
            if all.len() > 1 {
                (squares / (all.len() - 1) as f64).sqrt()
            } else {
                0.0
            },
        )
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(
            values in prop::collection::vec(-1e3f32..1e3, 1..60),
            shift in prop::sample::select(vec![0.0f32, 1e4]),
            cut in 0usize..60,
        ) {
            let mut values: Vec<f32> = values.iter().map(|v| v + shift).collect();
            values.truncate((values.len() / 3).max(1) * 3);
            while !values.len().is_multiple_of(3) {
                values.push(1.0);
            }
            let cut = (cut / 3 * 3).min(values.len());
            let (mut first, mut second) = (FieldStatistics::new(3), FieldStatistics::new(3));
            first.add(&values[..cut]);
            second.add(&values[cut..]);
            first.merge(&second);
            prop_assert_eq!(first.count, values.len() as u64 / 3);
            for c in 0..3 {
                let (mean, std) = direct(&values, 3, c);
                prop_assert!((first.mean[c] - mean).abs() < 1e-9 * (1.0 + mean.abs()));
                prop_assert!((first.std[c] - std).abs() < 1e-7 * (1.0 + std));
            }
        }
    }

    #[test]
    fn repeated_values_count_as_often() {
        let values = [1.0, 2.0, 4.0];
        let (mut once, mut thrice) = (FieldStatistics::new(1), FieldStatistics::new(1));
        once.add(&values);
        (0..3).for_each(|_| thrice.add(&values));
        let repeated = once.repeated(3);
        assert_eq!(repeated.count, thrice.count);
        assert!((repeated.std[0] - thrice.std[0]).abs() < 1e-12);
    }

    #[test]
    fn energy_is_summed_by_component() {
        assert_eq!(energy(&[1.0, 2.0, 3.0, 4.0], 2), vec![10.0, 20.0]);
        let mut change = EnergyChange::default();
        [3.0, -1.0].into_iter().for_each(|c| change.add(c));
        assert_eq!(
            change,
            EnergyChange {
                min: -1.0,
                max: 3.0
            }
        );
    }
}
