//! What `turbulence` says of itself: its version, help with examples that work, completions, manual pages.

mod command;

use command::stage;

#[test]
fn every_example_of_the_help_works_when_pasted() {
    let stage = stage();
    // `make demo`, for few steps.
    stage.paste("bash apps/turbulence/demo/run.sh $RHEOME_BIN/turbulence demo 8");
    stage.paste_all_examples("turbulence");
}

#[test]
fn version_completions_and_manual_are_there() {
    let stage = stage();
    stage.check_version(
        "turbulence",
        env!("CARGO_PKG_VERSION"),
        cfg!(feature = "libtorch"),
    );
    stage.check_completions("turbulence");
    stage.check_manual("turbulence");
}

#[test]
fn the_way_from_the_papers_code_can_be_followed() {
    stage().paste_page("operators/flow/MIGRATION.md");
}
