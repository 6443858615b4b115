//! A folder that looks like the repository, in which what a person would type there can be run.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{Program, root};

/// A folder with the repository's rooms (links: nobody writes into them) and an empty `demo`, that goes away with the test.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    program: Program,
    binaries: PathBuf,
}

impl Stage {
    /// A stage where `program` is on the path.
    ///
    /// # Panics
    /// If there is no room for one.
    pub fn new(program: Program) -> Self {
        let folder = crate::folder();
        let root = root().canonicalize().unwrap();
        for room in ["apps", "configs", "datasets", "tests"] {
            symlink(root.join(room), folder.path().join(room)).unwrap();
        }
        std::fs::create_dir_all(folder.path().join("demo")).unwrap();
        let binaries = Path::new(program.binary).parent().unwrap().to_owned();
        Self {
            folder,
            program,
            binaries,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A process in this folder, with the program on the path, nobody's settings, and a terminal of 80 columns.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(
            std::iter::once(self.binaries.clone()).chain(std::env::split_paths(&rest)),
        );
        command
            .current_dir(self.path())
            .env("PATH", path.unwrap())
            .env("HOME", self.path())
            .env("RHEOME_BIN", &self.binaries)
            .env("COLUMNS", "80");
        command
    }

    /// What `line`, pasted into a shell, prints.
    ///
    /// # Panics
    /// If it fails.
    pub fn paste(&self, line: &str) -> String {
        let mut shell = self.command("bash");
        let output = shell.args(["-euo", "pipefail", "-c", line]).output();
        succeeded(line, &output.unwrap())
    }

    /// Runs the examples that the program's help shows, each once, verb by verb, as they are printed there.
    ///
    /// # Panics
    /// If a verb shows none, or one fails.
    pub fn paste_all_examples(&self) {
        let mut done = Vec::new();
        for verb in self.verbs() {
            let examples = self.examples(&verb);
            assert!(!examples.is_empty(), "{verb:?} shows no example");
            let command = format!("{} {}", self.program.name, verb.join(" "));
            let last = examples.last().unwrap();
            assert!(last.starts_with(&command), "{last} is of another command");
            for line in examples {
                if !done.contains(&line) {
                    self.paste(&line);
                    done.push(line);
                }
            }
        }
    }

    /// The program's name.
    pub(crate) fn program(&self) -> &'static str {
        self.program.name
    }

    /// Every verb, with those above it, as the help lists them.
    pub(crate) fn verbs(&self) -> Vec<Vec<String>> {
        self.verbs_below(&[])
    }

    fn verbs_below(&self, verb: &[String]) -> Vec<Vec<String>> {
        let help = self.help(verb);
        let Some((_, listed)) = help.split_once("\nCommands:\n") else {
            return vec![verb.to_vec()];
        };
        let entry = |line: &str| line.starts_with("  ") && !line.starts_with("   ");
        let listed = listed.lines().take_while(|line| !line.is_empty());
        let names = listed.filter(|line| entry(line)).map(first_word);
        let below = names.filter(|name| *name != "help").map(|name| {
            let mut below = verb.to_vec();
            below.push(name.to_owned());
            self.verbs_below(&below)
        });
        below.flatten().collect()
    }

    /// The commands behind `Example:`, lines that are continued joined.
    fn examples(&self, verb: &[String]) -> Vec<String> {
        let help = self.help(verb);
        let Some((_, examples)) = help.split_once("\nExample:\n") else {
            return Vec::new();
        };
        let joined = examples.replace("\\\n", "");
        let lines = joined.lines().map(str::trim).filter(|l| !l.is_empty());
        lines.map(str::to_owned).collect()
    }

    fn help(&self, verb: &[String]) -> String {
        let mut command = self.command(self.program.binary);
        let output = command.args(verb).arg("--help").output().unwrap();
        succeeded(&format!("{verb:?} --help"), &output)
    }
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
