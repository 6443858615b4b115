//! One row a perturbation: how strong its effect is and on which genes.

use std::path::PathBuf;

use rheome_cli::{Console, Failure, files};

use crate::arguments::PredictArguments;
use crate::cells::PreparedCells;

/// Genes that are named in each direction.
const TOP: usize = 10;
/// A mean change of log expression that counts as one.
const CHANGED: f64 = 0.25;

/// The table (CSV) of a screen.
pub struct Summary {
    path: Option<PathBuf>,
    genes: Vec<String>,
    /// Mean expression of the control cells.
    baseline: Vec<f64>,
    sum: Vec<f64>,
    cells: usize,
    table: csv::Writer<Vec<u8>>,
}

impl Summary {
    /// An empty table.
    ///
    /// # Errors
    /// [`Failure`] if a table cannot be begun.
    pub fn new(
        arguments: &PredictArguments,
        cells: &PreparedCells,
        columns: &[usize],
    ) -> Result<Self, Failure> {
        let path = arguments.summary.clone();
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record([
            "perturbation",
            "cells",
            "effect_size",
            "genes_changed",
            "top_up",
            "top_down",
        ])?;
        Ok(Self {
            path,
            genes: columns
                .iter()
                .map(|gene| cells.genes[*gene].clone())
                .collect(),
            baseline: cells.mean(&cells.control(), columns),
            sum: vec![0.0; columns.len()],
            cells: 0,
            table,
        })
    }

    /// Adds cells of the perturbation under way: values gene by gene, one cell after the other.
    pub fn add(&mut self, values: &[f32]) {
        for cell in values.chunks_exact(self.genes.len()) {
            for (sum, value) in self.sum.iter_mut().zip(cell) {
                *sum += f64::from(*value);
            }
            self.cells += 1;
        }
    }

    /// Closes the row of the perturbation under way.
    pub fn end_of(&mut self, label: &str) -> Result<(), Failure> {
        let count = self.cells.max(1) as f64;
        let change: Vec<f64> = self
            .sum
            .iter()
            .zip(&self.baseline)
            .map(|(sum, baseline)| sum / count - baseline)
            .collect();
        let size = change.iter().map(|c| c * c).sum::<f64>().sqrt();
        let changed = change.iter().filter(|c| c.abs() >= CHANGED).count();
        let mut order: Vec<usize> = (0..change.len()).collect();
        order.sort_by(|a, b| change[*b].total_cmp(&change[*a]));
        let up = self.named(order.iter().filter(|gene| change[**gene] > 0.0));
        let down = self.named(order.iter().rev().filter(|gene| change[**gene] < 0.0));
        self.table.write_record([
            label,
            &self.cells.to_string(),
            &format!("{size:.6}"),
            &changed.to_string(),
            &up,
            &down,
        ])?;
        self.sum.fill(0.0);
        self.cells = 0;
        Ok(())
    }

    fn named<'a>(&self, genes: impl Iterator<Item = &'a usize>) -> String {
        let names: Vec<&str> = genes
            .take(TOP)
            .map(|gene| self.genes[*gene].as_str())
            .collect();
        names.join(";")
    }

    /// Writes the table.
    pub fn finish(self, console: Console) -> Result<(), Failure> {
        let Some(path) = self.path else {
            return Ok(());
        };
        let text = self
            .table
            .into_inner()
            .map_err(|e| Failure::new(e.error()))?;
        files::write(&path, text)?;
        console.note(format!("wrote {}", path.display()));
        Ok(())
    }
}
