//! One velocity of the published PAD-Transformer (512 wide, 4 blocks, 1000 of 5000 genes, 4 cells) on every backend and in
//! plain PyTorch:
//!
//! ```text
//! cargo bench -p rheome-perturbation --features libtorch --bench velocity [-- --repeats 5 --threads 2 --small --devices flex,libtorch]
//! ```
//!
//! All have the same weights and inputs, and their velocities must agree: the bench fails otherwise. Each is measured in a
//! process of its own, for its peak memory. PyTorch's line needs `RHEOME_TORCH_PYTHON`, an interpreter with torch, numpy and
//! safetensors; there everything is computed at every evaluation, as the published code does.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;
use std::{env, fs};

use burn::tensor::{DType, Device, Distribution, Tensor, TensorData};
use rheome_backend::device::{DeviceChoice, set_threads};
use rheome_backend::measurement::{Comparison, Unit, median, peak_memory, rival_sources};
use rheome_backend::memory::{give_back_freed_memory, keep_freed_memory};
use rheome_backend::weights::StateDict;
use rheome_perturbation::graph::{GeneGraph, SelfEdges, VocabularyGraph};
use rheome_perturbation::{GeneQuery, PadTransformer, PadTransformerConfig, Vocabulary};
use serde_json::{Value, json};

/// Largest difference to the first measured, relative to its largest magnitude.
const TOLERANCE: f64 = 1e-4;

/// The rival.
const PYTORCH: &str = "PyTorch eager";

/// What ours should cost at most, in the rival's: seconds of a velocity, peak memory.
const TARGETS: [f64; 2] = [0.5, 0.3];

/// Sizes of the problem.
struct Case {
    config: PadTransformerConfig,
    genes: usize,
    asked: usize,
    cells: usize,
    directory: PathBuf,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let number = |name, default: usize| after(name).map_or(Ok(default), |v| v.parse());
    let (repeats, threads) = (number("--repeats", 5)?, number("--threads", 2)?);
    let directory = after("--directory").map_or_else(
        || env::temp_dir().join(format!("rheome-velocity-{}", std::process::id())),
        PathBuf::from,
    );
    let case = Case::new(arguments.iter().any(|a| a == "--small"), directory);
    if let Some(backend) = after("--one") {
        println!("{}", measure(&case, backend.parse()?, repeats, threads)?);
        return Ok(true);
    }
    if !arguments.iter().any(|a| a == "--bench") {
        println!("nothing measured: run this with `cargo bench`");
        return Ok(true);
    }
    case.write()?;
    let agree = compare(&case, &arguments, repeats, threads);
    fs::remove_dir_all(&case.directory)?;
    agree
}

