//! The two files that cell-eval itself takes: the same perturbations, control among them, and the same genes in both.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rheome_anndata::{
    AnnData, AnnDataWriter, Axis, Column, ElementType, Frame, MatrixId, Storage, Value, Values,
    WriteOptions,
};
use rheome_cli::files::cannot;
use rheome_cli::outputs::NewFolder;
use rheome_cli::{Claim, Console, Failure, RunFiles};
use rheome_perturbation_metrics::{Keys, gene_places};

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

    /// Writes both files; tells how cell-eval is called on them.
    ///
    /// # Errors
    /// [`Failure`] naming the file that cannot be read or written.
    pub fn write(
        &self,
        arguments: &EvaluateArguments,
        pairing: &Pairing,
        keys: &Keys,
        console: Console,
    ) -> Result<(), Failure> {
        let path = self.0.path;
        let (pred, real) = (&arguments.pred, &arguments.real);
        // What a kill leaves is not one file of this evaluation beside one of another.
        match std::fs::remove_file(path.join(REAL)) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(cannot("replace", &path.join(REAL))(e));
            }
            _ => {}
        }
        let control = std::slice::from_ref(&keys.control);
        let mut cells = MatchedCells::create(&path.join(PRED), pred, pairing, keys)?;
        cells.add(pred, &pairing.labels)?;
        if !pairing.has_control {
            cells.add(real, control)?;
        }
        cells.finish()?;
        let mut cells = MatchedCells::create(&path.join(REAL), real, pairing, keys)?;
        cells.add(real, &pairing.labels)?;
        cells.finish()?;
        let [pred, real, scores] = [PRED, REAL, "scores"].map(|name| path.join(name));
        let [of_pred, of_real, of_scores] =
            [&pred, &real, &scores].map(|path| word(path.display()));
        console.note(format!(
            "wrote {} and {}; cell-eval run -ap {of_pred} -ar {of_real} --pert-col {} --control-pert {} -o {of_scores}",
            pred.display(),
            real.display(),
            word(&keys.perturbation),
            word(&keys.control)
        ));
        Ok(())
    }
}

/// Where a folder is, or will be, under whatever name.
fn place(path: &Path) -> PathBuf {
    let of_new = || {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).canonicalize();
        Ok::<_, std::io::Error>(parent?.join(path.file_name().unwrap_or_default()))
    };
    let found = path.canonicalize().or_else(|_| of_new());
    let found = found.or_else(|_| std::path::absolute(path));
    found.unwrap_or_else(|_| path.to_owned())
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
        pairing: &'a Pairing,
        keys: &'a Keys,
    ) -> Result<Self, Failure> {
        let source = AnnData::open(source)?;
        let genes = source.frame(Axis::Var)?.at(&columns(&source, pairing)?);
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

    fn finish(self) -> Result<(), Failure> {
        let mut obs = Frame::new(self.names);
        let labels: Column = Values::Text(self.labels).into();
        obs.set(&self.keys.perturbation, labels.to_categorical())?;
        Ok(self.writer.finish(&obs)?)
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
