//! Prepared cells in memory: what training and prediction draw from.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};
use rheome_anndata::{AnnData, Column, RowBlock};
use rheome_cells::{
    Condition, Conditions, EVALUATED, LogarithmCheck, PERTURBATION, PREPARE, SPLIT, Split,
    prepared_conditions, told_controls,
};
use rheome_cli::{Checksum, DataFingerprint, Failure};

/// The cells of a prepared file with their conditions.
///
/// All values are held, sparse as in the file: 8 bytes a value that is not zero, 360 MB for 91,000 cells of which each has 500
/// of 5000 genes.
pub struct PreparedCells {
    /// The file.
    pub path: PathBuf,
    /// Names of the genes, in the order of the columns.
    pub genes: Vec<String>,
    /// Names of the cells.
    pub names: Vec<String>,
    /// What was done to each cell.
    pub conditions: Conditions,
    /// The cells of each of the conditions.
    pub by_condition: Vec<Vec<usize>>,
    /// Conditions that the file's split holds out, if it has one.
    pub held_out: Option<BTreeSet<Condition>>,
    /// Columns of the genes that predictions are judged by; all if the file names none.
    pub evaluated: Vec<usize>,
    /// What the counts of every cell were scaled to, if the file tells.
    pub target_total: Option<f64>,
    values: RowBlock<f32>,
}

impl PreparedCells {
    /// Reads a file that `perturb prepare` wrote.
    ///
    /// # Errors
    /// [`Failure`] naming what the file lacks.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let file = AnnData::open(path)?;
        if !file.obs().has(PERTURBATION) {
            return Err(Failure::new(format!(
                "{}: obs/{PERTURBATION} is missing; prepare the cells first: perturb prepare {0} --output prepared.h5ad",
                path.display()
            )));
        }
        let genes = file.var().names()?;
        let conditions = prepared_conditions(&file)?;
        if conditions.control_cells().is_empty() {
            return Err(no_control(&file)?);
        }
        let held_out = held_out(&file)?;
        match &held_out {
            Some(test) => check_split(&file, &conditions, test)?,
            None => refuse_lost_split(&file, &conditions)?,
        }
        let (names, x) = (file.obs().names()?, file.x()?);
        let values = x.rows(0..x.n_rows())?;
        check_values(path, &values, &names, &genes)?;
        let target_total = file.uns_at(&format!("{PREPARE}/target_total"));
        Ok(Self {
            path: path.to_owned(),
            names,
            evaluated: evaluated(&file, genes.len())?,
            target_total: target_total.ok().and_then(|total| total.as_f64()),
            by_condition: conditions.cells_by_condition(),
            values,
            genes,
            conditions,
            held_out,
        })
    }

    /// What a training learns from: names, conditions, what is held out and judged by, and every value that is not zero.
    pub fn fingerprint(&self) -> DataFingerprint {
        let conditions = self.by_condition.iter().enumerate();
        let conditions =
            conditions.map(|(place, cells)| format!("{} {cells:?}", self.condition(place)));
        let held_out = self.held_out.iter().flatten().map(Condition::to_string);
        let mut values = Checksum::new();
        for cell in 0..self.names.len() {
            values.add(&(cell as u64).to_le_bytes());
            for (gene, value) in self.values.row(cell).filter(|(_, value)| *value != 0.0) {
                values.add(&(gene as u32).to_le_bytes());
                values.add(&value.to_le_bytes());
            }
        }
        DataFingerprint::new()
            .with("cells", Checksum::of_texts(&self.names))
            .with("genes", Checksum::of_texts(&self.genes))
            .with("conditions", Checksum::of_texts(conditions))
            .with("held_out", Checksum::of_texts(held_out))
            .with(
                "evaluated",
                Checksum::of_texts(self.evaluated.iter().map(usize::to_string)),
            )
            .with("values", values)
    }

    /// The condition at a place.
    pub fn condition(&self, place: usize) -> &Condition {
        &self.conditions.conditions()[place]
    }

    /// The control cells.
    pub fn control(&self) -> Vec<usize> {
        self.conditions.control_cells()
    }

    /// Whether a condition may be learnt from.
    pub fn is_learnt(&self, condition: &Condition) -> bool {
        self.held_out
            .as_ref()
            .is_none_or(|test| !test.contains(condition))
    }

    /// Values of cells: `[cells, genes]`.
    pub fn tensor(&self, cells: &[usize], genes: &[usize], device: &Device) -> Tensor<2> {
        let mut values = Vec::with_capacity(cells.len() * genes.len());
        let mut row = vec![0.0; self.genes.len()];
        for cell in cells {
            self.values.write_row(*cell, &mut row);
            values.extend(genes.iter().map(|gene| row[*gene]));
        }
        Tensor::from_data(TensorData::new(values, [cells.len(), genes.len()]), device)
    }

    /// All values of a cell.
    pub fn write_row(&self, cell: usize, into: &mut [f32]) {
        self.values.write_row(cell, into);
    }

    /// Means of genes over cells.
    pub fn mean(&self, cells: &[usize], genes: &[usize]) -> Vec<f64> {
        let mut sum = vec![0.0; self.genes.len()];
        for cell in cells {
            for (gene, value) in self.values.row(*cell) {
                sum[gene] += f64::from(value);
            }
        }
        let count = cells.len().max(1) as f64;
        genes.iter().map(|gene| sum[*gene] / count).collect()
    }
}

