//! Maximum mean discrepancy of two samples of cells.

use crate::energy::product;

/// Squared bandwidths in units of the median squared distance: those of scDFM's loss (arXiv 2602.07103).
const FACTORS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

/// Squared maximum mean discrepancy (Gretton et al. 2012, equation 3: unbiased) between cells, `[cells, genes]`, with the mean of
/// four Gaussian kernels whose bandwidths follow the second sample's median squared distance. Not a metric of cell-eval.
///
/// Not a number for fewer than two cells in a sample.
///
/// # Panics
/// If the values are no whole cells.
pub fn mmd_squared(first: &[f64], second: &[f64], genes: usize) -> f64 {
    assert!(first.len().is_multiple_of(genes) && second.len().is_multiple_of(genes));
    let (n, m) = (first.len() / genes, second.len() / genes);
    if n < 2 || m < 2 {
        return f64::NAN;
    }
    let within = squared_distances(second, second, genes);
    let mut apart: Vec<f64> = off_diagonal(&within, m).collect();
    let middle = (apart.len() - 1) / 2;
    let (_, median, _) = apart.select_nth_unstable_by(middle, f64::total_cmp);
    let rates = FACTORS.map(|factor| -0.5 / (factor * median.max(f64::MIN_POSITIVE)));
    let kernel = |square: f64| rates.iter().map(|r| (r * square).exp()).sum::<f64>() / 4.0;
    let mean_within = |squares: &[f64], n: usize| {
        off_diagonal(squares, n).map(kernel).sum::<f64>() / (n * (n - 1)) as f64
    };
    let across = squared_distances(first, second, genes);
    let mean_across = across.iter().map(|s| kernel(*s)).sum::<f64>() / (n * m) as f64;
    mean_within(&squared_distances(first, first, genes), n) + mean_within(&within, m)
        - 2.0 * mean_across
}

fn off_diagonal(squares: &[f64], n: usize) -> impl Iterator<Item = f64> + '_ {
    let all = squares.iter().enumerate();
    all.filter(move |(i, _)| i / n != i % n)
        .map(|(_, square)| *square)
}

fn squared_distances(a: &[f64], b: &[f64], genes: usize) -> Vec<f64> {
    let lengths = |x: &[f64]| -> Vec<f64> {
        x.chunks_exact(genes)
            .map(|cell| cell.iter().map(|v| v * v).sum())
            .collect()
    };
    let (of_a, of_b) = (lengths(a), lengths(b));
    let mut squares = vec![0.0; of_a.len() * of_b.len()];
    product(a, b, [of_a.len(), genes, of_b.len()], &mut squares);
    for (i, line) in squares.chunks_exact_mut(of_b.len()).enumerate() {
        for (product, length) in line.iter_mut().zip(&of_b) {
            *product = (of_a[i] + length - 2.0 * *product).max(0.0);
        }
    }
    squares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(count: usize, shift: f64) -> Vec<f64> {
        (0..count * 3)
            .map(|i| ((i * 37 % 101) as f64 / 50.0).sin() + shift)
            .collect()
    }

    #[test]
    fn grows_with_the_distance_of_the_samples() {
        let reference = sample(40, 0.0);
        let at = |shift| mmd_squared(&sample(30, shift), &reference, 3);
        assert!(at(0.0).abs() < 0.05, "{}", at(0.0));
        assert!(at(0.5) > at(0.0) && at(2.0) > at(0.5));
        // Far apart only the kernels within the samples are left.
        assert!(at(1e3) > 0.3);
        assert!(mmd_squared(&sample(1, 0.0), &reference, 3).is_nan());
    }
}
