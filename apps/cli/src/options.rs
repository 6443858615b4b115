//! The options of every command that computes: device, threads, seed, how much to say.

use std::path::PathBuf;

use clap::Args;
use rheome_backend::device::{DeviceChoice, Selected, set_threads};
use rheome_backend::memory::keep_freed_memory;

use crate::settings::LARGEST_SEED;
use crate::{Console, Failure, JsonLog};

fn device_help() -> String {
    format!(
        "Where to compute: {}, which is the fastest that is built in and present",
        DeviceChoice::names()
    )
}

/// Options of every command that computes.
#[derive(Debug, Clone, Args)]
pub struct ComputeOptions {
    /// Where to compute.
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceChoice::Auto, help = device_help())]
    pub device: DeviceChoice,
    /// Number of CPU threads. Default: all cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Seed of everything random. Default: that of the settings, or 1234.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=LARGEST_SEED))]
    pub seed: Option<u64>,
    /// Print nothing but errors.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print details.
    #[arg(short, long)]
    pub verbose: bool,
    /// Also write progress here, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub log_json: Option<PathBuf>,
}

impl ComputeOptions {
    /// The console that these options ask for.
    pub fn console(&self) -> Console {
        Console::new(self.quiet, self.verbose)
    }

    /// The log that these options ask for; `continued` goes on in one that is there.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be opened.
    pub fn log(&self, continued: bool) -> Result<JsonLog, Failure> {
        JsonLog::open(self.log_json.as_deref(), continued)
    }

    /// The number of threads: that asked for, or the number of cores.
    pub fn thread_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }

    /// Finds the device, sets the number of threads, and prints both.
    ///
    /// # Errors
    /// [`Failure`] if the device is not there.
    pub fn select(&self, console: Console) -> Result<Selected, Failure> {
        keep_freed_memory();
        // The thread count comes first: a backend reads it when it computes for the first time.
        set_threads(self.thread_count());
        let selected = self.device.resolve()?;
        console.note(format!(
            "device: {}, {} CPU thread(s)",
            selected.choice,
            self.thread_count()
        ));
        Ok(selected)
    }

    /// For work that only the CPU does: sets the number of threads and prints them.
    ///
    /// # Errors
    /// [`Failure`] if another device was asked for by name.
    pub fn select_cpu(&self, console: Console, work: &str) -> Result<usize, Failure> {
        if !matches!(self.device, DeviceChoice::Auto | DeviceChoice::Flex) {
            let device = self.device;
            return Err(Failure::new(format!(
                "--device {device}: {work} runs on the CPU only; leave the option out"
            )));
        }
        let threads = self.thread_count();
        set_threads(threads);
        console.note(format!("device: CPU, {threads} thread(s)"));
        Ok(threads)
    }
}
