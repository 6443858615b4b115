//! Kinds of input, and what reads them.

use std::path::{Path, PathBuf};

use rheome_anndata::{AnnData, AnnDataError, Annotation, Axis};
use rheome_backend::weights::StateDict;
use rheome_equations::{DataFile, EquationError, Parameters, Program, Series, System, compare};
use rheome_fields::FieldError;
use rheome_flow::Normalization;
use rheome_perturbation::Vocabulary;
use rheome_perturbation::graph::GeneGraph;

use crate::applications::APPLICATIONS;

/// A kind of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A field in an `.npy` file.
    Npy,
    /// A field in an HDF5 file.
    Hdf5,
    /// A field in a NetCDF-4 file.
    NetCdf,
    /// A field in a classic NetCDF file.
    Classic,
    /// An AnnData file.
    H5ad,
    /// Equations and their trajectories.
    Equations,
    /// A measured series.
    Series,
    /// Weights in the format of safetensors.
    Safetensors,
    /// Weights in PyTorch's own format.
    PyTorch,
    /// Equations as people write them.
    Formula,
    /// Equations as words in prefix order.
    Words,
    /// Settings (TOML).
    Settings,
    /// Vocabularies, gene graphs and normalisations of model folders (JSON).
    Vocabulary,
}

/// What came of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was read.
    Accepted,
    /// It was refused with this message.
    Refused(String),
}

/// Values that are read of a file at most: what is behind them is more of the same.
const MOST: usize = 64;

impl Target {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Npy,
        Self::Hdf5,
        Self::NetCdf,
        Self::Classic,
        Self::H5ad,
        Self::Equations,
        Self::Series,
        Self::Safetensors,
        Self::PyTorch,
        Self::Formula,
        Self::Words,
        Self::Settings,
        Self::Vocabulary,
    ];

    /// Its name, which is that of its folder in the corpus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Hdf5 => "hdf5",
            Self::NetCdf => "netcdf",
            Self::Classic => "classic",
            Self::H5ad => "h5ad",
            Self::Equations => "equations",
            Self::Series => "series",
            Self::Safetensors => "safetensors",
            Self::PyTorch => "pytorch",
            Self::Formula => "formula",
            Self::Words => "words",
            Self::Settings => "settings",
            Self::Vocabulary => "vocabulary",
        }
    }

    /// Whether it is a field, in one of the formats of `rheome-fields`.
    pub fn is_field(self) -> bool {
        matches!(self, Self::Npy | Self::Hdf5 | Self::NetCdf | Self::Classic)
    }

    /// Whether the C library of HDF5 reads it.
    pub fn is_hdf5(self) -> bool {
        matches!(
            self,
            Self::Hdf5 | Self::NetCdf | Self::H5ad | Self::Equations | Self::Series
        )
    }

    /// Folders with valid inputs, from that of this crate.
    pub(super) fn folders(self) -> Vec<PathBuf> {
        let mut folders = vec![Path::new("fuzz/corpus").join(self.name())];
        if self == Self::Settings {
            folders = vec!["../configs".into()];
        }
        folders
    }

    /// Whether a file of these folders is one of its inputs.
    pub(super) fn takes(self, path: &Path) -> bool {
        self != Self::Settings || path.extension().is_some_and(|ending| ending == "toml")
    }

    /// Reads an input, as far as the programs read one, from a file in `folder` that is called as `like` is.
    ///
    /// # Panics
    /// If what reads it panics, or an error does not name the file or has more than one line: then it is at fault.
    pub fn run(self, bytes: &[u8], like: &Path, folder: &Path) -> Outcome {
        let mut path = folder.join("hostile");
        path.set_extension(like.extension().unwrap_or_default());
        let outcome = match self {
            Self::Formula => formula(bytes),
            Self::Words => words(bytes),
            _ => {
                std::fs::write(&path, bytes).expect("room for a small file");
                self.read(&path)
            }
        };
        let Err(message) = outcome else {
            return Outcome::Accepted;
        };
        // What is wrong with a value of settings is told by its key.
        let place = match self {
            Self::Formula | Self::Words => "",
            Self::Settings if message.contains(": found ") => "",
            _ => "hostile",
        };
        assert!(message.contains(place), "no place in {message:?}");
        assert!(!message.trim().is_empty(), "no message");
        Outcome::Refused(message)
    }

    fn read(self, path: &Path) -> Result<(), String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        match self {
            Self::Npy | Self::Hdf5 | Self::NetCdf | Self::Classic => {
                field(path).map_err(|e| text(&e))
            }
            Self::H5ad => cells(path).map_err(|e| text(&e)),
            Self::Equations => equations(path).map_err(|e| text(&e)),
            Self::Series => Series::read(&path.to_string_lossy())
                .map(|_| ())
                .map_err(|e| text(&e)),
            Self::Safetensors | Self::PyTorch => {
                StateDict::read(path).map(|_| ()).map_err(|e| text(&e))
            }
            Self::Settings => all_settings(path),
            Self::Vocabulary => vocabulary(path),
            Self::Formula | Self::Words => Ok(()),
        }
    }
}

