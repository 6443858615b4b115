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
    Reference::new(second, genes).mmd_squared(first)
}

/// The sample that others are compared with; what depends on it alone is computed once.
pub(crate) struct Reference<'a> {
    cells: &'a [f64],
    genes: usize,
    /// Rates of the kernels in the squared distance; nothing for fewer than two cells.
    rates: Option<[f64; 4]>,
    within: f64,
}

impl<'a> Reference<'a> {
    pub(crate) fn new(cells: &'a [f64], genes: usize) -> Self {
        assert!(cells.len().is_multiple_of(genes));
        let count = cells.len() / genes;
        let mut this = Self {
            cells,
            genes,
            rates: None,
            within: f64::NAN,
        };
        if count > 1 {
            let squares = squared_distances(cells, cells, genes);
            let mut apart: Vec<f64> = off_diagonal(&squares, count).collect();
            let middle = (apart.len() - 1) / 2;
            let (_, median, _) = apart.select_nth_unstable_by(middle, f64::total_cmp);
            let rates = FACTORS.map(|factor| -0.5 / (factor * median.max(f64::MIN_POSITIVE)));
            this.within = mean_within(&squares, count, rates);
            this.rates = Some(rates);
        }
        this
    }

    pub(crate) fn mmd_squared(&self, cells: &[f64]) -> f64 {
        assert!(cells.len().is_multiple_of(self.genes));
        let count = cells.len() / self.genes;
        let Some(rates) = self.rates.filter(|_| count > 1) else {
            return f64::NAN;
        };
        let across = squared_distances(cells, self.cells, self.genes);
        let mean_across =
            across.iter().map(|s| kernel(*s, rates)).sum::<f64>() / across.len() as f64;
        let squares = squared_distances(cells, cells, self.genes);
        mean_within(&squares, count, rates) + self.within - 2.0 * mean_across
    }
}

fn kernel(square: f64, rates: [f64; 4]) -> f64 {
    rates.iter().map(|rate| (rate * square).exp()).sum::<f64>() / 4.0
}

fn mean_within(squares: &[f64], count: usize, rates: [f64; 4]) -> f64 {
    let kernels = off_diagonal(squares, count).map(|square| kernel(square, rates));
    kernels.sum::<f64>() / (count * (count - 1)) as f64
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
