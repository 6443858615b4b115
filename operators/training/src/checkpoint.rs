//! Checkpoints to continue a run from: one folder a checkpoint, published by a rename.
//!
//! ```text
//! checkpoints/step-00001200/weights.bpk     parameters, with the identities that the optimiser state refers to
//!                           optimizer.bpk   moments and step counts of Adam
//!                           progress.json   epoch, batch, step, best validation, time, seed; sizes and CRC-32 of the other two
//! ```
//!
//! A folder is written as `.step-….partial`, synchronised, then renamed; older ones, and what kills left of them, are removed afterwards. One of the same step is
//! set aside before as `step-….replaced`, which is read where there is no other of its step. So a kill at any moment leaves at
//! least one complete checkpoint, once there was one.

use std::fs::{self, DirEntry, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::module::Module;
use burn::store::ModuleRecord;
use rheome_atomic::sync_folder;
use serde::{Deserialize, Serialize};

use crate::{Progress, Trainer, TrainingError};

const WEIGHTS: &str = "weights.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const PROGRESS: &str = "progress.json";
/// Ends the name of a checkpoint that is being written.
const PARTIAL: &str = ".partial";
/// Ends the name of a checkpoint that was set aside for a new one of the same step.
const REPLACED: &str = ".replaced";

/// What `progress.json` holds.
#[derive(Serialize, Deserialize)]
struct Manifest {
    progress: Progress,
    weights: Fingerprint,
    optimizer: Fingerprint,
}

/// Size and CRC-32 of a file. burn's reader takes a shortened optimiser file for one of fewer parameters, so damage has
/// to be noticed here.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fingerprint {
    bytes: u64,
    crc32: u32,
}

impl Fingerprint {
    fn of(path: &Path) -> Result<Self, TrainingError> {
        let content = fs::read(path).map_err(|source| file_error(path, "read", source))?;
        Ok(Self {
            bytes: content.len() as u64,
            crc32: crc32fast::hash(&content),
        })
    }

    fn check(&self, path: &Path) -> Result<(), TrainingError> {
        let found = Self::of(path)?;
        if found == *self {
            return Ok(());
        }
        let reason = format!(
            "damaged: found {} bytes with CRC-32 {:08x}, expected {} bytes with {:08x}",
            found.bytes, found.crc32, self.bytes, self.crc32
        );
        Err(checkpoint_error(path, reason))
    }
}

/// Writes a checkpoint of `trainer` under `folder` and removes the older ones.
///
/// # Errors
/// [`TrainingError::File`] or [`TrainingError::Checkpoint`] if something cannot be written; what was there before stays.
pub fn save<M: Module>(trainer: &Trainer<M>, folder: &Path) -> Result<PathBuf, TrainingError> {
    let name = format!("step-{:08}", trainer.progress.step);
    let partial = folder.join(format!(".{name}{PARTIAL}"));
    let complete = folder.join(&name);
    remove(&partial)?;
    fs::create_dir_all(&partial).map_err(|source| file_error(&partial, "create", source))?;

    let weights = partial.join(WEIGHTS);
    trainer
        .model
        .clone()
        .into_record()
        .save(&weights)
        .map_err(|error| checkpoint_error(&weights, error))?;
    let optimizer = partial.join(OPTIMIZER);
    trainer
        .optimizer
        .save(&optimizer)
        .map_err(|error| checkpoint_error(&optimizer, error))?;
    let progress = partial.join(PROGRESS);
    let manifest = Manifest {
        progress: trainer.progress,
        weights: Fingerprint::of(&weights)?,
        optimizer: Fingerprint::of(&optimizer)?,
    };
    let text =
        serde_json::to_vec_pretty(&manifest).map_err(|error| checkpoint_error(&progress, error))?;
    fs::write(&progress, text).map_err(|source| file_error(&progress, "write", source))?;
    for file in [&weights, &optimizer, &progress, &partial] {
        File::open(file)
            .and_then(|f| f.sync_all())
            .map_err(|source| file_error(file, "synchronise", source))?;
    }

    // Continuing can reach the same step again (its checkpoint was read, nothing else happened): replace it, but at no moment
    // have none.
    if complete.exists() {
        let aside = folder.join(format!("{name}{REPLACED}"));
        remove(&aside)?;
        fs::rename(&complete, &aside).map_err(|e| file_error(&complete, "set aside", e))?;
    }
    fs::rename(&partial, &complete).map_err(|source| file_error(&complete, "publish", source))?;
    // The new one is on the disk before the older ones go.
    sync_folder(&complete).map_err(|source| file_error(folder, "synchronise", source))?;
    for other in list(folder)?.into_iter().chain(begun(folder)?) {
        if other != complete {
            remove(&other)?;
        }
    }
    Ok(complete)
}

