//! What `prose predict` and `prose info` tell of a series and its equation.

use super::*;

#[test]
fn no_sign_stands_twice_in_an_equation_that_is_fitted() {
    let folder = folder();
    let series = write_series(&folder, TRUE, &times(60, 0.25));
    let form = "C x + C x y | C x y + C y";
    let more = ["--equation", form, "--points", "40"];
    let twice = predicate::str::contains("+ -").or(predicate::str::contains("(-"));
    predict(&folder, series.to_str().unwrap(), &more)
        .assert()
        .success()
        .stdout(predicate::str::contains("du_0/dt = 0.6").and(twice.not()));
    let file = File::open(folder.path().join("out.h5")).unwrap();
    let infix = &texts(&file, "candidates/infix")[0];
    let found: System = infix.parse().unwrap();
    for (found, expected) in found.numbers().iter().zip([0.6, 0.03, 0.02, 0.9]) {
        assert!((found / expected - 1.0).abs() < 1e-3, "{infix}");
    }
    let latex = &texts(&file, "candidates/latex")[0];
    assert!(
        !latex.contains("\\left(-") && !latex.contains("+ -"),
        "{latex}"
    );
    let prefix = &texts(&file, "candidates/prefix")[0];
    let words: Vec<&str> = prefix.split(' ').collect();
    assert_eq!(System::from_words(&words).unwrap(), found);
}

#[test]
fn a_series_that_never_changes_is_explained_by_no_change() {
    let folder = folder();
    let path = folder.path().join("still.csv");
    let rows: String = (0..20).map(|row| format!("{row},0.1\n")).collect();
    std::fs::write(&path, "t,u\n".to_owned() + &rows).unwrap();
    let more = ["--equation", "0.0 u", "--points", "10"];
    predict(&folder, path.to_str().unwrap(), &more)
        .assert()
        .success()
        .stdout(predicate::str::contains("explains hardly more").not());
}

#[test]
fn a_component_called_as_an_unknown_number_is_told_its_other_name() {
    let folder = folder();
    let series = write_series(&folder, TRUE, &times(60, 0.25));
    let text = std::fs::read_to_string(&series).unwrap();
    std::fs::write(&series, text.replacen("prey", "C", 1)).unwrap();
    let note =
        "--equation: C is a number that is not known; the component called so is written u_0";
    let form = "0.6 u_0 - C u_0 predators | 0.02 u_0 predators - 0.9 predators";
    for (form, noted) in [(form, true), (TRUE, false)] {
        let more = [
            "--equation",
            form,
            "--points",
            "40",
            "--overwrite",
            "--refine",
            "1",
        ];
        let assert = predict(&folder, series.to_str().unwrap(), &more)
            .assert()
            .success();
        let told = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert_eq!(told.contains(note), noted, "{told}");
    }
}

#[test]
fn components_are_told_in_their_order() {
    let folder = folder();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "t,z,a\n0,1,-2\n1,3,-1\n").unwrap();
    let path = path.to_str().unwrap();
    let expected = "values of z: 1.0, 3.0\nvalues of a: -2.0, -1.0\n";
    with(&["info", path])
        .assert()
        .success()
        .stdout(predicate::str::contains(expected));
    let told = with(&["info", "--json", path]).assert().success();
    let told: Value = serde_json::from_slice(&told.get_output().stdout).unwrap();
    assert_eq!(told["values"]["a"], serde_json::json!([-2.0, -1.0]));
}

/// Which column has the times is told, and can be: one that is called as a minimum is none by itself.
#[test]
fn the_column_of_the_times_is_told() {
    let folder = folder();
    let path = folder.path().join("a.csv");
    let rows = (0..30).map(|row| format!("{row},{},{},{}\n", 5 + row % 3, row + 4, 9 - row % 2));
    let text = ",mean,min,max\n".to_owned() + &rows.collect::<String>();
    std::fs::write(&path, &text).unwrap();
    let place = path.to_str().unwrap();
    let refusal = "column \"min\": found increasing numbers behind a first column without a name";
    fails(with(&["info", place]), 1, &[refusal, "--time-column"]);
    let form = ["--equation", "C | C", "--points", "20"];
    fails(predict(&folder, place, &form), 1, &[refusal]);
    let told = with(&["info", place, "--time-column", "min"]).assert();
    told.success().stdout(
        predicate::str::contains("components: mean, max\ntimes: min\nnote: ")
            .and(predicate::str::contains("column \"min\" has the times")),
    );
    let named = [
        &form[..],
        &["--time-column", "0", "--components", "mean,max"],
    ]
    .concat();
    predict(&folder, place, &named).assert().success().stderr(
        predicate::str::contains("(mean, max), times 0 to 19;").and(predicate::str::contains(
            "times: column 0, which has no name\n",
        )),
    );
    fails(
        with(&["info", "apps/prose/demo/model", "--time-column", "t"]),
        1,
        &["--time-column: apps/prose/demo/model is no series"],
    );
}

/// Of the components u_1 and u_2, u_1 is the first: what is told of it has its name, and means the same to --equation.
#[test]
fn components_with_numbers_of_their_own_keep_them() {
    let folder = folder();
    let series = write_series(&folder, TRUE, &times(60, 0.25));
    let text = std::fs::read_to_string(&series).unwrap();
    let series = series.to_str().unwrap();
    let renamed = |names: &str| {
        std::fs::write(series, text.replacen("prey,predators", names, 1)).unwrap();
    };
    let fit = |form: &str| {
        let more = ["--equation", form, "--points", "40", "--overwrite"];
        let told = predict(&folder, series, &more).assert().success();
        String::from_utf8(told.get_output().stdout.clone()).unwrap()
    };
    let best = |name: &str| {
        let file = File::open(folder.path().join("out.h5")).unwrap();
        texts(&file, name)[0].clone()
    };
    renamed("u_1,u_2");
    let told = fit("C u_1 - C u_1 u_2 | C u_1 u_2 - C u_2");
    assert!(
        told.contains("\n  du_1/dt = 0.6*u_1 - ") && told.contains("\n  du_2/dt = 0.02*u_1*u_2 - "),
        "{told}"
    );
    assert!(!told.contains("u_0"), "{told}");
    assert!(
        best("candidates/infix").starts_with("0.")
            && best("candidates/infix").contains("*u_1*u_2 | ")
    );
    assert!(
        best("candidates/latex").starts_with("\\dot{u_{1}} = "),
        "{}",
        best("candidates/latex")
    );
    assert!(best("candidates/prefix").contains("u_0"));
    // Given back, line by line and as it is in the file.
    let lines: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("  du_"))
        .collect();
    let lines = lines
        .iter()
        .map(|line| format!("du_{line}"))
        .collect::<Vec<_>>()
        .join("; ");
    for again in [lines, best("candidates/infix")] {
        let before = best("candidates/infix");
        fit(&again);
        let [before, after] = [before, best("candidates/infix")];
        let number = |text: &str| text.split('*').next().unwrap().parse::<f64>().unwrap();
        assert!(
            (number(&before) - number(&after)).abs() < 1e-3,
            "{before} {after}"
        );
    }
    // Numbers that say what they mean stay.
    renamed("u_0,u_1");
    assert!(fit("C x - C x y | C x y - C y").contains("\n  du_0/dt = 0.6*u_0 - "));
}
