//! What can go wrong in a simulation.

use thiserror::Error;

/// What can go wrong in a simulation; each message is one line.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ChannelError {
    /// A setting has a value that cannot work.
    #[error("{}: found {found}, expected {expected}", full_key(key))]
    Setting {
        /// Name of the key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The flow became NaN or infinite: the time step is too long or the resolution too low.
    #[error(
        "the velocity became non-finite at time {time:.6} (step {step}): lower channel.time_step.number (or dt), or raise channel.points"
    )]
    BlowUp {
        /// Time of the flow, in h/u_tau.
        time: f64,
        /// Steps done.
        step: u64,
    },
    /// A snapshot cannot begin a flow.
    #[error("snapshot to start from: found {found}, expected {expected}")]
    Sample {
        /// What it has.
        found: String,
        /// What it should have.
        expected: String,
    },
    /// A checkpoint is damaged, of another version, or of another channel.
    #[error("not a usable channel checkpoint: {reason}")]
    Checkpoint {
        /// What is wrong with it.
        reason: String,
    },
}

/// Keys are those of the section `channel`, unless they name another.
fn full_key(key: &str) -> String {
    if key.contains("output.") {
        key.to_owned()
    } else {
        format!("channel.{key}")
    }
}
