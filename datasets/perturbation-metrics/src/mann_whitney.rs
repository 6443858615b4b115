//! The rank test of Mann and Whitney (1947), or Wilcoxon.

/// The outcome of a test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// The statistic U of the first sample.
    pub statistic: f64,
    /// Two-sided, by the normal approximation with corrections for ties and continuity.
    pub p_value: f64,
}

/// Tests whether two samples come from one distribution. Each is given by its values that are not zero, ascending, and its size
/// with the zeros: what single cells mostly hold is not sorted.
///
/// As `scipy.stats.mannwhitneyu(method="asymptotic")`; where all values are the same the p-value is 1.
///
/// # Panics
/// If a sample has more values than its size.
pub fn mann_whitney(first: (&[f32], usize), second: (&[f32], usize)) -> MannWhitney {
    let ((a, n_a), (b, n_b)) = (first, second);
    let (zeros_a, zeros_b) = (n_a - a.len(), n_b - b.len());
    let (mut i, mut j) = (0, 0);
    // Sums over the groups of equal values, ascending: the first sample's ranks, and t^3 - t of their sizes.
    let (mut before, mut rank_sum, mut ties) = (0.0, 0.0, 0.0);
    let mut zeros_left = zeros_a + zeros_b > 0;
    while i < a.len() || j < b.len() || zeros_left {
        let next = |sample: &[f32], at: usize| sample.get(at).copied().unwrap_or(f32::INFINITY);
        let value = next(a, i).min(next(b, j));
        let (mut of_a, mut of_b) = (0, 0);
        if zeros_left && value > 0.0 {
            (of_a, of_b, zeros_left) = (zeros_a, zeros_b, false);
        } else {
            while i < a.len() && a[i] == value {
                (i, of_a) = (i + 1, of_a + 1);
            }
            while j < b.len() && b[j] == value {
                (j, of_b) = (j + 1, of_b + 1);
            }
        }
        let count = (of_a + of_b) as f64;
        rank_sum += of_a as f64 * (before + 0.5 * (count + 1.0));
        ties += count * count * count - count;
        before += count;
    }
    outcome(rank_sum, n_a as f64, n_b as f64, ties)
}

fn outcome(rank_sum: f64, n_a: f64, n_b: f64, ties: f64) -> MannWhitney {
    let n = n_a + n_b;
    let statistic = rank_sum - 0.5 * n_a * (n_a + 1.0);
    let larger = statistic.max(n_a * n_b - statistic);
    let variance = n_a * n_b / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
    if variance.is_nan() || variance <= 0.0 {
        return MannWhitney {
            statistic,
            p_value: 1.0,
        };
    }
    let z = (larger - 0.5 * n_a * n_b - 0.5) / variance.sqrt();
    let p_value = libm::erfc(z / std::f64::consts::SQRT_2).clamp(0.0, 1.0);
    MannWhitney { statistic, p_value }
}

/// False discovery rates of p-values (Benjamini & Hochberg 1995).
pub(crate) fn false_discovery_rates(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut rates = vec![0.0; count];
    let mut least = 1.0_f64;
    for (rank, gene) in order.iter().enumerate().rev() {
        least = least.min(p_values[*gene] * count as f64 / (rank + 1) as f64);
        rates[*gene] = least;
    }
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `scipy.stats.mannwhitneyu(x, y, method="asymptotic")`, SciPy 1.17.
    #[test]
    fn agrees_with_scipy() {
        let x = (&[0.5_f32, 1.0, 1.0, 2.0, 3.5][..], 7);
        let y = (&[0.25_f32, 1.0, 4.0][..], 9);
        let found = mann_whitney(x, y);
        assert_eq!(found.statistic, 44.0);
        assert!(
            (found.p_value - 0.173_402_177_352_927_5).abs() < 1e-12,
            "{}",
            found.p_value
        );
        let same = mann_whitney((&[], 4), (&[], 6));
        assert_eq!((same.statistic, same.p_value), (12.0, 1.0));
        let apart = mann_whitney((&[1.0, 2.0, 3.0], 3), (&[-3.0, -2.0, -1.0], 3));
        assert_eq!(apart.statistic, 9.0);
        assert!((apart.p_value - 0.080_855_598_370_050_72).abs() < 1e-12);
    }

    /// The statistic counts pairs.
    #[test]
    fn the_statistic_is_the_number_of_pairs_won() {
        let a = [-1.0_f32, 0.5, 0.5, 2.0];
        let b = [-2.0_f32, 0.5, 1.0];
        let (n_a, n_b) = (6, 4);
        let with_zeros = |values: &[f32], n: usize| {
            let mut all = values.to_vec();
            all.resize(n, 0.0);
            all
        };
        let mut won = 0.0;
        for x in with_zeros(&a, n_a) {
            for y in with_zeros(&b, n_b) {
                won += if x > y {
                    1.0
                } else if x == y {
                    0.5
                } else {
                    0.0
                };
            }
        }
        assert_eq!(mann_whitney((&a, n_a), (&b, n_b)).statistic, won);
    }

    #[test]
    fn rates_never_fall_along_the_p_values() {
        let rates = false_discovery_rates(&[0.01, 0.04, 0.03, 0.5]);
        let expected = [0.04, 0.16 / 3.0, 0.16 / 3.0, 0.5];
        assert!(
            rates
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-12),
            "{rates:?}"
        );
    }
}
