//! Every gene of every perturbation against control.

use std::path::Path;

use rayon::prelude::*;

use crate::cells::Cells;
use crate::error::MetricsError;
use crate::mann_whitney::{MannWhitney, false_discovery_rates, mann_whitney};
use crate::table::write_csv;

/// The test of one gene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneTest {
    /// Geometric mean of 1 + counts over the perturbed cells, less 1.
    pub target_mean: f64,
    /// The same over the control cells.
    pub ref_mean: f64,
    /// Logarithm to base 2 of their ratio; 0 where both are 0, infinite where one is.
    pub log2_fold_change: f64,
    /// Their difference relative to control; 0 where both are 0.
    pub percent_change: f64,
    /// Of the Mann-Whitney test.
    pub p_value: f64,
    /// Its statistic U.
    pub statistic: f64,
    /// False discovery rate over the genes of the perturbation.
    pub fdr: f64,
}

/// The tests of one perturbation.
#[derive(Debug, Clone, PartialEq)]
pub struct PerturbationTests {
    /// Its name.
    pub target: String,
    /// Its cells.
    pub target_membership: usize,
    /// One test a gene, in the order of the genes.
    pub genes: Vec<GeneTest>,
}

/// Differential expression of cells against their control, as pdex computes it.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferentialExpression {
    /// Names of the genes.
    pub features: Vec<String>,
    /// Control cells.
    pub ref_membership: usize,
    /// The perturbations, ascending by name.
    pub perturbations: Vec<PerturbationTests>,
}

impl DifferentialExpression {
    /// Tests every gene of every group but `control` against the group `control`.
    ///
    /// Genes are spread over the threads; the control cells of a gene are sorted once for all perturbations.
    ///
    /// # Panics
    /// If `control` is no group.
    pub fn new(cells: &Cells, control: usize) -> Self {
        let targets: Vec<usize> = (0..cells.names().len()).filter(|g| *g != control).collect();
        let genes = cells.genes().len();
        let by_gene: Vec<Vec<MannWhitney>> = (0..genes)
            .into_par_iter()
            .map(|gene| {
                let reference = sorted(cells.values(gene, control));
                let test = |group: &usize| {
                    let values = sorted(cells.values(gene, *group));
                    let (size, of_control) = (cells.size(*group), cells.size(control));
                    mann_whitney((&values, size), (&reference, of_control))
                };
                targets.iter().map(test).collect()
            })
            .collect();
        let mean = |gene, group| geometric_mean(cells, gene, group);
        let reference: Vec<f64> = (0..genes).map(|gene| mean(gene, control)).collect();
        let perturbations = targets.iter().enumerate().map(|(i, group)| {
            let p_values: Vec<f64> = by_gene.iter().map(|tests| tests[i].p_value).collect();
            let rates = false_discovery_rates(&p_values);
            let gene = |gene: usize| {
                let target = mean(gene, *group);
                GeneTest::new(target, reference[gene], by_gene[gene][i], rates[gene])
            };
            PerturbationTests {
                target: cells.names()[*group].clone(),
                target_membership: cells.size(*group),
                genes: (0..genes).map(gene).collect(),
            }
        });
        Self {
            features: cells.genes().to_vec(),
            ref_membership: cells.size(control),
            perturbations: perturbations.collect(),
        }
    }

    /// Writes the table as pdex does: a row a perturbation and gene.
    ///
    /// # Errors
    /// [`MetricsError::Write`] naming the file.
    pub fn write_csv(&self, path: &Path) -> Result<(), MetricsError> {
        let columns = [
            "target",
            "feature",
            "target_mean",
            "ref_mean",
            "target_membership",
            "ref_membership",
            "log2_fold_change",
            "percent_change",
            "p_value",
            "statistic",
            "fdr",
        ];
        let rows = self.perturbations.iter().flat_map(|tests| {
            let genes = self.features.iter().zip(&tests.genes);
            genes.map(|(feature, test)| self.row(tests, feature, test))
        });
        write_csv(path, &columns, rows)
    }

    fn row(&self, tests: &PerturbationTests, feature: &str, test: &GeneTest) -> [String; 11] {
        let number = |value: f64| format!("{value:?}");
        [
            tests.target.clone(),
            feature.to_owned(),
            number(test.target_mean),
            number(test.ref_mean),
            tests.target_membership.to_string(),
            self.ref_membership.to_string(),
            number(test.log2_fold_change),
            number(test.percent_change),
            number(test.p_value),
            number(test.statistic),
            number(test.fdr),
        ]
    }
}

impl GeneTest {
    fn new(target_mean: f64, ref_mean: f64, test: MannWhitney, fdr: f64) -> Self {
        let or_zero = |value: f64| if value.is_nan() { 0.0 } else { value };
        Self {
            target_mean,
            ref_mean,
            log2_fold_change: or_zero((target_mean / ref_mean).log2()),
            percent_change: or_zero((target_mean - ref_mean) / ref_mean),
            p_value: test.p_value,
            statistic: test.statistic,
            fdr,
        }
    }
}

/// `exp(mean of log(1 + x)) - 1`, in single precision and cell after cell, as pdex has it by NumPy for dense and by SciPy for
/// sparse matrices: changes of expression then agree with its tables to the last digits.
fn geometric_mean(cells: &Cells, gene: usize, group: usize) -> f64 {
    let (values, size) = (cells.values(gene, group).iter(), cells.size(group) as f32);
    let mean = match cells.is_sparse() {
        true => {
            let weight = (1.0 / f64::from(size)) as f32;
            values.fold(0.0_f32, |sum, value| sum + value * weight)
        }
        false => values.fold(0.0_f32, |sum, value| sum + value) / size,
    };
    f64::from(mean.exp_m1())
}

fn sorted(values: &[f32]) -> Vec<f32> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f32::total_cmp);
    values
}
