//! What results sum up to.

use std::path::Path;

use crate::MetricsError;
use crate::results::{Metric, Results, write_table};

/// Statistics of a metric over the perturbations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregate {
    /// Perturbations with a value.
    pub count: usize,
    /// Perturbations without.
    pub null_count: usize,
    /// Mean; none without values.
    pub mean: Option<f64>,
    /// Standard deviation of the sample; none for fewer than two values.
    pub std: Option<f64>,
    /// Smallest, quartiles (the nearest value) and largest.
    pub quartiles: [Option<f64>; 5],
}

impl Aggregate {
    fn of(values: &[Option<f64>]) -> Self {
        let mut known: Vec<f64> = values.iter().copied().flatten().collect();
        let count = known.len();
        let mean = known.iter().sum::<f64>() / count as f64;
        let squares: f64 = known.iter().map(|v| (v - mean).powi(2)).sum();
        // What is not a number is the largest.
        known.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
        let at = |share: f64| {
            known
                .get((share * (count.max(1) - 1) as f64).round() as usize)
                .copied()
        };
        Self {
            count,
            null_count: values.len() - count,
            mean: (count > 0).then_some(mean),
            std: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()),
            quartiles: [0.0, 0.25, 0.5, 0.75, 1.0].map(at),
        }
    }
}

impl Results {
    /// Statistics of a metric.
    pub fn aggregate(&self, metric: Metric) -> Aggregate {
        Aggregate::of(self.values(metric))
    }

    /// Writes `agg_results.csv`: a row a statistic.
    ///
    /// # Errors
    /// [`MetricsError::Write`] naming the file.
    pub fn write_aggregate_csv(&self, path: &Path) -> Result<(), MetricsError> {
        let all: Vec<Aggregate> = Metric::all()
            .into_iter()
            .map(|m| self.aggregate(m))
            .collect();
        type Pick = fn(&Aggregate) -> Option<f64>;
        let statistics: [(&str, Pick); 9] = [
            ("count", |a| Some(a.count as f64)),
            ("null_count", |a| Some(a.null_count as f64)),
            ("mean", |a| a.mean),
            ("std", |a| a.std),
            ("min", |a| a.quartiles[0]),
            ("25%", |a| a.quartiles[1]),
            ("50%", |a| a.quartiles[2]),
            ("75%", |a| a.quartiles[3]),
            ("max", |a| a.quartiles[4]),
        ];
        let rows = statistics
            .into_iter()
            .map(|(name, pick)| (name.to_owned(), all.iter().map(pick).collect()));
        write_table(path, "statistic", rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_is_the_largest_whatever_its_sign() {
        for missing in [f64::NAN, -f64::NAN] {
            let found = Aggregate::of(&[Some(2.0), Some(missing), Some(1.0), None]);
            assert_eq!((found.count, found.null_count), (3, 1));
            assert_eq!(found.quartiles[0], Some(1.0));
            assert_eq!(found.quartiles[2], Some(2.0));
            assert!(found.quartiles[4].unwrap().is_nan() && found.mean.unwrap().is_nan());
        }
    }
}
