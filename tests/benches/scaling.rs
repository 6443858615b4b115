//! How the time of a step grows with the work, on one thread and on two: IFactFormer-m of the published width against grid
//! points (16 to 64 cubed), and an scDFM velocity against cells times genes.
//!
//! ```text
//! cargo bench --workspace --features libtorch --bench scaling -- [--repeats 3] [--output FOLDER [--small]]
//! ```
//!
//! Writes `scaling.csv` and `scaling.png` into the folder (tests/benches/results). Every measurement is made in a process of
//! its own, since the number of threads is set once.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use burn::tensor::{Device, Distribution, Tensor};
use rheome_backend::device::{DeviceChoice, set_threads};
use rheome_backend::measurement::{cpu_model, median, seconds};
use rheome_backend::memory::keep_freed_memory;
use rheome_figures::{Axis, Curve, Figure, Panel};
use rheome_flow::ifactformer::config::IFactFormerConfig;
use rheome_flow::{FlowModel, FlowModelConfig};
use rheome_perturbation::graph::{GeneGraph, SelfEdges, VocabularyGraph};
use rheome_perturbation::{GeneQuery, PadTransformer, PadTransformerConfig, Vocabulary};

/// Points per axis.
const GRIDS: [usize; 5] = [16, 24, 32, 48, 64];
/// Cells and genes.
const CELLS: [(usize, usize); 6] = [
    (1, 500),
    (1, 1000),
    (2, 1000),
    (4, 1000),
    (8, 1000),
    (16, 1000),
];
const THREADS: [usize; 2] = [1, 2];

/// What is measured, `Display`ed as it is parsed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Work {
    /// A step on this many points cubed.
    Flow(usize),
    /// A velocity of cells and genes.
    Cells(usize, usize),
}

/// One point of a curve.
struct Measured {
    work: Work,
    device: DeviceChoice,
    threads: usize,
    seconds: f64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let repeats = after("--repeats").map_or(Ok(3), |value| value.parse())?;
    if let Some(work) = after("--one") {
        let device = after("--device").ok_or("--device is missing")?.parse()?;
        set_threads(after("--threads").ok_or("--threads is missing")?.parse()?);
        println!("{}", measure(Work::parse(&work)?, device, repeats)?);
        return Ok(());
    }
    if !arguments.iter().any(|a| a == "--bench") {
        println!("nothing measured: run this with `cargo bench`");
        return Ok(());
    }
    let small = arguments.iter().any(|a| a == "--small");
    let folder = match after("--output") {
        Some(folder) => PathBuf::from(folder),
        None if small => {
            return Err(
                "--small: name a folder with --output; the results that are kept are whole".into(),
            );
        }
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results"),
    };
    let flows = GRIDS
        .iter()
        .map(|n| Work::Flow(if small { n / 4 } else { *n }));
    let cells = CELLS
        .iter()
        .map(|(c, g)| Work::Cells(*c, if small { g / 20 } else { *g }));
    let works: Vec<Work> = flows.chain(cells).collect();
    let mut all = Vec::new();
    for device in DeviceChoice::cpus() {
        if let Err(reason) = device.resolve() {
            println!("left out: {reason}");
            continue;
        }
        for threads in THREADS {
            for work in &works {
                let seconds = apart(*work, device, threads, repeats)?;
                println!(
                    "{}, {device}, {threads} thread(s): {seconds:.4} s",
                    work.name()
                );
                all.push(Measured {
                    work: *work,
                    device,
                    threads,
                    seconds,
                });
            }
        }
    }
    fs::create_dir_all(&folder)?;
    write(&folder.join("scaling.csv"), &all)?;
    draw(&folder.join("scaling.png"), &all)?;
    println!("wrote {}", folder.join("scaling.{csv,png}").display());
    Ok(())
}