/// Whether there is a complete checkpoint under `folder`.
///
/// # Errors
/// [`TrainingError::File`] if the folder cannot be listed.
pub fn exists(folder: &Path) -> Result<bool, TrainingError> {
    Ok(!list(folder)?.is_empty())
}

/// Loads the newest checkpoint under `folder` into `trainer` (whose model has the right shape).
///
/// # Errors
/// [`TrainingError::NothingToResume`] if there is none, [`TrainingError::Checkpoint`] if it is damaged or of another model.
pub fn load<M: Module>(trainer: Trainer<M>, folder: &Path) -> Result<Trainer<M>, TrainingError> {
    let Some(newest) = list(folder)?.pop() else {
        return Err(TrainingError::NothingToResume {
            path: folder.to_owned(),
        });
    };
    let progress = newest.join(PROGRESS);
    let text = fs::read(&progress).map_err(|source| file_error(&progress, "read", source))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| checkpoint_error(&progress, error))?;

    let weights = newest.join(WEIGHTS);
    manifest.weights.check(&weights)?;
    let record = ModuleRecord::load(&weights).map_err(|error| checkpoint_error(&weights, error))?;
    let Trainer {
        model,
        optimizer,
        settings,
        ..
    } = trainer;
    let model = model
        .try_load_record(record)
        .map_err(|error| checkpoint_error(&weights, error))?;
    let path = newest.join(OPTIMIZER);
    manifest.optimizer.check(&path)?;
    let optimizer = optimizer
        .load(&path)
        .map_err(|error| checkpoint_error(&path, error))?;
    Ok(Trainer {
        model,
        optimizer,
        settings,
        clock: Instant::now(),
        progress: manifest.progress,
    })
}

/// Checkpoints under `folder` that were begun and not completed: what kills left.
fn begun(folder: &Path) -> Result<Vec<PathBuf>, TrainingError> {
    let of_kill = |entry: &DirEntry| {
        let name = entry.file_name();
        let step = name.to_str().and_then(|name| {
            let step = name.strip_prefix(".step-")?.strip_suffix(PARTIAL)?;
            step.parse::<u64>().ok()
        });
        step.is_some()
    };
    let entries = entries(folder)?.into_iter();
    Ok(entries.filter(of_kill).map(|entry| entry.path()).collect())
}

/// What is in `folder`, if that is there.
fn entries(folder: &Path) -> Result<Vec<DirEntry>, TrainingError> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.filter_map(Result::ok).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(file_error(folder, "list", source)),
    }
}

/// Complete checkpoints under `folder`, oldest first; of two of one step, the one that was set aside first.
fn list(folder: &Path) -> Result<Vec<PathBuf>, TrainingError> {
    let mut found: Vec<(u64, bool, PathBuf)> = entries(folder)?
        .into_iter()
        .filter_map(|entry| {
            let name = entry.file_name();
            let numbered = name.to_str()?.strip_prefix("step-")?;
            let stays = numbered.strip_suffix(REPLACED);
            let step = stays.unwrap_or(numbered).parse().ok()?;
            Some((step, stays.is_none(), entry.path()))
        })
        .collect();
    found.sort();
    Ok(found.into_iter().map(|(.., path)| path).collect())
}

fn remove(path: &Path) -> Result<(), TrainingError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(file_error(path, "remove", error))
        }
        _ => Ok(()),
    }
}

fn file_error(path: &Path, action: &'static str, source: std::io::Error) -> TrainingError {
    TrainingError::File {
        path: path.to_owned(),
        action,
        source,
    }
}

fn checkpoint_error(path: &Path, error: impl std::fmt::Display) -> TrainingError {
    // One line: the libraries' messages may hold several.
    let reason = error
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    TrainingError::Checkpoint {
        path: path.to_owned(),
        reason,
    }
}
