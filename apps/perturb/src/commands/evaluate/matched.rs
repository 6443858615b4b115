//! The two files that cell-eval itself takes: the same perturbations, control among them, and the same genes in both.

use std::fmt::Display;
use std::path::{Component, Path, PathBuf};

use rheome_anndata::{
    AnnData, AnnDataWriter, Column, ElementType, EndedFile, Frame, MatrixId, Storage, Value,
    Values, WriteOptions,
};
use rheome_cli::outputs::NewFolder;
use rheome_cli::{Claim, Console, Failure, RunFiles, files};
use rheome_perturbation_metrics::{Keys, gene_places};

use super::super::genes_to_write;
use super::pairing::Pairing;
use crate::arguments::EvaluateArguments;

/// Predicted cells.
const PRED: &str = "pred.h5ad";
/// Measured cells.
const REAL: &str = "real.h5ad";
/// Option that names the folder.
const OPTION: &str = "--cell-eval";
/// Cells that are copied at a time.
const CELLS_AT_ONCE: usize = 1024;

/// The folder of the two files.
pub struct Matched<'a>(NewFolder<'a>);

impl<'a> Matched<'a> {
    /// The folder, if one is asked for.
    ///
    /// # Errors
    /// [`Failure`] if it is that of the tables, has such files already, or these are what is compared.
    pub fn of(arguments: &'a EvaluateArguments) -> Result<Option<Self>, Failure> {
        let Some(path) = &arguments.cell_eval else {
            return Ok(None);
        };
        if place(path) == place(&arguments.output) {
            return Err(Failure::new(format!(
                "{OPTION} {}: is --output itself; choose another folder, such as {0}/cell-eval",
                path.display()
            )));
        }
        RunFiles::default()
            .read("predicted", &arguments.pred)
            .read("measured", &arguments.real)
            .read_all("data", &arguments.data)
            .write_folder(OPTION, path, &[PRED, REAL])
            .log(&arguments.compute)
            .check()?;
        let folder = NewFolder {
            option: OPTION,
            path,
            results: &[PRED, REAL],
            overwrite: arguments.overwrite,
        };
        folder.check()?;
        Ok(Some(Self(folder)))
    }

    /// Creates and claims the folder.
    ///
    /// # Errors
    /// [`Failure`] naming it.
    pub fn begin(&self) -> Result<Claim, Failure> {
        self.0.begin()
    }

    /// Writes the cells of both files, which have not their names yet: nothing that is there is touched.
    ///
    /// # Errors
    /// [`Failure`] naming the file that cannot be read or written.
    pub fn fill(
        &self,
        arguments: &EvaluateArguments,
        pairing: &Pairing,
        keys: &Keys,
        console: Console,
    ) -> Result<MatchedPair<'_>, Failure> {
        let path = self.0.path;
        let (pred, real) = (&arguments.pred, &arguments.real);
        let control = std::slice::from_ref(&keys.control);
        let mut cells = MatchedCells::create(&path.join(PRED), pred, (pairing, keys), console)?;
        cells.add(pred, &pairing.labels)?;
        if !pairing.has_control {
            cells.add(real, control)?;
        }
        let (ended_pred, column) = cells.end()?;
        let mut cells = MatchedCells::create(&path.join(REAL), real, (pairing, keys), console)?;
        cells.add(real, &pairing.labels)?;
        let (ended_real, _) = cells.end()?;
        Ok(MatchedPair {
            path,
            pred: ended_pred,
            real: ended_real,
            column,
            control: keys.control.clone(),
        })
    }
}

/// The two files, whole and not yet called so.
pub struct MatchedPair<'a> {
    path: &'a Path,
    pred: EndedFile,
    real: EndedFile,
    /// The column of the perturbations.
    column: String,
    control: String,
}

