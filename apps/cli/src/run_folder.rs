//! The model folder of a training: how it is begun, continued, and kept from settings or data that are not its own.

use std::path::{Path, PathBuf};

use burn::module::Module;
use rheome_atomic::remove_partials;
use rheome_training::{Trainer, checkpoint, metrics::MetricsLog};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data_fingerprint::{DATA, DataFingerprint};
use crate::model_folder::{CHECKPOINTS, CONFIG, METRICS, WEIGHTS};
use crate::training::TrainOptions;
use crate::{Claim, Failure, Program, files, settings as settings_file};

/// The weights of the last epoch, beside the best ones.
const LAST_WEIGHTS: &str = "last.safetensors";

/// A model folder under training.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    resume: bool,
    program: Program,
    /// Held as long as the run.
    _claim: Claim,
}

impl RunFolder {
    /// Starts the folder of a run with `settings` on `data`, or goes on in it with `--resume`.
    ///
    /// # Errors
    /// [`Failure`] if a new run would replace another, or a resumed one was begun with other settings or other data, or
    /// another run is at work in the folder.
    pub fn open<S: Serialize + DeserializeOwned + PartialEq>(
        options: &TrainOptions,
        settings: &S,
        data: &DataFingerprint,
        program: Program,
    ) -> Result<Self, Failure> {
        let path = options.output.clone();
        if !options.resume {
            files::create_folder(&path)?;
        } else if !path.is_dir() {
            return Err(Failure::new(format!(
                "{}: cannot read: there is no run to resume",
                path.join(CONFIG).display()
            )));
        }
        let this = Self {
            _claim: Claim::folder("--output", &path)?,
            path,
            resume: options.resume,
            program,
        };
        // Nobody else writes here now.
        remove_partials(&this.path, None);
        let config = this.path.join(CONFIG);
        if this.resume {
            let begun: S = settings_file::load(&config, &[])?;
            // First: settings may be filled in from the data.
            this.check_data(data)?;
            if begun != *settings {
                return Err(Failure::new(format!(
                    "{}: the run was begun with other settings; resume with --config {0}",
                    config.display()
                )));
            }
            return Ok(this);
        }
        this.refuse_older()?;
        this.write(DATA, serde_json::to_string_pretty(data)?)?;
        // Last: with its settings a run has begun.
        this.write(CONFIG, toml::to_string(settings)?)?;
        Ok(this)
    }

    /// Fails where a run before this one left anything: a training that is resumed would take it for its own.
    fn refuse_older(&self) -> Result<(), Failure> {
        let path = self.path.display();
        if self.path.join(CONFIG).exists() {
            return Err(Failure::new(format!(
                "{path}: holds a model already; choose another --output, or --resume to continue it"
            )));
        }
        let left = [WEIGHTS, LAST_WEIGHTS, CHECKPOINTS, METRICS];
        match left.iter().find(|name| self.path.join(name).exists()) {
            Some(name) => Err(Failure::new(format!(
                "{path}: holds {name} of another run, without {CONFIG}; choose another --output, or remove what is in it"
            ))),
            None => Ok(()),
        }
    }

    /// Fails where the run was begun with other data. A run of before there were fingerprints takes these.
    fn check_data(&self, data: &DataFingerprint) -> Result<(), Failure> {
        let Some(path) = self.kept(DATA) else {
            return self.write(DATA, serde_json::to_string_pretty(data)?);
        };
        match data.difference(&files::read_json(&path)?) {
            None => Ok(()),
            Some(difference) => Err(Failure::new(format!(
                "{}: the run was begun with other data ({difference}); resume with the --data of before",
                path.display()
            ))),
        }
    }

    fn write(&self, name: &str, text: String) -> Result<(), Failure> {
        files::write(&self.path.join(name), text)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file that an interrupted run left, if this one continues it.
    pub fn kept(&self, name: &str) -> Option<PathBuf> {
        let path = self.path.join(name);
        (self.resume && path.exists()).then_some(path)
    }

    /// A fresh run as it is, or one continued from its newest checkpoint; and its metrics.
    ///
    /// # Errors
    /// [`Failure`] naming the file that cannot be read or written.
    pub fn start<M: Module>(
        &self,
        trainer: Trainer<M>,
    ) -> Result<(Trainer<M>, MetricsLog), Failure> {
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

    /// Writes the weights of an epoch with `save`, as the model's own if they are the best.
    ///
    /// # Errors
    /// [`Failure`] as `save` tells.
    pub fn keep_weights<E: Into<Failure>>(
        &self,
        best: bool,
        save: impl Fn(&Path, &[(&str, &str)]) -> Result<(), E>,
    ) -> Result<(), Failure> {
        let (title, command) = (self.program.title(), self.program.command_line());
        let metadata = [
            ("program", title.as_str()),
            ("command_line", command.as_str()),
        ];
        save(&self.path.join(LAST_WEIGHTS), &metadata).map_err(Into::into)?;
        if best {
            save(&self.path.join(WEIGHTS), &metadata).map_err(Into::into)?;
        }
        Ok(())
    }

    /// Fails where no validation of the run that ends here was good enough to have its weights kept as the model's own.
    ///
    /// # Errors
    /// [`Failure`] naming the weights that there are.
    pub fn check_weights(&self) -> Result<(), Failure> {
        let path = self.path.join(WEIGHTS);
        if path.exists() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{}: is not there: no validation gave a finite number; the weights of the last epoch are in {}; train anew with a lower \
             training.optimizer.learning_rate",
            path.display(),
            self.path.join(LAST_WEIGHTS).display()
        )))
    }

    /// Makes a checkpoint.
    ///
    /// # Errors
    /// [`Failure`] naming the file that cannot be written.
    pub fn checkpoint<M: Module>(&self, trainer: &Trainer<M>) -> Result<(), Failure> {
        checkpoint::save(trainer, &self.path.join(CHECKPOINTS))?;
        Ok(())
    }
}
