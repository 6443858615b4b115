//! Predicted cells beside measured ones.

use crate::cells::{Cells, Keys};
use crate::error::MetricsError;

/// Predicted and measured cells of the same perturbations and genes.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Measured cells.
    pub real: Cells,
    /// Predicted cells.
    pub predicted: Cells,
    /// Names of the perturbations without control, ascending.
    pub perturbations: Vec<String>,
    /// Mean changes of expression against control, `[genes]` a perturbation.
    pub changes: Vec<Change>,
    control: String,
}

/// The mean expression of a perturbation.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Measured means of the genes.
    pub real_mean: Vec<f64>,
    /// Predicted means.
    pub predicted_mean: Vec<f64>,
    /// Measured means less those of the measured control cells.
    pub real: Vec<f64>,
    /// Predicted means less those of the predicted file's control cells.
    pub predicted: Vec<f64>,
}

impl Comparison {
    /// Pairs cells; both must have the same genes and groups, control among them.
    ///
    /// # Errors
    /// [`MetricsError::Cells`] telling what one of them lacks.
    pub fn new(real: Cells, predicted: Cells, keys: &Keys) -> Result<Self, MetricsError> {
        if real.genes() != predicted.genes() {
            return Err(MetricsError::cells(
                "genes",
                format!(
                    "found {} measured and {} predicted genes that are not the same, in the same order",
                    real.genes().len(),
                    predicted.genes().len()
                ),
            ));
        }
        for (cells, which) in [(&real, "measured"), (&predicted, "predicted")] {
            if cells.group(&keys.control).is_none() {
                return Err(MetricsError::cells(
                    format!("{which} cells"),
                    format!(
                        "none has the label {:?}, expected control cells",
                        keys.control
                    ),
                ));
            }
        }
        if real.names() != predicted.names() {
            let lacks = |a: &Cells, b: &Cells| {
                let missing = a.names().iter().find(|name| b.group(name).is_none());
                missing.cloned().unwrap_or_default()
            };
            let (a, b) = (lacks(&real, &predicted), lacks(&predicted, &real));
            return Err(MetricsError::cells(
                "perturbations",
                format!(
                    "those measured and predicted differ: {a:?} is not predicted, {b:?} not measured"
                ),
            ));
        }
        let perturbations: Vec<String> = real
            .names()
            .iter()
            .filter(|name| **name != keys.control)
            .cloned()
            .collect();
        let mut this = Self {
            real,
            predicted,
            perturbations,
            changes: Vec::new(),
            control: keys.control.clone(),
        };
        this.changes = this.all_changes();
        Ok(this)
    }

    /// The groups of the control cells: measured and predicted.
    pub fn control(&self) -> [usize; 2] {
        [&self.real, &self.predicted].map(|cells| cells.group(&self.control).unwrap_or_default())
    }

    /// The groups of a perturbation: measured and predicted.
    pub fn groups(&self, perturbation: usize) -> [usize; 2] {
        let name = &self.perturbations[perturbation];
        [&self.real, &self.predicted].map(|cells| cells.group(name).unwrap_or_default())
    }

    fn all_changes(&self) -> Vec<Change> {
        let [of_real, of_predicted] = self.control();
        let real_control = self.real.means(of_real);
        let predicted_control = self.predicted.means(of_predicted);
        let less = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        (0..self.perturbations.len())
            .map(|perturbation| {
                let [real, predicted] = self.groups(perturbation);
                let (real, predicted) = (self.real.means(real), self.predicted.means(predicted));
                Change {
                    real: less(&real, &real_control),
                    predicted: less(&predicted, &predicted_control),
                    real_mean: real,
                    predicted_mean: predicted,
                }
            })
            .collect()
    }
}
