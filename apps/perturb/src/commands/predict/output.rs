//! Predicted cells, written as they come.

use std::path::PathBuf;

use rheome_anndata::{
    AnnData, AnnDataWriter, Categorical, ElementType, Frame, MatrixId, RowBlock, Storage, Value,
    Values, WriteOptions,
};
use rheome_cells::PERTURBATION;
use rheome_cli::{Console, Failure};

use super::super::{PROGRAM, genes_to_write};
use crate::arguments::PredictArguments;
use crate::cells::PreparedCells;
use crate::trained_model::TrainedModel;

/// The column of `obs` with the control cell that a cell was predicted from.
const SOURCE_CELL: &str = "source_cell";
/// Control cells that are copied at a time.
const CELLS_AT_ONCE: usize = 1024;

/// The AnnData file of a prediction; it appears under its name when it is whole.
pub struct PredictedCells<'a> {
    /// Nothing if only a summary is wanted.
    file: Option<(AnnDataWriter, MatrixId, PathBuf)>,
    cells: &'a PreparedCells,
    genes: usize,
    names: Vec<String>,
    /// Place of each cell's label.
    codes: Vec<i32>,
    labels: Vec<String>,
    /// Cells of the last of them.
    of_label: usize,
    sources: Vec<String>,
}

impl<'a> PredictedCells<'a> {
    /// Starts the file; control cells come first, if they are wanted.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written.
    pub fn create(
        arguments: &PredictArguments,
        cells: &'a PreparedCells,
        columns: &[usize],
        trained: &TrainedModel,
    ) -> Result<Self, Failure> {
        let mut this = Self {
            file: None,
            cells,
            genes: columns.len(),
            names: Vec::new(),
            codes: Vec::new(),
            labels: Vec::new(),
            of_label: 0,
            sources: Vec::new(),
        };
        let Some(path) = &arguments.output else {
            return Ok(this);
        };
        // All that the data tell of the genes: ids, names and what else results are joined by.
        let data = AnnData::open(&cells.path)?;
        let genes = genes_to_write(&data, columns, arguments.compute.console())?;
        // Whether it may be replaced was asked before.
        let options = WriteOptions {
            overwrite: true,
            ..WriteOptions::default()
        };
        let mut writer = AnnDataWriter::create(path, &genes, options)?;
        let x = writer.add_x(Storage::Csr, ElementType::F32)?;
        writer.write_uns("predict", &provenance(arguments, trained)?)?;
        // How scanpy recognises logarithms.
        writer.write_uns("log1p", &Value::Dict(Vec::new()))?;
        this.file = Some((writer, x, path.clone()));
        if arguments.with_control {
            this.append_control(columns)?;
        }
        Ok(this)
    }

    fn append_control(&mut self, columns: &[usize]) -> Result<(), Failure> {
        let mut row = vec![0.0; self.cells.genes.len()];
        for part in self.cells.control().chunks(CELLS_AT_ONCE) {
            let mut values = Vec::with_capacity(part.len() * columns.len());
            for cell in part {
                self.cells.write_row(*cell, &mut row);
                values.extend(columns.iter().map(|gene| row[*gene]));
            }
            self.append(rheome_cells::CONTROL, part, &values)?;
        }
        Ok(())
    }

    /// Adds cells of one perturbation: their values gene by gene, and the control cells that they were predicted from.
    pub fn append(
        &mut self,
        label: &str,
        sources: &[usize],
        values: &[f32],
    ) -> Result<(), Failure> {
        let Some((writer, x, _)) = &mut self.file else {
            return Ok(());
        };
        writer.append(
            *x,
            &RowBlock::dense(sources.len(), self.genes, values.to_vec())?,
        )?;
        if self.labels.last().is_none_or(|last| last != label) {
            self.labels.push(label.to_owned());
            self.of_label = 0;
        }
        let code = self.labels.len() as i32 - 1;
        for source in sources {
            self.names.push(format!("{label}-{}", self.of_label));
            self.of_label += 1;
            self.codes.push(code);
            self.sources.push(self.cells.names[*source].clone());
        }
        Ok(())
    }

    /// Writes what the cells are and gives the file its name.
    pub fn finish(self, console: Console) -> Result<(), Failure> {
        let Some((writer, _, path)) = self.file else {
            return Ok(());
        };
        let mut obs = Frame::new(self.names);
        obs.set(
            PERTURBATION,
            Categorical::new(self.codes, Values::Text(self.labels), false)?,
        )?;
        obs.set(SOURCE_CELL, Values::Text(self.sources))?;
        writer.finish(&obs)?;
        console.note(format!("wrote {}", path.display()));
        Ok(())
    }
}

/// How the cells came about, for `uns`.
fn provenance(arguments: &PredictArguments, trained: &TrainedModel) -> Result<Value, Failure> {
    let sampling = serde_json::to_string(&trained.settings.sampling)?;
    let seed = super::seed(arguments, trained);
    let members = [
        ("program", PROGRAM.title().into()),
        ("command_line", PROGRAM.command_line().into()),
        ("data", arguments.data.display().to_string().into()),
        ("sampling", sampling.into()),
        ("seed", (seed as i64).into()),
    ];
    Ok(Value::Dict(
        members
            .map(|(name, value): (&str, Value)| (name.to_owned(), value))
            .into(),
    ))
}
