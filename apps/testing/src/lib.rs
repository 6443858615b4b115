//! What the applications' tests share: running a command as a person does, how it fails, what a kill leaves, and the users' own
//! Python libraries.

mod about;
mod disks;
mod kills;
pub mod page;
mod stage;

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

pub use disks::{SmallDisk, with_short_files};
pub use kills::Kills;
pub use stage::Stage;

/// A program under test.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name, with which its messages begin.
    pub name: &'static str,
    /// Where it is built: `env!("CARGO_BIN_EXE_...")`.
    pub binary: &'static str,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The applications, by the names of their folders, which are those of their crates and programs too: every folder of `apps` with a
/// `main.rs`, in alphabetical order. The Makefile and the scripts find them in the same way.
///
/// # Panics
/// If there are none.
pub fn programs() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("apps")).unwrap();
    let paths = folders.map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = paths
        .filter(|path| path.join("src/main.rs").exists())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no application");
    names
}

/// A folder that goes away with the test.
///
/// # Panics
/// If there is no room for one.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

impl Program {
    /// The command with arguments, in the root of the repository.
    pub fn with(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command.current_dir(root()).args(arguments);
        command
    }

    /// Runs a command that must fail with status `code` and one line on standard error that holds all of `words`, and tell
    /// nothing on standard output, where results go.
    ///
    /// # Panics
    /// If it does anything else.
    pub fn fails(&self, mut command: Command, code: i32, words: &[&str]) {
        let failure = command.assert().failure().code(code).stdout("");
        let text = String::from_utf8(failure.get_output().stderr.clone()).unwrap();
        let start = format!("{}: ", self.name);
        let lines: Vec<&str> = text.lines().filter(|l| l.starts_with(&start)).collect();
        let [last] = lines.as_slice() else {
            panic!("expected one line of the command in {text:?}");
        };
        assert_eq!(text.lines().last(), Some(*last), "it is the last one");
        for word in words {
            assert!(last.contains(word), "{word:?} is not in {text:?}");
        }
        assert!(!text.contains("panicked"), "{text}");
    }

    /// Runs a command while another run, this one, holds the lock file of its output: it must be refused.
    ///
    /// # Panics
    /// If it is not.
    pub fn is_refused_beside(&self, lock: &Path, command: Command) {
        let held = std::fs::File::create(lock).unwrap();
        held.lock().unwrap();
        let name = lock.display().to_string();
        self.fails(command, 1, &["is being written by another run", &name]);
        std::fs::remove_file(lock).unwrap();
    }

    /// Starts a command, sends it `signal` (`INT` or `TERM`) as soon as `moment` has come and it listens, and expects that it ends with status
    /// 130 and one line on standard error that holds all of `words`.
    ///
    /// # Panics
    /// If it does anything else.
    pub fn interrupted(
        &self,
        command: &Command,
        signal: &str,
        moment: impl Fn() -> bool,
        words: &[&str],
    ) {
        let child = started(command, Stdio::piped());
        let output = signalled(child, signal, moment).wait_with_output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal}: {text}");
        let line = text.lines().last().unwrap_or_default();
        let start = format!("{}: interrupted: ", self.name);
        assert!(line.starts_with(&start), "{text}");
        for word in words {
            assert!(line.contains(word), "{word:?} is not in {text:?}");
        }
    }
}

/// Starts a command in the root of the repository.
fn started(command: &Command, stderr: Stdio) -> Child {
    let mut child = std::process::Command::new(command.get_program());
    let child = child.current_dir(root()).args(command.get_args());
    child.stdout(Stdio::null()).stderr(stderr).spawn().unwrap()
}

/// Sends `signal` to a child as soon as `moment` has come and the child listens to it, unless it ended before.
fn signalled(mut child: Child, signal: &str, moment: impl Fn() -> bool) -> Child {
    let waits = |child: &Child| !(listens(child, signal) && moment());
    while waits(&child) && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut kill = std::process::Command::new("sh");
    let line = format!("kill -{signal} {}", child.id());
    kill.args(["-c", &line]).status().unwrap();
    child
}

/// The number of a signal.
fn number(signal: &str) -> i32 {
    match signal {
        "INT" => 2,
        _ => 15,
    }
}

/// Whether a process has a handler for a signal.
fn listens(child: &Child, signal: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number(signal) - 1) & 1 == 1)
}

