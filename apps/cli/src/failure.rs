use std::error::Error;
use std::process::ExitCode;

/// Why a command failed, in one line for the person who typed it.
///
/// Any error converts into it with `?`; causes follow after colons, unless the message names them already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    line: String,
}

impl Failure {
    /// A failure explained by `message`.
    pub fn new(message: impl std::fmt::Display) -> Self {
        Self {
            line: one_line(&message.to_string()),
        }
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
        Self {
            line: one_line(&line),
        }
    }
}

fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Prints the failure, if there is one, and gives the exit status: 0, or 1 after a failure. (Bad usage is 2, by clap.)
pub fn finish(program: &str, outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&format!("{program}: {}", failure.line));
            ExitCode::FAILURE
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
