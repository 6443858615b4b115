//! Signals that ask a run to stop: loops look between two units of work, and keep what is complete.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::{Console, Failure};

/// Signals that ask a run to stop: Ctrl-C, and what `kill` and the schedulers of clusters send before they kill.
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// What listens: signals are for the whole process.
static LISTENING: Mutex<Option<Interruption>> = Mutex::new(None);

/// Whether the user asked the run to stop.
///
/// The first SIGINT or SIGTERM only sets a flag, which loops look at between two units of work (a step, a snapshot, a
/// perturbation): they finish the unit at hand, see to it that what is complete is in its files, and return
/// [`Failure::interrupted`], which ends the program with status 130. A second signal ends it at once, as if nobody listened; what
/// is then lost is what a kill loses.
///
/// ```
/// use rheome_cli::{Failure, Interruption};
///
/// fn work(interruption: &Interruption) -> Result<(), Failure> {
///     for step in 0..10 {
///         interruption.check(|| format!("{step} of 10 steps are kept"))?;
///     }
///     Ok(())
/// }
/// work(&Interruption::never()).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Interruption {
    asked: Arc<AtomicBool>,
}

impl Interruption {
    /// Listens from now on, if that has not begun before. Whoever calls this asks [`Self::is_asked`] at least once a unit.
    ///
    /// # Errors
    /// [`Failure`] if the system refuses.
    pub fn watch(console: Console) -> Result<Self, Failure> {
        let mut listening = LISTENING.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(this) = &*listening {
            return Ok(this.clone());
        }
        let this = Self::never();
        for signal in SIGNALS {
            // First, so that it sees the flag as it was before this signal.
            flag::register_conditional_default(signal, this.asked.clone())?;
            flag::register(signal, this.asked.clone())?;
        }
        // A unit may take a while: that the signal was heard is said at once.
        let mut signals = Signals::new(SIGNALS)?;
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                if signals.forever().next().is_some() {
                    console.note(
                        "stopping when what is under way is done; a second signal ends it at once",
                    );
                }
            })?;
        Ok(listening.insert(this).clone())
    }

    /// Nobody asks.
    pub fn never() -> Self {
        Self::default()
    }

    /// Whether the run is to stop.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Fails if the run is to stop; `what_is_there` tells what it leaves and how to go on.
    ///
    /// # Errors
    /// [`Failure::interrupted`].
    pub fn check(&self, what_is_there: impl FnOnce() -> String) -> Result<(), Failure> {
        match self.is_asked() {
            true => Err(Failure::interrupted(what_is_there())),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_once_asked_for() {
        let console = Console {
            quiet: true,
            terminal: false,
        };
        let interruption = Interruption::watch(console).unwrap();
        interruption.check(|| unreachable!()).unwrap();
        signal_hook::low_level::raise(SIGTERM).unwrap();
        let failure = interruption.check(|| "all is kept".into()).unwrap_err();
        assert_eq!(failure.line(), "interrupted: all is kept");
        assert_eq!(failure.status(), 130);
        assert!(!Interruption::never().is_asked());
    }
}
