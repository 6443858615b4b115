//! Principal components of cells, for pictures: the eigenvectors of the covariance of genes (Pearson 1901, Hotelling 1933), by way of
//! the smaller of the two Gram matrices of the centred values, which have the same eigenvalues.

use nalgebra::DMatrix;

/// The directions in which cells vary most.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalComponents {
    mean: Vec<f64>,
    /// `[genes]` a component; the entry of the largest magnitude is positive.
    axes: Vec<Vec<f64>>,
}

impl PrincipalComponents {
    /// The first `count` components of `cells`, `[cells, genes]`, or as many as there are; none without cells or genes.
    pub fn new(cells: &[f64], genes: usize, count: usize) -> Self {
        let n = cells.len().checked_div(genes).unwrap_or(0);
        if n == 0 {
            return Self {
                mean: vec![0.0; genes],
                axes: Vec::new(),
            };
        }
        let mut mean = vec![0.0; genes];
        for cell in cells.chunks_exact(genes) {
            mean.iter_mut()
                .zip(cell)
                .for_each(|(mean, value)| *mean += value / n as f64);
        }
        let centred =
            DMatrix::from_fn(n, genes, |row, gene| cells[row * genes + gene] - mean[gene]);
        let is_wide = genes > n;
        let product = match is_wide {
            true => &centred * centred.transpose(),
            false => centred.transpose() * &centred,
        };
        let eigen = product.symmetric_eigen();
        let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
        order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
        let axis = |place: &usize| {
            let vector = eigen.eigenvectors.column(*place).into_owned();
            let vector = if is_wide {
                centred.transpose() * vector
            } else {
                vector
            };
            let length = vector.norm().max(f64::MIN_POSITIVE);
            let largest = vector
                .iter()
                .fold(0.0_f64, |m, v| if v.abs() > m.abs() { *v } else { m });
            let factor = if largest < 0.0 { -1.0 } else { 1.0 } / length;
            vector.iter().map(|v| v * factor).collect()
        };
        Self {
            axes: order.iter().take(count).map(axis).collect(),
            mean,
        }
    }

    /// Where a cell, `[genes]`, is along a component, in the units of its values; 0 along one that there is not.
    pub fn along(&self, component: usize, cell: &[f64]) -> f64 {
        let Some(axis) = self.axes.get(component) else {
            return 0.0;
        };
        cell.iter()
            .zip(&self.mean)
            .zip(axis)
            .map(|((v, mean), a)| (v - mean) * a)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_components() {
        for found in [
            PrincipalComponents::new(&[], 3, 2),
            PrincipalComponents::new(&[], 0, 2),
        ] {
            assert_eq!(found.along(0, &[1.0, 2.0, 3.0]), 0.0);
        }
    }

    #[test]
    fn cells_on_a_line_lie_along_the_first_component() {
        // Five cells of three genes along (2, 1, -2), by both ways of computing.
        let cells: Vec<f64> = (0..5)
            .flat_map(|i| [2.0, 1.0, -2.0].map(|d| 1.0 + d * f64::from(i)))
            .collect();
        for cells in [&cells[..], &cells[..6]] {
            let found = PrincipalComponents::new(cells, 3, 2);
            let step = found.along(0, &cells[3..6]) - found.along(0, &cells[..3]);
            assert!((step.abs() - 3.0).abs() < 1e-9, "{step}");
            let aside = found.along(1, &cells[3..6]) - found.along(1, &cells[..3]);
            assert!(aside.abs() < 1e-6);
        }
    }
}