/// Cells that a prediction starts from are needed, under the name that they are given by preparing.
fn no_control(file: &AnnData) -> Result<Failure, Failure> {
    let likely = told_controls(&file.obs().column(PERTURBATION)?);
    let likely = likely.map(|labels| {
        format!(
            "; {labels} may be, which `perturb prepare` calls so when they are named with --control"
        )
    });
    Ok(Failure::new(format!(
        "{}: obs/{PERTURBATION}: no cell is called control, expected control cells to start from{}",
        file.path().display(),
        likely.unwrap_or_default()
    )))
}

/// A cell without a number makes every number that follows from it none; counts, and what was centred, are no logarithms.
fn check_values(
    path: &Path,
    values: &RowBlock<f32>,
    names: &[String],
    genes: &[String],
) -> Result<(), Failure> {
    for (cell, name) in names.iter().enumerate() {
        if let Some((gene, value)) = values.row(cell).find(|(_, value)| !value.is_finite()) {
            return Err(Failure::new(format!(
                "{}: X: found {value} for gene {:?} of cell {name:?}, expected finite numbers",
                path.display(),
                genes[gene]
            )));
        }
    }
    let label = format!("{}:X", path.display());
    let mut check = LogarithmCheck::default();
    let mut cells = 0..names.len();
    cells
        .try_for_each(|cell| check.add(&label, values, [cell, cell], [names, genes]))
        .and_then(|()| check.finish(&label))
        .map_err(|e| {
            Failure::new(format!(
                "{e}; these are options of `perturb prepare`, which makes what is expected here"
            ))
        })
}

/// What is held out is told by `uns` and, cell by cell, by `obs`. Where they do not agree, cells were called otherwise after the
/// split was made, and what it holds out would be learnt.
fn check_split(
    file: &AnnData,
    conditions: &Conditions,
    test: &BTreeSet<Condition>,
) -> Result<(), Failure> {
    let there = conditions.conditions();
    let fail = |reason: String| {
        Err(Failure::new(format!(
            "{}: uns/{SPLIT}: {reason}; make the split anew: perturb split {0} --overwrite",
            file.path().display()
        )))
    };
    if !file.obs().has(SPLIT) {
        // Of control cells alone nothing is learnt.
        let perturbed = there.iter().any(|condition| !condition.is_control());
        return match test.iter().find(|held_out| !there.contains(held_out)) {
            Some(absent) if perturbed => {
                fail(format!("holds out {absent}, but there are no such cells"))
            }
            _ => Ok(()),
        };
    }
    let parts = file.obs().column(SPLIT)?;
    for (cell, condition) in conditions.of_cells().iter().enumerate() {
        let condition = &there[*condition as usize];
        let (by_cell, by_name) = (parts.text(cell), test.contains(condition));
        if (by_cell.as_deref() == Some("test")) != by_name {
            let by_name = if by_name { "held out" } else { "not held out" };
            let by_cell = by_cell.unwrap_or_else(|| "nothing".into());
            return fail(format!(
                "{condition} is {by_name}, but obs/{SPLIT} says {by_cell:?} of its cells"
            ));
        }
    }
    Ok(())
}

