//! Outputs of `turbulence`, opened by the users' own tools (numpy, h5py, xarray).

use std::path::Path;

use assert_cmd::Command;

#[test]
fn outputs_open_in_the_users_tools() {
    // `make test` sets it to an environment that has the libraries.
    let Some(python) = std::env::var_os("RHEOME_PYTHON") else {
        println!("skipped: RHEOME_PYTHON names no Python with numpy, h5py and xarray");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_turbulence"));
        command
            .current_dir(&root)
            .args(arguments)
            .assert()
            .success();
    };
    let held_out = "tests/fixtures/turbulence/held-out.h5";
    let (h5, nc, npy) = (path("rollout.h5"), path("rollout.nc"), path("rollout.npy"));
    let (profiles, plots) = (path("profiles.h5"), path("plots"));
    let model = "apps/turbulence/demo/model";
    let common = [
        "rollout", "--model", model, "--input", held_out, "--steps", "6", "--device", "flex", "-q",
        "--output",
    ];
    run(&[&common[..], &[&h5, "--stats"]].concat());
    run(&[&common[..], &[&nc]].concat());
    run(&["convert", &h5, &npy, "-q"]);
    run(&[
        "stats",
        &h5,
        "--reference",
        held_out,
        "--output",
        &profiles,
        "--plots",
        &plots,
        "-q",
    ]);
    let pictures = [path("plots/profiles.png"), path("plots/slices.png")];
    let mut check = std::process::Command::new(python);
    check.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/check_outputs.py"));
    check
        .args([&h5, &nc, &npy, &path("rollout.stats.h5"), &profiles])
        .args(&pictures);
    let output = check.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
