//! A value a metric and perturbation.

use std::path::Path;

use crate::comparison::Comparison;
use crate::differential_expression::DifferentialExpression;
use crate::table::write_csv;
use crate::{MetricsError, clustering, discrimination, energy, expression_metrics, significance};

/// The metrics, in the order of cell-eval's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Share of the measured top genes among the predicted: all significant ones, or the first 50, 100, 200, 500.
    Overlap(usize),
    /// The same in parts of the predicted genes.
    Precision(usize),
    /// Correlation of the numbers of significant genes over the perturbations.
    DeSpearmanSig,
    /// Share of the significant genes whose direction is right.
    DeDirectionMatch,
    /// Correlation of the changes of the significant genes.
    DeSpearmanLfcSig,
    /// Share of the significant genes that are predicted to be.
    DeSigGenesRecall,
    /// Number of significant genes, measured.
    DeNsigCountsReal,
    /// Number of significant genes, predicted.
    DeNsigCountsPred,
    /// Average precision of finding the significant genes.
    PrAuc,
    /// Area under the curve of true against false positives.
    RocAuc,
    /// Correlation of the mean changes of expression.
    PearsonDelta,
    /// Mean squared error of mean expression.
    Mse,
    /// Mean absolute error of mean expression.
    Mae,
    /// Mean squared error of the change of mean expression.
    MseDelta,
    /// Mean absolute error of the change of mean expression.
    MaeDelta,
    /// Rank of the right perturbation by the sum of absolute differences.
    DiscriminationL1,
    /// Rank of the right perturbation by Euclidean distance.
    DiscriminationL2,
    /// Rank of the right perturbation by the angle.
    DiscriminationCosine,
    /// Correlation of the energy distances from control over the perturbations.
    PearsonEdistance,
    /// Agreement of clusters of the perturbations.
    ClusteringAgreement,
}

impl Metric {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let overlaps = (0..5).map(Self::Overlap).chain((0..5).map(Self::Precision));
        overlaps
            .chain([
                Self::DeSpearmanSig,
                Self::DeDirectionMatch,
                Self::DeSpearmanLfcSig,
                Self::DeSigGenesRecall,
                Self::DeNsigCountsReal,
                Self::DeNsigCountsPred,
                Self::PrAuc,
                Self::RocAuc,
                Self::PearsonDelta,
                Self::Mse,
                Self::Mae,
                Self::MseDelta,
                Self::MaeDelta,
                Self::DiscriminationL1,
                Self::DiscriminationL2,
                Self::DiscriminationCosine,
                Self::PearsonEdistance,
                Self::ClusteringAgreement,
            ])
            .collect()
    }

    /// Its column.
    pub fn name(self) -> &'static str {
        const OVERLAPS: [&str; 5] = [
            "overlap_at_N",
            "overlap_at_50",
            "overlap_at_100",
            "overlap_at_200",
            "overlap_at_500",
        ];
        const PRECISIONS: [&str; 5] = [
            "precision_at_N",
            "precision_at_50",
            "precision_at_100",
            "precision_at_200",
            "precision_at_500",
        ];
        match self {
            Self::Overlap(place) => OVERLAPS[place],
            Self::Precision(place) => PRECISIONS[place],
            Self::DeSpearmanSig => "de_spearman_sig",
            Self::DeDirectionMatch => "de_direction_match",
            Self::DeSpearmanLfcSig => "de_spearman_lfc_sig",
            Self::DeSigGenesRecall => "de_sig_genes_recall",
            Self::DeNsigCountsReal => "de_nsig_counts_real",
            Self::DeNsigCountsPred => "de_nsig_counts_pred",
            Self::PrAuc => "pr_auc",
            Self::RocAuc => "roc_auc",
            Self::PearsonDelta => "pearson_delta",
            Self::Mse => "mse",
            Self::Mae => "mae",
            Self::MseDelta => "mse_delta",
            Self::MaeDelta => "mae_delta",
            Self::DiscriminationL1 => "discrimination_score_l1",
            Self::DiscriminationL2 => "discrimination_score_l2",
            Self::DiscriminationCosine => "discrimination_score_cosine",
            Self::PearsonEdistance => "pearson_edistance",
            Self::ClusteringAgreement => "clustering_agreement",
        }
    }

    fn place(self) -> usize {
        Self::all()
            .iter()
            .position(|m| *m == self)
            .unwrap_or_default()
    }
}

/// Values of all metrics for all perturbations.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    perturbations: Vec<String>,
    /// `[metric][perturbation]`; none where a metric says nothing.
    values: Vec<Vec<Option<f64>>>,
}

impl Results {
    /// All metrics of a comparison and its tables of differential expression.
    pub fn new(
        comparison: &Comparison,
        real: &DifferentialExpression,
        predicted: &DifferentialExpression,
    ) -> Self {
        let count = comparison.perturbations.len();
        let mut this = Self {
            perturbations: comparison.perturbations.clone(),
            values: vec![vec![None; count]; Metric::all().len()],
        };
        significance::add(&mut this, real, predicted);
        expression_metrics::add(&mut this, comparison);
        discrimination::add(&mut this, comparison);
        energy::add(&mut this, comparison);
        clustering::add(&mut this, comparison);
        this
    }

    /// What is not computed, and why: a line each.
    pub fn left_out(&self) -> Vec<String> {
        let count = self.perturbations.len();
        let few = format!(
            "clustering_agreement: left empty for {count} perturbation(s), expected {} or more",
            clustering::FEWEST
        );
        (count < clustering::FEWEST)
            .then_some(few)
            .into_iter()
            .collect()
    }

    pub(crate) fn set(&mut self, metric: Metric, values: Vec<f64>) {
        self.set_some(metric, values.into_iter().map(Some).collect());
    }

    pub(crate) fn set_some(&mut self, metric: Metric, values: Vec<Option<f64>>) {
        self.values[metric.place()] = values;
    }

    /// Names of the perturbations.
    pub fn perturbations(&self) -> &[String] {
        &self.perturbations
    }

    /// The values of a metric, one a perturbation.
    pub fn values(&self, metric: Metric) -> &[Option<f64>] {
        &self.values[metric.place()]
    }

    /// Writes `results.csv`: a row a perturbation.
    ///
    /// # Errors
    /// [`MetricsError::Write`] naming the file.
    pub fn write_csv(&self, path: &Path) -> Result<(), MetricsError> {
        let rows = self.perturbations.iter().enumerate().map(|(p, name)| {
            let values = self.values.iter().map(move |column| column[p]);
            (name.clone(), values.collect())
        });
        write_table(path, "perturbation", rows)
    }
}

/// Writes a table with the columns of the metrics as cell-eval does: nothing where there is no value.
pub(crate) fn write_table(
    path: &Path,
    key: &str,
    rows: impl Iterator<Item = (String, Vec<Option<f64>>)>,
) -> Result<(), MetricsError> {
    let mut header = vec![key.to_owned()];
    header.extend(Metric::all().into_iter().map(|m| m.name().to_owned()));
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let row = |(name, values): (String, Vec<Option<f64>>)| {
        let texts = values
            .into_iter()
            .map(|v| v.map_or(String::new(), |v| format!("{v:?}")));
        std::iter::once(name).chain(texts).collect::<Vec<_>>()
    };
    write_csv(path, &header, rows.map(row))
}
