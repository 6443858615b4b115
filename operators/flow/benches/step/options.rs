//! What the command line asks for.

use std::path::PathBuf;

use rheome_backend::device::DeviceChoice;

/// The text of `--help`.
pub const HELP: &str = "\
Time a forward and a training step of IFactFormer-m on flex, libtorch and PyTorch, on the same weights and input.

  --repeats N    times each step is timed, after one warm-up; the median counts (5)
  --threads N    threads of each (2)
  --small        a tiny model and grid instead of the published ones: tries the bench in seconds
  --compile      also time PyTorch with torch.compile; so does RHEOME_BENCH_COMPILE in the environment
  --no-pytorch   leave PyTorch out
  --devices LIST what to measure, with commas, e.g. flex,cuda:1 (every CPU backend that is built); PyTorch uses a GPU that is among them

RHEOME_TORCH_PYTHON names the Python interpreter that has PyTorch; RHEOME_BENCH_SOURCES the folder of pytorch_ifactformer.py,
where this program was carried to a machine without its sources.";

/// What this process has to do.
#[derive(Debug)]
pub enum Mode {
    /// Compare everything.
    All,
    /// Measure one backend on a case that lies in a directory, for the process that compares.
    One {
        /// The backend.
        backend: DeviceChoice,
        /// The case.
        directory: PathBuf,
    },
    /// Print the help.
    Help,
    /// Started by `cargo test`, where nothing is timed.
    Idle,
}

/// The command line.
#[derive(Debug)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// Times each step is timed.
    pub repeats: usize,
    /// Threads of each backend.
    pub threads: usize,
    /// A tiny case.
    pub small: bool,
    /// Also `torch.compile`.
    pub compile: bool,
    /// Run PyTorch at all.
    pub pytorch: bool,
    /// What is measured.
    pub devices: Vec<DeviceChoice>,
}

impl Options {
    /// Reads the arguments; cargo adds `--bench` when it runs a bench.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            mode: Mode::Idle,
            repeats: 5,
            threads: 2,
            small: false,
            compile: std::env::var_os("RHEOME_BENCH_COMPILE").is_some(),
            pytorch: true,
            devices: DeviceChoice::cpus(),
        };
        let (mut backend, mut directory) = (None, None);
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument}: a value is missing"))
            };
            match argument.as_str() {
                "--bench" => options.mode = Mode::All,
                "--repeats" => options.repeats = positive(&argument, &value()?)?,
                "--threads" => options.threads = positive(&argument, &value()?)?,
                "--small" => options.small = true,
                "--compile" => options.compile = true,
                "--no-pytorch" => options.pytorch = false,
                "--devices" => {
                    let devices = value()?;
                    let devices = devices.split(',').map(str::parse::<DeviceChoice>);
                    let devices = devices.collect::<Result<_, _>>();
                    options.devices = devices.map_err(|e| format!("--devices: {e}"))?;
                }
                "--one" => backend = Some(value()?.parse().map_err(|e| format!("--one: {e}"))?),
                "--directory" => directory = Some(PathBuf::from(value()?)),
                "--help" | "-h" => {
                    options.mode = Mode::Help;
                    return Ok(options);
                }
                _ => return Err(format!("{argument}: no such option\n\n{HELP}")),
            }
        }
        if let (Some(backend), Some(directory)) = (backend, directory) {
            options.mode = Mode::One { backend, directory };
        }
        Ok(options)
    }
}

impl Options {
    /// The device of PyTorch: the GPU that is measured, or the CPU.
    pub fn pytorch_device(&self) -> String {
        let gpu = self.devices.iter().find(|device| device.is_gpu());
        gpu.map_or_else(|| "cpu".to_owned(), ToString::to_string)
    }
}

fn positive(name: &str, value: &str) -> Result<usize, String> {
    value
        .parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("{name} {value}: expected a positive whole number"))
}
