//! A folder that looks like the repository, in which what a person would type there can be run.

use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::root;

/// A folder with the repository's rooms (links: nobody writes into them) and an empty `demo`, that goes away with the test.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    binaries: PathBuf,
}

impl Stage {
    /// A stage where the programs of a folder are on the path, and named by `RHEOME_BIN`.
    ///
    /// # Panics
    /// If there is no room for one.
    pub fn beside(binaries: &Path) -> Self {
        let folder = crate::folder();
        let root = root().canonicalize().unwrap();
        for room in ["apps", "configs", "datasets", "tests"] {
            symlink(root.join(room), folder.path().join(room)).unwrap();
        }
        std::fs::create_dir_all(folder.path().join("demo")).unwrap();
        Self {
            folder,
            binaries: binaries.to_owned(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A process in this folder.
    pub(crate) fn command(&self, program: &OsStr) -> Command {
        let mut command = Command::new(program);
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(
            std::iter::once(self.binaries.clone()).chain(std::env::split_paths(&rest)),
        );
        command
            .current_dir(self.path())
            .env("PATH", path.unwrap())
            .env("RHEOME_BIN", &self.binaries);
        command
    }

    /// What `line`, pasted into a shell whose home is this folder and whose terminal has 80 columns, prints.
    ///
    /// # Panics
    /// If it fails.
    pub fn paste(&self, line: &str) -> String {
        let mut shell = self.command(OsStr::new("bash"));
        shell.env("HOME", self.path()).env("COLUMNS", "80");
        let output = shell.args(["-euo", "pipefail", "-c", line]).output();
        succeeded(line, &output.unwrap())
    }

    /// Runs a Python script here, which must succeed; see [`python`](crate::python).
    ///
    /// # Panics
    /// If the script fails.
    pub fn python(&self, script: &Path, arguments: &[&str]) -> bool {
        crate::run_python(script, arguments, |python| self.command(python))
    }

    /// Runs the examples that the help of `program` shows, each once, verb by verb, as they are printed there.
    ///
    /// # Panics
    /// If a verb shows none, or one fails.
    pub fn paste_all_examples(&self, program: &str) {
        let mut done = Vec::new();
        for (verb, help) in self.verbs(program) {
            let examples = examples(&help);
            let last = examples.last();
            let last = last.unwrap_or_else(|| panic!("{verb} shows no example"));
            assert!(last.starts_with(&verb), "{last} is of another command");
            for line in examples {
                if !done.contains(&line) {
                    self.paste(&line);
                    done.push(line);
                }
            }
        }
    }

    /// Every verb of `program`, as it is typed, and its help.
    pub(crate) fn verbs(&self, program: &str) -> Vec<(String, String)> {
        let help = self.paste(&format!("{program} --help"));
        let Some((_, listed)) = help.split_once("\nCommands:\n") else {
            return vec![(program.to_owned(), help)];
        };
        let entry = |line: &str| line.starts_with("  ") && !line.starts_with("   ");
        let listed = listed.lines().take_while(|line| !line.is_empty());
        let names = listed.filter(|line| entry(line)).map(first_word);
        let below = names
            .filter(|name| *name != "help")
            .map(|name| self.verbs(&format!("{program} {name}")));
        below.flatten().collect()
    }
}

/// The commands behind `Example:`, lines that are continued joined.
fn examples(help: &str) -> Vec<String> {
    let Some((_, examples)) = help.split_once("\nExample:\n") else {
        return Vec::new();
    };
    let joined = examples.replace("\\\n", "");
    let lines = joined.lines().map(str::trim).filter(|l| !l.is_empty());
    lines.map(str::to_owned).collect()
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// The standard output of a process that must have succeeded.
fn succeeded(what: &str, output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {told}");
    String::from_utf8(output.stdout.clone()).unwrap()
}
