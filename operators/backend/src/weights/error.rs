//! What can go wrong with a file of weights, or between it and a model.

use std::path::PathBuf;

use thiserror::Error;

use super::Listing;

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
    /// The file's parameters are not those of the model; the first that differ are told, and how many there are.
    #[error("{path}: not the weights of this model: {listing}")]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Every difference.
        listing: Box<Listing>,
    },
    /// A checkpoint holds more than one set of weights that fits equally well.
    #[error(
        "{path}: several sets of weights fit this model ({}); choose one as {path}:{}",
        candidates.join(", "),
        candidates.first().map_or("SET", String::as_str)
    )]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// Keys under which a fitting set lies.
        candidates: Vec<String>,
    },
    /// A checkpoint has no set of weights below the key that was asked for.
    #[error("{path}: found no weights below {set}, expected one of {}", there.join(", "))]
    NoSuchSet {
        /// The file.
        path: PathBuf,
        /// The key.
        set: String,
        /// The first keys of what it holds.
        there: Vec<String>,
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
