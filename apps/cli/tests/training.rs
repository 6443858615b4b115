//! The loop of a training: what a run leaves where it fails, and what it finds where another left something.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use rheome_backend::device::DeviceChoice;
use rheome_cli::training::{Plan, StepLoss, TrainOptions, Training, Validation, train};
use rheome_cli::{ComputeOptions, DataFingerprint, Failure, Program, RunFolder};
use rheome_training::{OptimizerSettings, Trainer, checkpoint};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

const PROGRAM: Program = Program {
    name: "test",
    version: "0",
};
/// Steps of an epoch.
const BATCHES: u64 = 3;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    width: u64,
}

/// Learns to answer 0; its validations fail as long as they are told to.
struct Lessons {
    fail: Cell<bool>,
    steps: Cell<u64>,
}

impl Lessons {
    fn new(fail: bool) -> Self {
        Self {
            fail: Cell::new(fail),
            steps: Cell::new(0),
        }
    }
}

impl Training for Lessons {
    type Model = Linear;
    type Batch = f32;
    const COUNTS_EPOCHS: bool = true;

    fn plan(&self) -> Plan {
        Plan {
            epochs: 2,
            batches: BATCHES,
            log_every: 1,
            checkpoint_every: 100,
        }
    }

    fn batches(
        &self,
        _epoch: u64,
        first: u64,
    ) -> impl Iterator<Item = Result<f32, Failure>> + Send {
        (first..BATCHES).map(|number| Ok(1.0 + number as f32))
    }

    fn loss(&self, model: &Linear, batch: f32, _step: u64) -> Result<StepLoss, Failure> {
        self.steps.set(self.steps.get() + 1);
        let input = Tensor::<2>::full([1, 2], batch, &device());
        Ok(StepLoss {
            total: model.forward(input).square().mean(),
            terms: Vec::new(),
        })
    }

    fn validate(&self, _model: &Linear, train_loss: f64) -> Result<Validation, Failure> {
        match self.fail.get() {
            true => Err(Failure::new("data.h5: cannot read")),
            false => Ok(Validation::new(train_loss, [], String::new())),
        }
    }

    fn save(&self, _: &Linear, path: &Path, _: &[(&str, &str)]) -> Result<(), Failure> {
        rheome_cli::files::write(path, "weights")
    }
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn options(output: &Path, resume: bool) -> TrainOptions {
    TrainOptions {
        config: PathBuf::from("a.toml"),
        overrides: Vec::new(),
        output: output.to_owned(),
        weights: None,
        resume,
        compute: ComputeOptions {
            device: DeviceChoice::Flex,
            threads: Some(1),
            seed: None,
            quiet: true,
            verbose: false,
            log_json: None,
        },
    }
}

fn open(options: &TrainOptions) -> Result<RunFolder, Failure> {
    let data = DataFingerprint::new().with("values", 1);
    RunFolder::open(options, &Settings { width: 2 }, &data, PROGRAM)
}

fn run(lessons: &Lessons, output: &Path, resume: bool) -> Result<(), Failure> {
    let options = options(output, resume);
    let model = LinearConfig::new(2, 1).init(&device());
    let trainer = Trainer::new(model, OptimizerSettings::default(), 1)?;
    train(lessons, trainer, &open(&options)?, &options)
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    (folder, run)
}

#[test]
fn a_validation_that_fails_costs_no_step() {
    let (_folder, output) = folder();
    let lessons = Lessons::new(true);
    let failure = run(&lessons, &output, false).unwrap_err();
    assert_eq!(failure.line(), "data.h5: cannot read");
    assert_eq!(lessons.steps.get(), BATCHES);
    assert!(checkpoint::exists(&output.join("checkpoints")).unwrap());
    // It goes on with the validation, and makes the steps of the other epoch.
    let again = Lessons::new(false);
    run(&again, &output, true).unwrap();
    assert_eq!(again.steps.get(), BATCHES);
    let metrics = fs::read_to_string(output.join("metrics.jsonl")).unwrap();
    let of = |event: &str| metrics.matches(&format!("\"event\":\"{event}\"")).count();
    assert_eq!((of("step"), of("epoch")), (6, 2), "{metrics}");
}

#[test]
fn what_a_kill_left_is_removed_when_the_run_goes_on() {
    let (_folder, output) = folder();
    run(&Lessons::new(true), &output, false).unwrap_err();
    let checkpoints = output.join("checkpoints");
    let left = [
        output.join("last.safetensors.999.partial"),
        checkpoints.join(".step-00000077.partial/weights.bpk"),
    ];
    fs::create_dir(checkpoints.join(".step-00000077.partial")).unwrap();
    for path in &left {
        fs::write(path, "half").unwrap();
    }
    run(&Lessons::new(false), &output, true).unwrap();
    for path in &left {
        assert!(!path.exists(), "{}", path.display());
    }
    let names: Vec<_> = fs::read_dir(&checkpoints).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_new_run_takes_nothing_of_another_for_its_own() {
    for left in [
        "weights.safetensors",
        "last.safetensors",
        "checkpoints",
        "metrics.jsonl",
    ] {
        let (_folder, output) = folder();
        fs::create_dir(&output).unwrap();
        fs::write(output.join(left), "of another run").unwrap();
        let failure = open(&options(&output, false)).unwrap_err();
        let words =
            format!("run: holds {left} of another run, without config.toml; choose another");
        assert!(failure.line().contains(&words), "{failure:?}");
        assert!(!output.join("config.toml").exists(), "{left}");
        assert!(output.join(left).exists(), "{left}");
    }
    let (_folder, output) = folder();
    drop(open(&options(&output, false)).unwrap());
    let failure = open(&options(&output, false)).unwrap_err();
    assert!(
        failure.line().contains("holds a model already"),
        "{failure:?}"
    );
}
