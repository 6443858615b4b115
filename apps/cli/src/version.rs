//! `--version`, and `--version --verbose`: what a report of an error needs to say about the program and the machine.

use std::ffi::OsString;

use clap::{ArgAction, Args, Parser};
use rheome_backend::device::DeviceChoice;

use crate::{Facts, say};

/// The option of the program itself, before any verb.
#[derive(Debug, Clone, Args)]
pub struct VersionOptions {
    /// Print the version; with --verbose also features, backends, the libtorch that is found, and the processor.
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// The arguments of the process. Ends it where they are none, where `--help` or `--version` asks for words alone.
pub fn parse<A: Parser>() -> A {
    if asks_for_details(std::env::args_os().skip(1)) {
        let program = A::command();
        let version = program.get_version().unwrap_or_default();
        say(format!("{} {version}", program.get_name()));
        details().print(false);
        std::process::exit(0);
    }
    A::parse()
}

/// Whether the words are `--version` and `--verbose`, short or long, in either order, and nothing else.
fn asks_for_details(words: impl Iterator<Item = OsString>) -> bool {
    let (mut version, mut verbose) = (false, false);
    for word in words {
        match word.to_str() {
            Some("--version" | "-V") => version = true,
            Some("--verbose" | "-v") => verbose = true,
            Some("-Vv" | "-vV") => (version, verbose) = (true, true),
            _ => return false,
        }
    }
    version && verbose
}

/// What is built in, and what is found on this machine.
fn details() -> Facts {
    let mut facts = Facts::default();
    let features: &[&str] = match cfg!(feature = "libtorch") {
        true => &["libtorch"],
        false => &["none"],
    };
    facts.tell("features", features);
    let (mut present, mut absent) = (Vec::new(), Vec::new());
    for choice in DeviceChoice::ALL {
        match choice.resolve() {
            Ok(selected) => present.push(selected.choice.to_string()),
            Err(error) => absent.push(error.to_string()),
        }
    }
    facts.tell("backends", present);
    let auto = DeviceChoice::Auto.resolve();
    facts.tell_known("--device auto", auto.ok().map(|s| s.choice.to_string()));
    for reason in absent {
        facts.tell("not there", reason);
    }
    facts.tell("libtorch", libtorch());
    facts.tell("processor", processor());
    let cores = std::thread::available_parallelism();
    facts.tell_known("cores", cores.ok());
    facts
}

/// The version of the libtorch that is loaded, and its file.
#[cfg(feature = "libtorch")]
fn libtorch() -> String {
    let loaded = rheome_backend::libtorch::loaded();
    let version = loaded.version.as_deref().unwrap_or("of unknown version");
    let file = loaded.file.map(|file| format!(", {}", file.display()));
    let built = rheome_backend::libtorch::VERSION;
    format!("{version}{} (built for {built})", file.unwrap_or_default())
}

#[cfg(not(feature = "libtorch"))]
fn libtorch() -> &'static str {
    "not built in"
}

/// The architecture, and those of its vector instructions that are used where they are there.
fn processor() -> String {
    let mut found = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    {
        found.extend(std::is_x86_feature_detected!("avx2").then_some("avx2"));
        found.extend(std::is_x86_feature_detected!("fma").then_some("fma"));
        found.extend(std::is_x86_feature_detected!("avx512f").then_some("avx512f"));
    }
    found.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_asked_for_in_either_order_and_by_nothing_else() {
        let asks = |line: &str| asks_for_details(line.split_whitespace().map(OsString::from));
        for line in ["--version --verbose", "--verbose -V", "-V -v", "-Vv"] {
            assert!(asks(line), "{line}");
        }
        for line in [
            "",
            "--version",
            "-v",
            "train --version --verbose",
            "-V -v x",
        ] {
            assert!(!asks(line), "{line}");
        }
    }

    #[test]
    fn flex_is_always_among_the_backends() {
        let facts = details().into_object();
        assert_eq!(facts["backends"][0], "flex");
        assert!(facts["libtorch"].is_string() && facts["--device auto"].is_string());
    }
}