/// A file that was joined of prepared ones, or whose `uns` was emptied, has lost the list of what is held out, but not the column
/// that says so of its cells: these would be learnt.
fn refuse_lost_split(file: &AnnData, conditions: &Conditions) -> Result<(), Failure> {
    if !file.obs().has(SPLIT) {
        return Ok(());
    }
    let parts = file.obs().column(SPLIT)?;
    let of_cells = conditions.of_cells().iter().enumerate();
    let of_test = of_cells.filter(|(cell, _)| parts.text(*cell).as_deref() == Some("test"));
    let of_test = of_test.map(|(_, condition)| &conditions.conditions()[*condition as usize]);
    let test: BTreeSet<&Condition> = of_test
        .filter(|condition| !condition.is_control())
        .collect();
    if test.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = test.iter().map(ToString::to_string).collect();
    let path = file.path().display();
    let remedy = match file.uns_at(PREPARE).is_ok() {
        true => format!(
            "make the split anew: perturb split {path} --split-method given --conditions {} --overwrite",
            names.join(",")
        ),
        // Which `perturb split` needs too.
        false => "keep uns where files are joined: anndata.concat(..., uns_merge=\"first\")".into(),
    };
    let more = match names.len() {
        1 => String::new(),
        count => format!(" and of {} more conditions", count - 1),
    };
    Err(Failure::new(format!(
        "{path}: obs/{SPLIT} says \"test\" of cells of {}{more}, but there is no uns/{SPLIT}, and they would be learnt; {remedy}; or take \
         obs/{SPLIT} out, if they may be",
        names[0]
    )))
}

/// Draws `count` of these cells; one may be drawn again.
///
/// # Panics
/// If there are none.
pub fn with_replacement(cells: &[usize], count: usize, random: &mut impl Rng) -> Vec<usize> {
    (0..count)
        .map(|_| cells[random.random_range(0..cells.len())])
        .collect()
}

/// The conditions that the split of a file holds out; nothing if it has none. A split that cannot be read is an error: what it
/// holds out would be learnt.
fn held_out(file: &AnnData) -> Result<Option<BTreeSet<Condition>>, Failure> {
    if !file.uns_keys()?.iter().any(|key| key == SPLIT) {
        return Ok(None);
    }
    let held_out = Split::held_out(&file.uns_at(SPLIT)?).ok_or_else(|| {
        Failure::new(format!(
            "{}: uns/{SPLIT}: found no list of test conditions; make the split anew: perturb split {0} --overwrite",
            file.path().display()
        ))
    })?;
    Ok(Some(held_out))
}

/// Columns of the genes that the file says predictions are judged by.
fn evaluated(file: &AnnData, genes: usize) -> Result<Vec<usize>, Failure> {
    if !file.var().has(EVALUATED) {
        return Ok((0..genes).collect());
    }
    let values = match file.var().column(EVALUATED)? {
        Column::Plain(values) => values.to_f64(),
        _ => None,
    };
    let Some(marks) = values else {
        return Err(Failure::new(format!(
            "{}: var/{EVALUATED}: expected true or false for every gene",
            file.path().display()
        )));
    };
    let chosen: Vec<usize> = (0..genes).filter(|gene| marks[*gene] != 0.0).collect();
    match chosen.is_empty() {
        true => Ok((0..genes).collect()),
        false => Ok(chosen),
    }
}
