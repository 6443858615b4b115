//! What a command says on standard error, and results on standard output.

use std::io::{IsTerminal, Write};

use tracing_subscriber::filter::LevelFilter;

/// How much to say on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Console {
    /// Say nothing but errors.
    pub quiet: bool,
    /// Standard error is a terminal: progress may move on one line.
    pub terminal: bool,
}

impl Console {
    /// Sets up messages of the libraries too: warnings, and details with `verbose`.
    pub fn new(quiet: bool, verbose: bool) -> Self {
        let level = match (quiet, verbose) {
            (true, _) => LevelFilter::ERROR,
            (_, true) => LevelFilter::INFO,
            _ => LevelFilter::WARN,
        };
        crate::library_log::tell(quiet, verbose);
        // A second call (tests) keeps the first subscriber.
        let _ = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(std::io::stderr)
            .without_time()
            .with_target(false)
            .try_init();
        Self {
            quiet,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// One line on standard error, unless quiet.
    pub fn note(&self, line: impl std::fmt::Display) {
        if !self.quiet {
            crate::report(&line.to_string());
        }
    }
}

/// Prints results on standard output. A reader that went away (`| head`) has what it wanted: the program ends.
pub fn say(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        crate::report(&format!("standard output: cannot write: {error}"));
        std::process::exit(1);
    }
}