/// Measures everything and says whether all agree.
fn compare(
    case: &Case,
    arguments: &[String],
    repeats: usize,
    threads: usize,
) -> Result<bool, Box<dyn Error>> {
    let named = arguments.iter().skip_while(|a| *a != "--devices").nth(1);
    let devices = match named {
        Some(names) => names.split(',').map(str::parse).collect::<Result<_, _>>()?,
        None => DeviceChoice::cpus(),
    };
    let mut lines: Vec<(String, Command)> = Vec::new();
    match env::var_os("RHEOME_TORCH_PYTHON").filter(|value| !value.is_empty()) {
        None => println!("PyTorch was not run: RHEOME_TORCH_PYTHON is not set"),
        Some(interpreter) => {
            let mut command = Command::new(interpreter);
            let folder = rival_sources(env!("CARGO_MANIFEST_DIR"));
            command.arg(folder.join("pytorch_pad_transformer.py"));
            let gpu = devices.iter().find(|device| device.is_gpu());
            let device = gpu.map_or_else(|| "cpu".to_owned(), ToString::to_string);
            command.args(["--device", &device]);
            // Cargo puts our libtorch there; PyTorch has to find its own.
            command.env_remove("LD_LIBRARY_PATH");
            lines.push((PYTORCH.into(), command));
        }
    }
    for backend in devices {
        if backend.resolve().is_ok() {
            let mut command = Command::new(env::current_exe()?);
            command.args(["--one", &backend.to_string()]);
            command.args(arguments.iter().filter(|a| *a == "--small"));
            lines.push((backend.to_string(), command));
        }
    }
    println!(
        "{:16} {:>10} {:>10} {:>10} {:>10} {:>9} {:>10}",
        "", "genes, s", "cells, s", "velocity, s", "CPU, s", "peak, MiB", "difference"
    );
    let mut reference: Option<Vec<f32>> = None;
    let mut rival: Option<[f64; 2]> = None;
    let mut agree = true;
    for (name, mut command) in lines {
        command.arg("--directory").arg(&case.directory);
        command.args(["--repeats", &repeats.to_string()]);
        command.args(["--threads", &threads.to_string()]);
        let output = command.stderr(Stdio::inherit()).output()?;
        let found: Value = serde_json::from_slice(&output.stdout)
            .map_err(|e| format!("{name}: not a measurement: {e}"))?;
        let velocity = case.velocity()?;
        let difference = reference
            .get_or_insert(velocity.clone())
            .iter()
            .zip(&velocity);
        let scale = velocity.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        let difference = difference.fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
        let difference = f64::from(difference / scale);
        agree &= difference <= TOLERANCE;
        let of = |key: &str| found[key].as_f64().unwrap_or(f64::NAN);
        let costs = [of("velocity"), of("peak_mib")];
        match rival {
            Some(theirs) => tell(&name, costs, theirs)?,
            None if name == PYTORCH => rival = Some(costs),
            None => {}
        }
        println!(
            "{name:16} {:10.2} {:10.2} {:10.2} {:10.2} {:9.0} {difference:10.1e}",
            of("genes"),
            of("cells"),
            of("velocity"),
            of("cpu"),
            of("peak_mib"),
        );
    }
    Ok(agree)
}

/// Adds ours beside the rival's to the table of all benches.
fn tell(name: &str, ours: [f64; 2], theirs: [f64; 2]) -> Result<(), Box<dyn Error>> {
    let units = [Unit::Seconds, Unit::Mebibytes];
    // What a process holds of the host's memory tells nothing of a GPU's.
    let told = if name.starts_with("cuda") { 1 } else { 2 };
    for (i, unit) in units.into_iter().enumerate().take(told) {
        let comparison = Comparison {
            work: "scDFM, one velocity of a sampling run".to_owned(),
            ours: name.to_owned(),
            rival: PYTORCH.to_owned(),
            unit,
            value: ours[i],
            rival_value: theirs[i],
            // Those for flex are not stated.
            target: (name != "flex").then_some(TARGETS[i]),
        };
        comparison.tell()?;
    }
    Ok(())
}

/// Measures one backend in this process and leaves its velocity in the directory.
fn measure(
    case: &Case,
    backend: DeviceChoice,
    repeats: usize,
    threads: usize,
) -> Result<Value, Box<dyn Error>> {
    keep_freed_memory();
    set_threads(threads);
    let device = backend.resolve()?.device;
    let io = StateDict::read(&case.file("io.safetensors"))?.tensors;
    let tensor = |name: &str| Tensor::<2>::from_data(io[name].clone(), &device);
    let model = PadTransformer::blank(&case.config, &device)?;
    let model = model.load(&case.file("weights.safetensors"))?;
    let graph = case.graph()?;
    let genes = GeneQuery::new(&graph, &case.asked_ids(), &device)?;
    let perturbed = GeneQuery::new(&graph, &[10, 20], &device)?;
    let start = Instant::now();
    let perturbation = model.embed_perturbation(&perturbed);
    let conditions = model.prepare(model.gene_encoder.forward(&genes), perturbation);
    conditions.genes().into_data();
    let genes_seconds = start.elapsed().as_secs_f64();
    give_back_freed_memory();
    let start = Instant::now();
    let control = model.prepare_cells(tensor("control"), &conditions);
    let noisy = tensor("noisy");
    let cells_seconds = start.elapsed().as_secs_f64();
    let evaluate = || {
        let times = Tensor::full([1], 0.3, &device);
        model
            .velocity(noisy.clone(), times, &conditions, &control)
            .into_data()
    };
    let velocity = evaluate();
    let (mut seconds, cpu) = (Vec::new(), cpu_seconds()?);
    for _ in 0..repeats {
        let start = Instant::now();
        evaluate();
        seconds.push(start.elapsed().as_secs_f64());
    }
    let cpu = (cpu_seconds()? - cpu) / repeats as f64;
    let mut file = StateDict::default();
    file.tensors.insert("velocity".into(), velocity);
    file.write(&case.file("velocity.safetensors"))?;
    Ok(json!({
        "genes": genes_seconds,
        "cells": cells_seconds,
        "velocity": median(&seconds),
        "cpu": cpu,
        "peak_mib": peak_memory().ok_or("the system does not tell the peak memory")?,
    }))
}

