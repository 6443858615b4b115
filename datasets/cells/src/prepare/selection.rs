//! Which genes are kept, and which of them predictions are judged by.

use std::collections::{BTreeSet, HashMap};

use rheome_anndata::{Column, Frame, RowBlock};

use super::raw_cells::RawCells;
use super::{EVALUATED, PrepareSettings, Progress, Renamed};
use crate::conditions::Conditions;
use crate::error::CellsError;
use crate::moments::GeneMoments;
use crate::normalization::{LogarithmCheck, Normalization};
use crate::protocol::Protocol;
use crate::read_ahead::each_block;
use crate::split::{Part, Split};
use crate::variable_genes::{Flavor, VariableGenes, VarianceTrend, seurat};

/// Whose cells decide.
pub(crate) struct Masks {
    /// Whether a cell has a say in which genes are kept.
    pub(crate) selecting: Vec<bool>,
    /// Whether a cell has a say in which genes are evaluated.
    pub(crate) evaluating: Vec<bool>,
}

impl Masks {
    pub(crate) fn new(conditions: &Conditions, split: Option<&Split>, protocol: Protocol) -> Self {
        let all = vec![true; conditions.n_cells()];
        let Some(split) = split else {
            return Self {
                selecting: all.clone(),
                evaluating: all,
            };
        };
        let parts: Vec<Part> = conditions
            .conditions()
            .iter()
            .map(|c| split.part(c))
            .collect();
        let cells = |part: Part| {
            let of = |condition: &u32| parts[*condition as usize] == part;
            conditions.of_cells().iter().map(of).collect()
        };
        match protocol {
            Protocol::Strict => Self {
                selecting: cells(Part::Train),
                evaluating: cells(Part::Train),
            },
            Protocol::Paper => Self {
                selecting: all,
                evaluating: cells(Part::Test),
            },
        }
    }
}

impl RawCells {
    /// Selects the genes that are kept.
    pub(super) fn select(
        &self,
        settings: &PrepareSettings,
        masks: &Masks,
        normalization: Option<&(Normalization, Vec<f64>)>,
        progress: &mut Progress,
    ) -> Result<GeneSelection, CellsError> {
        let Moments {
            selecting,
            evaluating,
        } = self.moments(settings, masks, normalization, progress)?;
        let variable = match settings.flavor {
            Flavor::Seurat => seurat(&selecting, settings.variable_genes),
            Flavor::SeuratV3 => {
                let no_trend = |reason| CellsError::cells(self.matrix.label(), reason);
                let trend = VarianceTrend::new(&selecting).map_err(no_trend)?;
                let clipped = self.clipped_moments(&trend, masks, progress)?;
                trend.select(&clipped, settings.variable_genes)
            }
        };
        let places: HashMap<&str, usize> = self
            .genes
            .iter()
            .enumerate()
            .map(|(i, gene)| (gene.as_str(), i))
            .collect();
        let targets = self.conditions.targets();
        let perturbed: BTreeSet<usize> = targets
            .iter()
            .filter_map(|target| places.get(target).copied())
            .collect();
        let unmeasured = targets.iter().filter(|t| !places.contains_key(*t));
        let unmeasured = unmeasured.map(|t| (*t).to_owned()).collect();
        let kept = |gene: &usize| variable.selected[*gene] || perturbed.contains(gene);
        let genes: Vec<usize> = (0..self.genes.len()).filter(kept).collect();
        let evaluated = seurat(&evaluating.at(&genes), settings.evaluated_genes).selected;
        Ok(GeneSelection {
            genes,
            variable,
            perturbed,
            evaluated,
            unmeasured,
        })
    }

