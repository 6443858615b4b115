//! Kills at random moments: what a run leaves at any of them is whole, and goes on as if nothing had been.

use std::process::Stdio;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::{path_of, started};

/// Kills of one test, unless `RHEOME_KILLS` tells how many all of them make together.
const FEW: usize = 3;
/// Tests that share what `RHEOME_KILLS` tells: simulate, train, rollout, predict, prepare.
const TESTS: usize = 5;
/// Kills that a run goes through at most before it is let go to its end.
const PER_RUN: usize = 4;

/// Random moments, the same in every run of the tests as far as the machine's speed allows.
#[derive(Debug)]
pub struct Kills {
    what: &'static str,
    random: Pcg64,
    left: usize,
    /// How long the command takes when nobody disturbs it.
    span: Duration,
}

impl Kills {
    /// The kills of the test of `what`. Runs `whole`, which must succeed: its time is the span of the moments.
    ///
    /// # Panics
    /// If `whole` fails.
    pub fn within(what: &'static str, mut whole: Command) -> Self {
        let begun = Instant::now();
        whole.assert().success();
        let all = std::env::var("RHEOME_KILLS").ok();
        let all = all.map(|count| count.parse::<usize>().expect("RHEOME_KILLS is a number"));
        Self {
            what,
            random: Pcg64::seed_from_u64(what.bytes().map(u64::from).sum()),
            left: all.map_or(FEW, |all| all.div_ceil(TESTS)),
            span: begun.elapsed(),
        }
    }

    /// Whether there are kills left.
    pub fn go_on(&self) -> bool {
        self.left > 0
    }

    /// Starts what `next` tells, kills it, lets `look` see what it left, and so on a few times; the last one goes to its end.
    /// `next` is asked before every start.
    ///
    /// # Panics
    /// If a command fails of itself.
    pub fn run(&mut self, mut next: impl FnMut() -> Command, mut look: impl FnMut()) {
        let kills = self.random.random_range(1..=PER_RUN).min(self.left);
        for _ in 0..kills {
            let moment = self.span.mul_f64(self.random.random());
            if !killed_after(&next(), moment) {
                return;
            }
            self.left -= 1;
            eprintln!("{}: killed after {moment:?}; {} left", self.what, self.left);
            look();
        }
        next().assert().success();
    }
}

/// Starts a command and kills it after some time; false if it succeeded before.
fn killed_after(command: &Command, moment: Duration) -> bool {
    let mut child = started(command, Stdio::piped());
    std::thread::sleep(moment);
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    if let Some(status) = ended {
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(status.success(), "{}: {told}", path_of(command));
        return false;
    }
    // It may have come to its end between the two calls.
    !output.status.success()
}