impl Case {
    fn new(small: bool, directory: PathBuf) -> Self {
        let published = PadTransformerConfig::default();
        let (config, genes, asked, cells) = if small {
            let config = PadTransformerConfig {
                vocabulary: 300,
                width: 64,
                blocks: 2,
                ..published
            };
            (config, 250, 100, 2)
        } else {
            (published, 5000, 1000, 4)
        };
        Self {
            config,
            genes,
            asked,
            cells,
            directory,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Every fifth gene or so.
    fn asked_ids(&self) -> Vec<usize> {
        let stride = self.genes / self.asked;
        (0..self.asked).map(|i| 4 + i * stride).collect()
    }

    /// A graph of about the published number of edges, whatever they join.
    fn graph(&self) -> Result<VocabularyGraph, Box<dyn Error>> {
        let names: Vec<String> = (0..self.genes).map(|i| format!("gene{i:05}")).collect();
        let genes = self.genes;
        let edges =
            (0..genes).flat_map(|i| (1..=20).map(move |k| (i, (i * 31 + k * k * 97) % genes)));
        let graph = GeneGraph::from_edges(genes, edges)?;
        let vocabulary = Vocabulary::new(names.clone())?;
        Ok(VocabularyGraph::new(
            &graph,
            &names,
            &vocabulary,
            SelfEdges::All,
        )?)
    }

    fn write(&self) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(&self.directory)?;
        let device = Device::flex();
        PadTransformer::init(&self.config, 1, &device)?
            .save(&self.file("weights.safetensors"), &[])?;
        device.seed(7);
        let mut io = StateDict::default();
        for name in ["noisy", "control"] {
            let cells = Tensor::<2>::random(
                [self.cells, self.asked],
                Distribution::Uniform(0.0, 3.0),
                &device,
            );
            io.tensors.insert(name.into(), cells.into_data());
        }
        let graph = self.graph()?;
        let edges: Vec<i64> = (0..graph.size())
            .flat_map(|i| {
                graph
                    .neighbours(i)
                    .iter()
                    .map(move |j| [i as i64, i64::from(*j)])
            })
            .flatten()
            .collect();
        let ids: Vec<i64> = self.asked_ids().into_iter().map(|id| id as i64).collect();
        for (name, numbers) in [("edges", edges), ("gene_ids", ids)] {
            let length = numbers.len();
            io.tensors
                .insert(name.into(), TensorData::new(numbers, [length]));
        }
        io.write(&self.file("io.safetensors"))?;
        let sizes = json!({"heads": self.config.heads, "encoder_heads": self.config.encoder_heads});
        fs::write(self.file("case.json"), sizes.to_string())?;
        Ok(())
    }

    /// What the last measurement left.
    fn velocity(&self) -> Result<Vec<f32>, Box<dyn Error>> {
        let mut tensors = StateDict::read(&self.file("velocity.safetensors"))?.tensors;
        let velocity = tensors
            .remove("velocity")
            .ok_or("no tensor named velocity")?;
        Ok(velocity.convert_dtype(DType::F32).iter::<f32>().collect())
    }
}

/// Processor time of this process so far, all threads together.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    /// Linux counts in hundredths of a second.
    const TICKS: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat")?;
    let behind_name = text.rsplit(')').next().ok_or("/proc/self/stat: no name")?;
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok());
    let (user, system) = ticks(11)
        .zip(ticks(12))
        .ok_or("/proc/self/stat: no times")?;
    Ok((user + system) / TICKS)
}
