//! One program for all targets: `RHEOME_TARGET` names the one that reads what libFuzzer makes.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use rheome_tests::hostile::{Target, corpus};
use tempfile::TempDir;

struct Reader {
    target: Target,
    /// Whose ending the inputs have.
    like: PathBuf,
    folder: TempDir,
}

static READER: OnceLock<Reader> = OnceLock::new();

fn reader() -> Reader {
    let name = std::env::var("RHEOME_TARGET").expect("RHEOME_TARGET names a target");
    let target = Target::ALL.into_iter().find(|target| target.name() == name);
    let target = target.expect("RHEOME_TARGET names a target");
    // A target with several kinds of file is told which by its first one, or by RHEOME_LIKE.
    let like = std::env::var("RHEOME_LIKE").map(PathBuf::from).ok();
    Reader {
        target,
        like: like.unwrap_or_else(|| corpus(target).remove(0).0),
        folder: tempfile::tempdir().expect("a folder"),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let reader = READER.get_or_init(reader);
    reader.target.run(bytes, &reader.like, reader.folder.path());
});