    /// Moments of the cells that decide which genes are kept, and which are evaluated.
    fn moments(
        &self,
        settings: &PrepareSettings,
        masks: &Masks,
        normalization: Option<&(Normalization, Vec<f64>)>,
        progress: &mut Progress,
    ) -> Result<Moments, CellsError> {
        let [mut selecting, mut evaluating] = [
            GeneMoments::new(self.genes.len()),
            GeneMoments::new(self.genes.len()),
        ];
        let mut check = LogarithmCheck::default();
        let label = self.matrix.label();
        self.each_cell(progress, |block, [row, cell]| {
            if normalization.is_none() {
                let names = [&self.cells[..], &self.genes];
                check.add(&label, block, [row, cell], names)?;
            }
            let factor = normalization.map(|(n, totals)| n.factor(totals[cell]));
            let linear = |_, value: f64| match factor {
                Some(factor) => value * factor,
                None => value.exp_m1(),
            };
            if masks.selecting[cell] {
                match settings.flavor {
                    Flavor::Seurat => selecting.add(block, row, linear),
                    Flavor::SeuratV3 => selecting.add(block, row, |_, count| count),
                }
            }
            if masks.evaluating[cell] {
                evaluating.add(block, row, linear);
            }
            Ok(())
        })?;
        check.finish(&label)?;
        Ok(Moments {
            selecting,
            evaluating,
        })
    }

    /// Moments of the clipped counts of the cells that decide which genes are kept.
    fn clipped_moments(
        &self,
        trend: &VarianceTrend,
        masks: &Masks,
        progress: &mut Progress,
    ) -> Result<GeneMoments, CellsError> {
        let mut moments = GeneMoments::new(self.genes.len());
        self.each_cell(progress, |block, [row, cell]| {
            if masks.selecting[cell] {
                moments.add(block, row, |gene, count| trend.clip(gene, count));
            }
            Ok(())
        })?;
        Ok(moments)
    }

    /// Reads the cells that are kept; is told blocks, and the row of a cell in its block and its place among those kept.
    fn each_cell(
        &self,
        progress: &mut Progress,
        mut tell: impl FnMut(&RowBlock<f64>, [usize; 2]) -> Result<(), CellsError>,
    ) -> Result<(), CellsError> {
        each_block::<f64>(&self.matrix, &self.kept, |cells, block| {
            progress.advance(cells.len())?;
            for (row, cell) in cells.enumerate() {
                tell(&block, [row, cell])?;
            }
            Ok(())
        })
    }
}

/// Moments that genes are chosen by.
struct Moments {
    /// Of the cells that decide which are kept: of the values that the flavor compares.
    selecting: GeneMoments,
    /// Of the cells that decide which are evaluated: of the normalised values.
    evaluating: GeneMoments,
}

/// The genes that are kept.
pub(super) struct GeneSelection {
    /// Their places in the raw file, ascending.
    pub(super) genes: Vec<usize>,
    /// Of all genes of the raw file.
    variable: VariableGenes,
    perturbed: BTreeSet<usize>,
    /// Of those kept.
    evaluated: Vec<bool>,
    pub(super) unmeasured: Vec<String>,
}

impl GeneSelection {
    /// The table of the genes kept: what the raw file told of them, and why they were kept.
    pub(super) fn frame(
        &self,
        raw: &RawCells,
        source: &Frame,
        renamed: &mut Renamed,
    ) -> Result<Frame, CellsError> {
        let genes = &self.genes;
        let names: Vec<String> = genes.iter().map(|gene| raw.genes[*gene].clone()).collect();
        let mut told = source.at(genes);
        renamed.note("var", told.make_storable());
        let mut frame = Frame::new(names);
        for (name, column) in told.columns() {
            frame.set(name, column.clone())?;
        }
        match told.index_name() {
            _ if told.names() != frame.names() => {
                let name = frame.unused_name(told.index_name().unwrap_or("id"));
                frame.set(name, told.index().clone())?;
            }
            Some(name) => frame = frame.with_index_name(name),
            None => {}
        }
        let of_kept = |values: &[f64]| genes.iter().map(|gene| values[*gene]).collect::<Vec<f64>>();
        let variable: Vec<bool> = genes.iter().map(|g| self.variable.selected[*g]).collect();
        let perturbed: Vec<bool> = genes.iter().map(|g| self.perturbed.contains(g)).collect();
        let mut columns: Vec<(&str, Column)> = vec![
            ("highly_variable", variable.into()),
            ("perturbed", perturbed.into()),
            (EVALUATED, self.evaluated.clone().into()),
        ];
        let told = self.variable.columns.iter();
        columns.extend(told.map(|(name, values)| (*name, of_kept(values).into())));
        for (name, column) in columns {
            let kept = frame.set_beside(name, column)?;
            renamed.note("var", kept);
        }
        Ok(frame)
    }
}