/// Starts a command and sends it `signal` twice as soon as `moment` has come.
///
/// # Panics
/// If it ends otherwise than by that signal.
pub fn interrupted_twice(command: &Command, signal: &str, moment: impl Fn() -> bool) {
    let child = signalled(started(command, Stdio::null()), signal, moment);
    let status = signalled(child, signal, || true).wait().unwrap();
    assert_eq!(status.signal(), Some(number(signal)), "{status}");
}

/// A command as it is typed.
fn path_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// Defines the functions that a program's tests run it by: `with`, its command with arguments; `fails`, see [`Program::fails`];
/// `interrupted`, see [`Program::interrupted`]; `stage`, see [`Stage`]; `python`, which runs a script of the program's
/// `tests/python`, see [`python`](fn@python).
#[macro_export]
macro_rules! program_under_test {
    ($name:literal) => {
        const PROGRAM: $crate::Program = $crate::Program {
            name: $name,
            binary: env!(concat!("CARGO_BIN_EXE_", $name)),
        };

        /// The command with arguments.
        pub fn with(arguments: &[&str]) -> assert_cmd::Command {
            PROGRAM.with(arguments)
        }

        /// A command that must fail with status `code` and one line on standard error that holds all of `words`.
        pub fn fails(command: assert_cmd::Command, code: i32, words: &[&str]) {
            PROGRAM.fails(command, code, words);
        }

        /// A command that is refused while another run holds the lock file of its output.
        pub fn is_refused_beside(lock: &std::path::Path, command: assert_cmd::Command) {
            PROGRAM.is_refused_beside(lock, command);
        }

        /// A command that is sent a signal at some moment and ends as asked, see [`Program::interrupted`]($crate::Program).
        pub fn interrupted(
            command: &assert_cmd::Command,
            signal: &str,
            moment: impl Fn() -> bool,
            words: &[&str],
        ) {
            PROGRAM.interrupted(command, signal, moment, words);
        }

        /// A folder like the repository, with the program on the path.
        pub fn stage() -> $crate::Stage {
            $crate::Stage::beside(std::path::Path::new(PROGRAM.binary).parent().unwrap())
        }

        /// Runs a script of `tests/python`, which must succeed; false where `RHEOME_PYTHON` names no Python.
        pub fn python(script: &str, arguments: &[&str]) -> bool {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
            $crate::python(&folder.join(script), arguments)
        }
    };
}

/// Runs `meanwhile` as soon as `moment` has come in the life of a command, which is then killed.
///
/// # Panics
/// If the command ends before.
pub fn while_running(command: &Command, moment: impl Fn() -> bool, meanwhile: impl FnOnce()) {
    let mut child = started(command, Stdio::null());
    while !moment() {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    meanwhile();
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Starts a command and kills it (SIGKILL) as soon as `moment` has come.
///
/// # Panics
/// If it ends before.
pub fn kill_at(command: &Command, moment: impl Fn() -> bool) {
    let mut child = started(command, Stdio::inherit());
    while !moment() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(
        status.signal(),
        Some(9),
        "it was stopped on its way, not before and not after"
    );
}

/// Whether a training has made a checkpoint in this model folder.
pub fn has_checkpoint(run: &Path) -> bool {
    let complete =
        |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("step-");
    let checkpoints = std::fs::read_dir(run.join("checkpoints"));
    checkpoints.is_ok_and(|mut all| all.any(|entry| entry.is_ok_and(complete)))
}

/// The numbers of a safetensors file, without its header, which names the command line.
///
/// # Panics
/// If it is none.
pub fn weights(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[8 + length..].to_vec()
}

/// The lines of a run's metrics without their wall-clock times, which alone may differ between two runs.
///
/// # Panics
/// If the folder has none.
pub fn metrics(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let without_time = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().remove("training_seconds");
        line
    };
    text.lines().map(without_time).collect()
}

/// Runs a Python script, which must succeed; false where `RHEOME_PYTHON` names no Python with the users' libraries (`make test`
/// sets it to one that has them).
///
/// # Panics
/// If the script fails.
pub fn python(script: &Path, arguments: &[&str]) -> bool {
    run_python(script, arguments, |python| {
        std::process::Command::new(python)
    })
}

fn run_python(
    script: &Path,
    arguments: &[&str],
    command: impl FnOnce(&OsStr) -> std::process::Command,
) -> bool {
    let Some(python) = std::env::var_os("RHEOME_PYTHON") else {
        let script = script.display();
        eprintln!("SKIPPED: {script} not run, RHEOME_PYTHON names no interpreter");
        return false;
    };
    let mut check = command(&python);
    let output = check.arg(script).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    true
}
