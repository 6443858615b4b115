//! `perturb prepare` beside scanpy, from one file to another, each in processes of its own:
//!
//! ```text
//! cargo bench -p perturb --features libtorch --bench prepare [-- --cells 100000 --genes 5000 --repeats 5 --threads 2]
//! ```
//!
//! Both normalise totals, take logarithms, keep 2000 variable genes and write the result; they must keep the same genes with
//! the same values: the bench fails otherwise. The cells are a simulated screen, sparse. Scanpy needs `RHEOME_PYTHON`, an
//! interpreter that has it. Linux tells the peak of a process's memory.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rheome_backend::measurement::{Comparison, Unit, median};

/// Genes to keep.
const KEPT: &str = "2000";
/// How often a process's memory is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Scanpy's time that `perturb prepare` should take at most.
const TARGET: f64 = 0.5;

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
    if !arguments.iter().any(|a| a == "--bench") {
        println!("nothing measured: run this with `cargo bench`");
        return Ok(());
    }
    let number = |name: &str, default: usize| -> Result<usize, Box<dyn Error>> {
        let at = arguments.iter().position(|a| a == name);
        match at.and_then(|at| arguments.get(at + 1)) {
            Some(value) => value
                .parse()
                .map_err(|e| format!("{name} {value}: {e}").into()),
            None => Ok(default),
        }
    };
    let sizes = [number("--cells", 100_000)?, number("--genes", 5000)?];
    let (repeats, threads) = (number("--repeats", 5)?, number("--threads", 2)?);
    let [cells, genes] = sizes;
    // What the screen has besides its 200 pairs and its targets is fixed.
    if cells < 20_200 || !cells.is_multiple_of(200) || genes < 101 || repeats == 0 {
        return Err("expected --cells of 20,200 or more, a multiple of 200, --genes of 101 or more, --repeats of 1 or more".into());
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let bench = Bench {
        folder: folder.path().to_owned(),
        threads,
    };
    bench.generate(sizes)?;
    println!("{cells} cells x {genes} genes, {repeats} repetitions, {threads} threads");
    let ours = bench.measure(repeats, || bench.ours())?;
    println!("perturb prepare: {ours}");
    let Some(python) = env::var_os("RHEOME_PYTHON") else {
        println!("scanpy was not run: RHEOME_PYTHON is not set");
        return Ok(());
    };
    let theirs = bench.measure(repeats, || bench.scanpy(Path::new(&python)))?;
    println!("scanpy: {theirs}");
    bench.compare(Path::new(&python))?;
    let work = format!("perturb prepare, {cells} cells x {genes} genes");
    for (unit, value, rival_value) in [
        (Unit::Seconds, ours.seconds, theirs.seconds),
        (Unit::Mebibytes, ours.peak, theirs.peak),
    ] {
        Comparison {
            work: work.clone(),
            ours: format!("{threads} threads"),
            rival: "scanpy".to_owned(),
            unit,
            value,
            rival_value,
            target: Some(TARGET),
        }
        .tell()?;
    }
    Ok(())
}

struct Bench {
    folder: PathBuf,
    threads: usize,
}

/// What a process needed.
struct Cost {
    /// Median of the repetitions.
    seconds: f64,
    /// Largest resident memory of all repetitions, in MiB.
    peak: f64,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} s, {:.0} MiB", self.seconds, self.peak)
    }
}

impl Bench {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A screen of so many cells and genes.
    fn generate(&self, [cells, genes]: [usize; 2]) -> Result<(), Box<dyn Error>> {
        let config = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../configs/perturb/benchmark-screen.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_perturb"));
        command.arg("generate").arg("--config").arg(config);
        // Besides its 200 pairs and 1900 targets the screen has 20,000 cells and 100 genes.
        for setting in [
            format!("cells.per_pair={}", (cells - 20_000) / 200),
            format!("network.targets={}", genes - 100),
        ] {
            command.args(["--set", &setting]);
        }
        command.arg("-q").arg("--output").arg(self.file("raw.h5ad"));
        succeed(&mut command)
    }

    fn ours(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perturb"));
        command.arg("prepare").arg(self.file("raw.h5ad"));
        command.args(["--genes", KEPT, "--overwrite", "-q", "--threads"]);
        command.arg(self.threads.to_string()).arg("--output");
        command.arg(self.file("ours.h5ad"));
        command
    }

    fn scanpy(&self, python: &Path) -> Command {
        let mut command = script(python);
        command.arg("prepare").arg(self.file("raw.h5ad"));
        command.arg(self.file("theirs.h5ad")).arg(KEPT);
        for variable in [
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "NUMBA_NUM_THREADS",
        ] {
            command.env(variable, self.threads.to_string());
        }
        command
    }

    fn compare(&self, python: &Path) -> Result<(), Box<dyn Error>> {
        let mut command = script(python);
        command.arg("compare").arg(self.file("ours.h5ad"));
        succeed(command.arg(self.file("theirs.h5ad")))
    }

    /// The cost of a command, after one run that does not count: it fills the caches of files and of compiled code.
    fn measure(
        &self,
        repeats: usize,
        command: impl Fn() -> Command,
    ) -> Result<Cost, Box<dyn Error>> {
        let (mut seconds, mut peak) = (Vec::new(), 0.0_f64);
        for run in 0..=repeats {
            let (time, memory) = time_and_peak(&mut command())?;
            if run > 0 {
                seconds.push(time);
                peak = peak.max(memory);
            }
        }
        Ok(Cost {
            seconds: median(&seconds),
            peak,
        })
    }
}

/// The rival's script.
fn script(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/scanpy_prepare.py"));
    command
}

fn succeed(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {status}").into()),
    }
}

/// Seconds and the largest resident memory, in MiB, of a command.
fn time_and_peak(command: &mut Command) -> Result<(f64, f64), Box<dyn Error>> {
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut peak = 0.0_f64;
    let status = loop {
        // It never shrinks, so that the last look is as good as all.
        peak = peak.max(peak_of(child.id()).unwrap_or(0.0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(LOOK);
    };
    match status.success() {
        true => Ok((start.elapsed().as_secs_f64(), peak)),
        false => Err(format!("{command:?}: {status}").into()),
    }
}

fn peak_of(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    rheome_backend::measurement::peak_of_status(&status)
}
