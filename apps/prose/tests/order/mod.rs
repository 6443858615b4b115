//! Right-hand sides of `prose predict --equation` and the columns that they are for.

use predicates::prelude::*;
use rheome_equations::{Series, System};
use tempfile::TempDir;

use crate::command::{fails, folder};
use crate::{TRUE, predict, texts, times, write_series};

/// In the order in which everybody writes it, with no number known.
const FORM: &str = "C x - C x y | C x y - C y";

/// A series of u_0 and u_1 with these columns: u_1, u_0.
fn write_backwards(folder: &TempDir, names: [&str; 2]) -> String {
    let series = Series::from_csv(&write_series(folder, TRUE, &times(60, 0.25))).unwrap();
    let rows = series.times().iter().zip(series.states().rows());
    let rows = rows.map(|(time, state)| format!("{time},{},{}\n", state[1], state[0]));
    let path = folder.path().join("backwards.csv");
    let header = format!("t,{},{}\n", names[0], names[1]);
    std::fs::write(&path, header + &rows.collect::<String>()).unwrap();
    path.display().to_string()
}

fn fitted(folder: &TempDir) -> System {
    let file = hdf5::File::open(folder.path().join("out.h5")).unwrap();
    texts(&file, "candidates/infix")[0].parse().unwrap()
}

/// The numbers of the true system in the order of the equations x, y.
fn is_true(numbers: &[f64]) {
    for (found, expected) in numbers.iter().zip([0.6, 0.03, 0.02, 0.9]) {
        assert!((found.abs() / expected - 1.0).abs() < 1e-2, "{numbers:?}");
    }
}

#[test]
fn right_hand_sides_against_the_order_of_x_and_y_are_refused_with_the_remedy() {
    let folder = folder();
    let series = write_backwards(&folder, ["y", "x"]);
    let given = ["--equation", FORM, "--points", "40"];
    fails(
        predict(&folder, &series, &given),
        1,
        &[
            "--equation: found right-hand sides alone",
            "components (y, x)",
            "dx/dt = ...",
            "--components x,y",
        ],
    );
    assert!(!folder.path().join("out.h5").exists());
    let mut remedied = predict(&folder, &series, &given);
    remedied.args(["--components", "x,y"]).assert().success();
    is_true(&fitted(&folder).numbers());
    std::fs::remove_file(folder.path().join("out.h5")).unwrap();
    let told = "dx/dt = C x - C x y | dy/dt = C x y - C y";
    let mut told = predict(&folder, &series, &["--equation", told, "--points", "40"]);
    told.assert().success();
    // y comes first here.
    let found = fitted(&folder).numbers();
    is_true(&[&found[2..], &found[..2]].concat());
}

/// Letters stand for columns whatever their case, and never by their place for one that has another letter.
#[test]
fn letters_are_no_other_columns() {
    let folder = folder();
    let given = ["--equation", FORM, "--points", "40"];
    for (names, words) in [
        (["Y", "X"], &["components (Y, X)", "--components X,Y"][..]),
        (
            ["y", "z"],
            &["found \"x\"", "since \"y\" is one", "are y, z"],
        ),
    ] {
        let series = write_backwards(&folder, names);
        fails(predict(&folder, &series, &given), 1, words);
        assert!(!folder.path().join("out.h5").exists());
    }
    let series = write_backwards(&folder, ["Y", "X"]);
    let told = "dx/dt = C x - C x y | dy/dt = C x y - C y";
    let mut told = predict(&folder, &series, &["--equation", told, "--points", "40"]);
    told.assert().success();
    let found = fitted(&folder).numbers();
    is_true(&[&found[2..], &found[..2]].concat());
}

#[test]
fn right_hand_sides_in_another_order_than_the_columns_are_noted() {
    let folder = folder();
    let series = write_backwards(&folder, ["lynx", "hare"]);
    let noted = |form: &str| {
        let given = ["--equation", form, "--points", "40", "--overwrite"];
        predict(&folder, &series, &given).assert().success()
    };
    let note = predicate::str::contains("components (lynx, hare), and these appear in another one")
        .and(predicate::str::contains("--components hare,lynx"));
    noted("C hare - C hare lynx | C hare lynx - C lynx").stderr(note);
    let silent = noted("C lynx hare - C lynx | C hare - C hare lynx");
    silent.stderr(predicate::str::contains("another one").not());
    let found = fitted(&folder).numbers();
    is_true(&[&found[2..], &found[..2]].concat());
}