/// Measures in a process of its own.
fn apart(
    work: Work,
    device: DeviceChoice,
    threads: usize,
    repeats: usize,
) -> Result<f64, Box<dyn Error>> {
    let output = Command::new(env::current_exe()?)
        .args(["--one", &work.name(), "--device", &device.to_string()])
        .args([
            "--threads",
            &threads.to_string(),
            "--repeats",
            &repeats.to_string(),
        ])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The median seconds of a step, after one that is not counted.
fn measure(work: Work, device: DeviceChoice, repeats: usize) -> Result<f64, Box<dyn Error>> {
    keep_freed_memory();
    let device = device.resolve()?.device;
    device.seed(1);
    let step: Box<dyn FnMut()> = match work {
        Work::Flow(n) => flow_step(n, device)?,
        Work::Cells(cells, genes) => velocity(cells, genes, device)?,
    };
    let mut step = step;
    step();
    Ok(median(&seconds(repeats, step)))
}

fn flow_step(n: usize, device: Device) -> Result<Box<dyn FnMut()>, Box<dyn Error>> {
    let config = FlowModelConfig::IFactFormerM(IFactFormerConfig {
        grid: vec![n; 3],
        ..IFactFormerConfig::default()
    });
    let model = FlowModel::init(&config, 1, &device)?;
    let features = model.prepare(&config.grid());
    let normal = Distribution::Normal(0.0, 1.0);
    let input = Tensor::<6>::random([1, 1, n, n, n, 3], normal, &device);
    Ok(Box::new(move || {
        model.forward(input.clone(), &features).into_data();
    }))
}

fn velocity(
    cells: usize,
    genes: usize,
    device: Device,
) -> Result<Box<dyn FnMut()>, Box<dyn Error>> {
    let config = PadTransformerConfig::default();
    let names: Vec<String> = (0..5000).map(|i| format!("gene{i:05}")).collect();
    let edges = (0..5000).flat_map(|i| (1..=20).map(move |k| (i, (i * 31 + k * k * 97) % 5000)));
    let graph = GeneGraph::from_edges(5000, edges)?;
    let vocabulary = Vocabulary::new(names.clone())?;
    let graph = VocabularyGraph::new(&graph, &names, &vocabulary, SelfEdges::All)?;
    let model = PadTransformer::init(&config, 1, &device)?;
    let ids: Vec<usize> = (0..genes).map(|i| 4 + i * (5000 / genes)).collect();
    let asked = GeneQuery::new(&graph, &ids, &device)?;
    let perturbed = GeneQuery::new(&graph, &[10, 20], &device)?;
    let encoded = model.gene_encoder.forward(&asked);
    let conditions = model.prepare(encoded, model.embed_perturbation(&perturbed));
    let draw = || Tensor::<2>::random([cells, genes], Distribution::Uniform(0.0, 3.0), &device);
    let control = model.prepare_cells(draw(), &conditions);
    let noisy = draw();
    Ok(Box::new(move || {
        let times = Tensor::full([1], 0.3, &noisy.device());
        model
            .velocity(noisy.clone(), times, &conditions, &control)
            .into_data();
    }))
}

impl Work {
    fn name(self) -> String {
        match self {
            Self::Flow(n) => format!("flow:{n}"),
            Self::Cells(cells, genes) => format!("cells:{cells}x{genes}"),
        }
    }

    fn parse(name: &str) -> Result<Self, Box<dyn Error>> {
        if let Some(n) = name.strip_prefix("flow:") {
            return Ok(Self::Flow(n.parse()?));
        }
        let both = name
            .strip_prefix("cells:")
            .and_then(|rest| rest.split_once('x'));
        let (cells, genes) = both.ok_or_else(|| format!("{name}: no such work"))?;
        Ok(Self::Cells(cells.parse()?, genes.parse()?))
    }

    /// Grid points, or cells times genes.
    fn size(self) -> usize {
        match self {
            Self::Flow(n) => n.pow(3),
            Self::Cells(cells, genes) => cells * genes,
        }
    }

    fn is_flow(self) -> bool {
        matches!(self, Self::Flow(_))
    }
}

fn write(path: &Path, all: &[Measured]) -> Result<(), Box<dyn Error>> {
    let mut text = format!("# {}\nwork,size,device,threads,seconds\n", cpu_model());
    for one in all {
        let kind = if one.work.is_flow() {
            "IFactFormer-m step"
        } else {
            "scDFM velocity"
        };
        let (size, device) = (one.work.size(), one.device);
        text += &format!(
            "{kind},{size},{device},{},{:.5}\n",
            one.threads, one.seconds
        );
    }
    Ok(fs::write(path, text)?)
}

/// Two charts; the black line is time in proportion to the work.
fn draw(path: &Path, all: &[Measured]) -> Result<(), Box<dyn Error>> {
    let mut names = vec!["in proportion to the work".to_owned()];
    for one in all {
        let name = set_name(one);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let panels = [
        (true, "grid points", "IFactFormer-m: s per step"),
        (false, "cells x genes", "scDFM: s per velocity"),
    ];
    let panels = panels.map(|(is_flow, x, y)| {
        let of_kind: Vec<&Measured> = all.iter().filter(|m| m.work.is_flow() == is_flow).collect();
        let mut curves: Vec<Curve> = Vec::new();
        if let Some(proportional) = proportional(&of_kind) {
            curves.push(Curve::line(0, proportional));
        }
        for (set, name) in names.iter().enumerate().skip(1) {
            let points = of_kind.iter().filter(|one| set_name(one) == *name);
            let points = points.map(|one| (one.work.size() as f64, one.seconds));
            curves.push(Curve::line(set, points.collect()));
        }
        Panel {
            x: Axis::logarithmic(x),
            y: Axis::logarithmic(y),
            curves,
        }
    });
    let figure = Figure {
        names,
        panels: panels.into(),
        columns: 2,
    };
    Ok(figure.draw(path)?)
}

fn set_name(one: &Measured) -> String {
    let plural = if one.threads == 1 { "" } else { "s" };
    format!("{}, {} thread{plural}", one.device, one.threads)
}

/// A line of slope 1 through the largest work of the last set.
fn proportional(of_kind: &[&Measured]) -> Option<Vec<(f64, f64)>> {
    let last = of_kind.last()?;
    let smallest = of_kind.iter().map(|one| one.work.size()).min()? as f64;
    let (size, seconds) = (last.work.size() as f64, last.seconds);
    Some(vec![(smallest, seconds * smallest / size), (size, seconds)])
}
