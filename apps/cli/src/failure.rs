//! How a command fails: one line on standard error, and an exit status.

use std::error::Error;
use std::process::ExitCode;

/// Why a command failed, in one line for the person who typed it.
///
/// Any error converts into it with `?`; causes follow after colons, unless the message names them already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    line: String,
    status: u8,
}

/// Exit status of a failure.
const FAILED: u8 = 1;
/// Exit status of a run that was asked to stop: 128 and the number of SIGINT, as shells tell it, for SIGTERM too.
const INTERRUPTED: u8 = 130;

impl Failure {
    /// A failure explained by `message`.
    pub fn new(message: impl std::fmt::Display) -> Self {
        Self {
            line: one_line(&message.to_string()),
            status: FAILED,
        }
    }

    /// A signal asked the run to stop (see [`Interruption`](crate::Interruption)); `what_is_there` tells what it left, and how to
    /// go on.
    pub fn interrupted(what_is_there: impl std::fmt::Display) -> Self {
        Self {
            status: INTERRUPTED,
            ..Self::new(format!("interrupted: {what_is_there}"))
        }
    }

    /// Whether it is [`Self::interrupted`].
    pub fn is_interruption(&self) -> bool {
        self.status == INTERRUPTED
    }

    /// The status with which the program ends.
    pub fn status(&self) -> u8 {
        self.status
    }

    /// The explanation, without a line break.
    pub fn line(&self) -> &str {
        &self.line
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut line = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !line.contains(&text) {
                line = format!("{line}: {text}");
            }
            cause = inner.source();
        }
        Self::new(line)
    }
}

fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Prints the failure, if there is one, and gives the exit status: 0, 1 after a failure, 130 after an interruption. (Bad usage is
/// 2, by clap.)
pub fn finish(program: &str, outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&format!("{program}: {}", failure.line));
            ExitCode::from(failure.status)
        }
    }
}

/// One line on standard error; a closed one is no reason to stop.
pub fn report(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use thiserror::Error;

    #[derive(Debug, Error)]
    #[error("a.h5: cannot read")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_follow_and_lines_are_joined() {
        let inner = std::io::Error::other("disk\n  on fire");
        assert_eq!(
            Failure::from(Outer(inner)).line(),
            "a.h5: cannot read: disk on fire"
        );
    }

    #[test]
    fn a_cause_that_the_message_names_is_not_repeated() {
        #[derive(Debug, Error)]
        #[error("a.h5: {0}")]
        struct Named(#[source] std::io::Error);
        let failure = Failure::from(Named(std::io::Error::other("gone")));
        assert_eq!(failure.line(), "a.h5: gone");
    }
}
