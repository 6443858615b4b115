//! What our libraries log, told as the commands' own notes are: a line on standard error.

use log::{LevelFilter, Log, Metadata, Record};

/// How the names of our crates begin; what other libraries log is for their makers.
const OURS: &str = "rheome";

struct Notes;

impl Log for Notes {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with(OURS)
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            crate::report(&record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Tells warnings; with `verbose` details too; with `quiet` neither.
pub fn tell(quiet: bool, verbose: bool) {
    // A second call (tests) keeps the first logger.
    let _ = log::set_logger(&Notes);
    log::set_max_level(match (quiet, verbose) {
        (true, _) => LevelFilter::Error,
        (_, true) => LevelFilter::Info,
        _ => LevelFilter::Warn,
    });
}