fn field(path: &Path) -> Result<(), FieldError> {
    let reader = rheome_fields::open(&path.to_string_lossy())?;
    let shape = reader.shape();
    reader.times();
    let mut snapshot = vec![0.0; shape.snapshot_len()];
    for trajectory in 0..shape.trajectories.min(MOST) {
        for index in 0..reader.completed(trajectory).min(MOST) {
            reader.read(trajectory, index, &mut snapshot)?;
        }
    }
    Ok(())
}

fn cells(path: &Path) -> Result<(), AnnDataError> {
    let file = AnnData::open(path)?;
    for axis in [Axis::Obs, Axis::Var] {
        file.frame(axis)?;
        for name in file.annotations(axis)? {
            if let Annotation::Matrix(matrix) = file.annotation(axis, &name)? {
                rows(&matrix)?;
            }
        }
    }
    if file.has_x() {
        rows(&file.x()?)?;
    }
    for name in file.layers()? {
        rows(&file.layer(&name)?)?;
    }
    file.raw()?;
    file.uns().map(|_| ())
}

fn rows(matrix: &rheome_anndata::MatrixReader) -> Result<(), AnnDataError> {
    matrix.rows::<f32>(0..matrix.n_rows().min(MOST)).map(|_| ())
}

fn equations(path: &Path) -> Result<(), EquationError> {
    let file = DataFile::open(path)?;
    for sample in 0..file.samples().min(MOST) {
        file.trajectory(sample)?;
        file.series(sample)?;
    }
    Ok(())
}

fn formula(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let system = System::parse(&text, &Parameters::from([("a".to_owned(), 0.5)]));
    used(&system.map_err(|e| e.to_string())?)
}

fn words(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<&str> = text.split_whitespace().collect();
    used(&System::from_words(&words).map_err(|e| e.to_string())?)
}

/// Does with a system what the programs do: words and back, simplification, evaluation.
fn used(system: &System) -> Result<(), String> {
    let again = System::from_words(&system.prefix()).map_err(|e| e.to_string())?;
    assert_eq!(again, *system, "words are exact");
    // Not of one whose numbers are not all known.
    if let Ok(found) = compare(system, system, 4, 1) {
        assert_eq!(found.different, 0, "a system is itself");
    }
    let Ok(program) = Program::new(system) else {
        return Ok(());
    };
    let mut rates = vec![0.0; system.dimension()];
    let state = vec![0.5; program.dimension()];
    program.evaluate(0.25, &state, &mut rates, &mut program.registers());
    Ok(())
}

/// Reads a file as every command would that takes settings, all of them. It is accepted if any of them takes it; otherwise the
/// error is that of the first.
fn all_settings(path: &Path) -> Result<(), String> {
    let kinds = APPLICATIONS.iter().flat_map(|one| one.settings);
    let mut outcomes: Vec<_> = kinds.map(|kind| (kind.check)(path)).collect();
    match outcomes.iter().position(Result::is_ok) {
        Some(_) => Ok(()),
        None => outcomes
            .swap_remove(0)
            .map_err(|failure| failure.line().to_owned()),
    }
}

/// Reads a file as each of the JSON files that a model folder has.
fn vocabulary(path: &Path) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let _ = serde_json::from_slice::<Vocabulary>(&bytes);
    let _ = serde_json::from_slice::<GeneGraph>(&bytes);
    Normalization::load(path)
        .map(|_| ())
        .map_err(|e| e.to_string())
}
