//! The model folder that a training writes.

use std::path::{Path, PathBuf};

use rheome_backend::atomic::write_atomically;
use rheome_cli::{Failure, settings as settings_file};
use rheome_flow::{FlowModel, Normalization};
use rheome_training::{Trainer, checkpoint, metrics::MetricsLog};

use super::super::{command_line, program};
use super::settings::TrainSettings;
use crate::model_folder::{CHECKPOINTS, CONFIG, METRICS, NORMALIZATION, WEIGHTS};

/// The weights of the last epoch, beside the best ones.
const LAST_WEIGHTS: &str = "last.safetensors";

/// A model folder under training.
pub struct RunFolder {
    path: PathBuf,
    resume: bool,
}

impl RunFolder {
    /// Starts the folder `path`, or goes on in it with `resume`.
    ///
    /// # Errors
    /// [`Failure`] if a new run would replace another, or a resumed one was begun with other settings.
    pub fn open(path: &Path, settings: &TrainSettings, resume: bool) -> Result<Self, Failure> {
        let this = Self {
            path: path.to_owned(),
            resume,
        };
        let config = path.join(CONFIG);
        if resume {
            let begun: TrainSettings = settings_file::load(&config, &[])?;
            if begun != *settings {
                return Err(Failure::new(format!(
                    "{}: the run was begun with other settings; resume with --config {0}",
                    config.display()
                )));
            }
            return Ok(this);
        }
        if config.exists() {
            return Err(Failure::new(format!(
                "{}: holds a model already; choose another --output, or --resume to continue it",
                path.display()
            )));
        }
        std::fs::create_dir_all(path)
            .map_err(|e| Failure::new(format!("{}: cannot create: {e}", path.display())))?;
        let text = toml::to_string(settings)
            .map_err(|e| Failure::new(format!("{}: cannot write: {e}", config.display())))?;
        this.write(CONFIG, text.as_bytes())?;
        Ok(this)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The statistics of a resumed run.
    pub fn normalization(&self) -> Result<Option<Normalization>, Failure> {
        let path = self.path.join(NORMALIZATION);
        if self.resume && path.exists() {
            Ok(Some(Normalization::load(&path)?))
        } else {
            Ok(None)
        }
    }

    /// Writes the statistics and hands them back.
    pub fn keep_normalization(
        &self,
        normalization: Normalization,
    ) -> Result<Normalization, Failure> {
        normalization.save(&self.path.join(NORMALIZATION))?;
        Ok(normalization)
    }

    /// A fresh run as it is, or one continued from its newest checkpoint; and its metrics.
    pub fn start(
        &self,
        trainer: Trainer<FlowModel>,
    ) -> Result<(Trainer<FlowModel>, MetricsLog), Failure> {
        let metrics = self.path.join(METRICS);
        if !self.resume {
            return Ok((trainer, MetricsLog::create(&metrics)?));
        }
        let checkpoints = self.path.join(CHECKPOINTS);
        // A run that was stopped before its first checkpoint begins again: it is the same run.
        let trainer = match checkpoint::exists(&checkpoints)? {
            true => checkpoint::load(trainer, &checkpoints)?,
            false => trainer,
        };
        let log = MetricsLog::resume(&metrics, trainer.progress.step)?;
        Ok((trainer, log))
    }

    /// Writes the weights of an epoch, as the model's own if they are the best.
    pub fn keep_weights(&self, model: &FlowModel, best: bool) -> Result<(), Failure> {
        let (program, command) = (program(), command_line());
        let metadata = [
            ("program", program.as_str()),
            ("command_line", command.as_str()),
        ];
        model.save(&self.path.join(LAST_WEIGHTS), &metadata)?;
        if best {
            model.save(&self.path.join(WEIGHTS), &metadata)?;
        }
        Ok(())
    }

    /// Makes a checkpoint.
    pub fn checkpoint(&self, trainer: &Trainer<FlowModel>) -> Result<(), Failure> {
        checkpoint::save(trainer, &self.path.join(CHECKPOINTS))?;
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path.join(name);
        write_atomically(&path, bytes)
            .map_err(|e| Failure::new(format!("{}: cannot write: {e}", path.display())))
    }
}
