//! Timing one backend, in a process of its own.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use rheome_backend::device::{DeviceChoice, set_threads};
use rheome_backend::measurement::{peak_memory, seconds};
use rheome_backend::memory::keep_freed_memory;
use rheome_backend::weights::StateDict;
use rheome_layers::loss::relative_l2;
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::options::Options;
use crate::table::{Finding, Outcome};

/// The paper's optimiser: AdamW with this rate and PyTorch's defaults.
const LEARNING_RATE: f64 = 5e-4;
const WEIGHT_DECAY: f32 = 0.01;

/// What one process measured; PyTorch's script writes the same keys.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// Version of what computed.
    pub version: String,
    /// Seconds of each forward step.
    pub forward_seconds: Vec<f64>,
    /// Seconds of each training step: forward, backward, AdamW.
    pub training_seconds: Vec<f64>,
    /// Loss of each training step, before its update.
    pub losses: Vec<f64>,
    /// Largest resident memory up to the last forward step, in MiB; none for a GPU, whose memory it does not show.
    pub forward_peak_mib: Option<f64>,
    /// Largest resident memory of all, in MiB; none for a GPU.
    pub training_peak_mib: Option<f64>,
}

/// Measures `backend` in a process of its own.
pub fn measure_apart(
    case: &Case,
    backend: DeviceChoice,
    options: &Options,
) -> Result<Outcome, Box<dyn Error>> {
    if let Err(reason) = backend.resolve() {
        return Ok(Outcome::NotRun(reason.to_string()));
    }
    eprintln!("measuring {backend} ...");
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("--one")
        .arg(backend.to_string())
        .arg("--directory")
        .arg(&case.directory);
    finding(command, options, &output_file(case, backend))
        .map(|found| Outcome::Found(Box::new(found)))
}

/// Runs a measuring process and reads what it found: JSON on its standard output, and a file with the output of a step.
pub fn finding(
    mut command: Command,
    options: &Options,
    output: &Path,
) -> Result<Finding, Box<dyn Error>> {
    command.arg("--repeats").arg(options.repeats.to_string());
    command.arg("--threads").arg(options.threads.to_string());
    let program = command.get_program().to_owned();
    let ended = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    if !ended.status.success() {
        return Err(format!("{}: {}", program.display(), ended.status).into());
    }
    let measurement = serde_json::from_slice(&ended.stdout)
        .map_err(|e| format!("{}: not a measurement: {e}", program.display()))?;
    let mut tensors = StateDict::read(output)?.tensors;
    let output = tensors.remove("output").ok_or("no tensor named output")?;
    Ok(Finding {
        measurement,
        output,
    })
}

/// Measures `backend` in this process and writes the output of a step beside the case.
pub fn measure(
    case: &Case,
    backend: DeviceChoice,
    options: &Options,
) -> Result<Measurement, Box<dyn Error>> {
    keep_freed_memory();
    set_threads(options.threads);
    let device = backend.resolve()?.device;
    let (output, forward_seconds) = forward(case, &device, options.repeats)?;
    let mut file = StateDict::default();
    file.tensors.insert("output".into(), output);
    file.write(&output_file(case, backend))?;
    let on_cpu = !backend.is_gpu();
    let peak_mib = || on_cpu.then(peak_mib).transpose();
    let forward_peak_mib = peak_mib()?;
    let (losses, training_seconds) = training(case, &device.autodiff(), options.repeats)?;
    Ok(Measurement {
        version: version(backend),
        forward_seconds,
        training_seconds,
        losses,
        forward_peak_mib,
        training_peak_mib: peak_mib()?,
    })
}

fn forward(
    case: &Case,
    device: &Device,
    repeats: usize,
) -> Result<(TensorData, Vec<f64>), Box<dyn Error>> {
    let (model, features) = case.model(device)?;
    let input: Tensor<6> = case.tensor("input", device);
    // Reading the result is part of a step: it waits for a backend that computes later.
    let step = || model.forward(input.clone(), &features).into_data();
    let output = step();
    Ok((output, seconds(repeats, || drop(step()))))
}

fn training(
    case: &Case,
    device: &Device,
    repeats: usize,
) -> Result<(Vec<f64>, Vec<f64>), Box<dyn Error>> {
    let (mut model, features) = case.model(device)?;
    let input: Tensor<6> = case.tensor("input", device);
    let target: Tensor<5> = case.tensor("target", device);
    let mut optimizer = AdamWConfig::new()
        .with_epsilon(1e-8)
        .with_weight_decay(WEIGHT_DECAY)
        .init();
    let mut losses = Vec::new();
    let mut step = || {
        let loss = relative_l2(model.forward(input.clone(), &features), target.clone());
        losses.push(f64::from(loss.clone().into_scalar::<f32>()));
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(LEARNING_RATE, model.clone(), gradients);
    };
    step();
    let seconds = seconds(repeats, step);
    Ok((losses, seconds))
}

fn output_file(case: &Case, backend: DeviceChoice) -> PathBuf {
    case.file(&format!("{backend}.safetensors"))
}

fn version(backend: DeviceChoice) -> String {
    match backend {
        #[cfg(feature = "libtorch")]
        DeviceChoice::LibTorch => rheome_backend::libtorch::VERSION.to_owned(),
        _ => format!("burn {}", locked_version("burn").unwrap_or_default()),
    }
}

/// The version of a package in the workspace's `Cargo.lock`.
fn locked_version(package: &str) -> Option<String> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let text = fs::read_to_string(lock).ok()?;
    let (_, rest) = text.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// The largest resident memory of this process so far, in MiB.
fn peak_mib() -> Result<f64, Box<dyn Error>> {
    Ok(peak_memory().ok_or("the system does not tell the peak memory")?)
}
