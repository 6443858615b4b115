//! What `perturb` says of itself: its version, help with examples that work, completions, manual pages.

mod command;

use command::stage;

#[test]
fn every_example_of_the_help_works_when_pasted() {
    let stage = stage();
    // `make demo`.
    stage.paste("bash apps/perturb/demo/run.sh $RHEOME_BIN/perturb demo/cells");
    stage.paste_all_examples("perturb");
}

#[test]
fn version_completions_and_manual_are_there() {
    let stage = stage();
    stage.check_version(
        "perturb",
        env!("CARGO_PKG_VERSION"),
        cfg!(feature = "libtorch"),
    );
    stage.check_completions("perturb");
    stage.check_manual("perturb");
}

#[test]
fn the_way_from_the_papers_code_can_be_followed() {
    stage().paste_page("operators/perturbation/MIGRATION.md");
}