impl MatchedPair<'_> {
    /// Gives both files their names; tells how cell-eval is called on them.
    ///
    /// # Errors
    /// [`Failure`] naming the file whose place cannot be taken.
    pub fn publish(self, console: Console) -> Result<(), Failure> {
        let [pred, real, scores] = [PRED, REAL, "scores"].map(|name| self.path.join(name));
        // What a kill leaves is not one file of this evaluation beside one of another.
        files::remove_older([real.clone()])?;
        self.pred.publish()?;
        self.real.publish()?;
        let [of_pred, of_real, of_scores] =
            [&pred, &real, &scores].map(|path| word(path.display()));
        console.note(format!(
            "wrote {} and {}; cell-eval run -ap {of_pred} -ar {of_real} --pert-col {} --control-pert {} -o {of_scores}",
            pred.display(),
            real.display(),
            word(&self.column),
            word(&self.control)
        ));
        Ok(())
    }
}

/// Where a folder is, or will be, under whatever name.
fn place(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in std::path::absolute(path)
        .as_deref()
        .unwrap_or(path)
        .components()
    {
        match part {
            Component::ParentDir => {
                found.pop();
            }
            part => found.push(part),
        }
        // What is above a link is above what it leads to; of a folder that is not there yet the name is all there is.
        if let Ok(there) = found.canonicalize() {
            found = there;
        }
    }
    found
}

/// Text as a shell takes it for one word.
fn word(text: impl Display) -> String {
    let text = text.to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+:=@%,".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Cells of some labels, in the genes that are predicted.
struct MatchedCells<'a> {
    writer: AnnDataWriter,
    x: MatrixId,
    pairing: &'a Pairing,
    keys: &'a Keys,
    names: Vec<String>,
    labels: Vec<String>,
}

impl<'a> MatchedCells<'a> {
    /// A file whose genes are told of as in `source`.
    fn create(
        path: &Path,
        source: &Path,
        (pairing, keys): (&'a Pairing, &'a Keys),
        console: Console,
    ) -> Result<Self, Failure> {
        let source = AnnData::open(source)?;
        let genes = genes_to_write(&source, &columns(&source, pairing)?, console)?;
        // Whether it may be replaced was asked before.
        let options = WriteOptions {
            overwrite: true,
            ..WriteOptions::default()
        };
        let mut writer = AnnDataWriter::create(path, &genes, options)?;
        // How scanpy recognises logarithms.
        writer.write_uns("log1p", &Value::Dict(Vec::new()))?;
        Ok(Self {
            x: writer.add_x(Storage::Csr, ElementType::F32)?,
            writer,
            pairing,
            keys,
            names: Vec::new(),
            labels: Vec::new(),
        })
    }

    /// Adds the cells of a file that have one of these labels, in their order.
    fn add(&mut self, source: &Path, wanted: &[String]) -> Result<(), Failure> {
        let source = AnnData::open(source)?;
        let labels = source.obs().column(&self.keys.perturbation)?;
        let names = source.obs().names()?;
        let mut rows = Vec::new();
        for (row, name) in names.into_iter().enumerate() {
            if let Some(label) = labels.text(row).filter(|label| wanted.contains(label)) {
                rows.push(row);
                self.names.push(name);
                self.labels.push(label);
            }
        }
        let x = source.x()?.columns(&columns(&source, self.pairing)?)?;
        for rows in rows.chunks(CELLS_AT_ONCE) {
            self.writer.append(self.x, &x.rows_at::<f32>(rows)?)?;
        }
        Ok(())
    }

    /// Ends the file; answers also what its column of the perturbations is called, which has the name that was given but for what HDF5
    /// passes over.
    fn end(self) -> Result<(EndedFile, String), Failure> {
        let mut obs = Frame::new(self.names);
        let labels: Column = Values::Text(self.labels).into();
        let name = &self.keys.perturbation;
        obs.set(name, labels.to_categorical())?;
        let renamed = obs.make_storable().into_iter().next();
        let name = renamed.map_or_else(|| name.clone(), |(_, stored)| stored);
        Ok((self.writer.end(&obs)?, name))
    }
}

/// Where a file has the genes that are compared.
fn columns(file: &AnnData, pairing: &Pairing) -> Result<Vec<usize>, Failure> {
    Ok(gene_places(
        file.path(),
        &file.var().names()?,
        &pairing.genes,
    )?)
}
