//! What can go wrong with a file of weights, or between it and a model.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// What can go wrong with a file of weights; each message is one line that names the file.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("{path}: cannot {action}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is damaged or of another kind.
    #[error("{path}: not a readable {format} file: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it was read as.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A parameter is no number: whatever is computed with it is none either.
    #[error(
        "{path}: parameter {name}: found {value} (number {index} of {count}), expected finite numbers"
    )]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// Name of the parameter in the file.
        name: String,
        /// NaN or infinite.
        value: f32,
        /// Its place, counted from 0.
        index: usize,
        /// Numbers of the parameter.
        count: usize,
    },
    /// The name of the file tells no known format.
    #[error("{path}: expected a name that ends in .safetensors, .pt, .pth, .ckpt or .bin")]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The file's parameters are not those of the model; everything that differs is listed.
    #[error("{path}: not the weights of this model: {listing}")]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Every difference.
        listing: Box<Listing>,
    },
    /// A checkpoint holds more than one set of weights that fits equally well.
    #[error(
        "{path}: several sets of weights fit this model ({}); save the one you mean alone",
        candidates.join(", ")
    )]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// Keys under which a fitting set lies.
        candidates: Vec<String>,
    },
    /// Two parameters of the module ask for the same name.
    #[error("the name table gives the name {name} to two parameters: {first} and {second}")]
    DuplicateName {
        /// The name both would have.
        name: String,
        /// Path of one parameter in the module.
        first: String,
        /// Path of the other.
        second: String,
    },
    /// A parameter cannot be read back from its device.
    #[error("cannot read parameter {name} from its device: {reason}")]
    Device {
        /// Name of the parameter.
        name: String,
        /// The device's reason.
        reason: String,
    },
}

/// Every difference between the parameters of a file and those of a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Parameters of the model that the file lacks, with the shape they should have.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Tensors of the file that the model does not know, with their shape.
    pub unexpected: Vec<(String, Vec<usize>)>,
    /// Parameters that both have, but that do not fit.
    pub misfits: Vec<Misfit>,
}

/// A parameter that the file has in another shape or kind of number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Name of the parameter in the file.
    pub name: String,
    /// What the file holds: element type and shape.
    pub found: String,
    /// What the model needs: element type and shape.
    pub expected: String,
}

impl Listing {
    /// True if nothing differs.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misfits.is_empty()
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |(name, shape): &(String, Vec<usize>)| format!("{name} {shape:?}");
        let misfit = |m: &Misfit| format!("{} found {}, expected {}", m.name, m.found, m.expected);
        let mut parts = Vec::new();
        let mut part = |what: &str, entries: Vec<String>| {
            if !entries.is_empty() {
                parts.push(format!("{} {what}: {}", entries.len(), entries.join(", ")));
            }
        };
        part("missing", self.missing.iter().map(named).collect());
        part("unexpected", self.unexpected.iter().map(named).collect());
        part("misshapen", self.misfits.iter().map(misfit).collect());
        f.write_str(&parts.join("; "))
    }
}
