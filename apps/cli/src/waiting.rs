//! Work that cannot tell how far it is.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::Console;

/// How often a terminal shows that time goes by.
const TICK: Duration = Duration::from_millis(200);
/// How long plain lines are apart elsewhere.
const QUIET_INTERVAL: Duration = Duration::from_secs(10);

/// Does work that cannot tell how far it is, and tells meanwhile how long `what` has taken: on a line that moves on a terminal,
/// a plain line now and then elsewhere.
pub fn tell_while<T>(console: Console, what: &str, work: impl FnOnce() -> T) -> T {
    if console.quiet {
        return work();
    }
    if console.terminal {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{msg} {spinner} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(TICK);
        let done = work();
        bar.finish_and_clear();
        return done;
    }
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let (working, ended) = channel::<()>();
        scope.spawn(move || {
            while ended.recv_timeout(QUIET_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                console.note(format!("{what}: {} s", begun.elapsed().as_secs()));
            }
        });
        let done = work();
        drop(working);
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_done_whoever_listens() {
        for (quiet, terminal) in [(true, false), (false, true), (false, false)] {
            let console = Console { quiet, terminal };
            let mut done = 0;
            assert_eq!(
                tell_while(console, "counting", || {
                    done += 1;
                    done
                }),
                1
            );
        }
    }
}
