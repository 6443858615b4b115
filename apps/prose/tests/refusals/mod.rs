//! How `prose predict` fails.

use rheome_backend::weights::StateDict;

use super::*;

#[test]
fn a_model_of_another_program_is_called_so() {
    let folder = folder();
    let output = folder.path().join("out.h5");
    let turbulence = "apps/turbulence/demo/model";
    for (verb, own) in [
        (&["predict"][..], "prose"),
        (&["fluids", "predict"], "prose fluids"),
    ] {
        let mut command = with(verb);
        command.args(["--model", turbulence, "--input", MEASURED, "--output"]);
        command.arg(&output).args(["--device", "flex"]);
        let told = format!("{turbulence}: found a model of `turbulence`, expected one of `{own}`");
        fails(command, 1, &[&told]);
    }
    let told = "found a model of `perturb`, expected one of `prose` or `prose fluids`";
    fails(with(&["info", "apps/perturb/demo/model"]), 1, &[told]);
    with(&["info", "apps/prose/demo/model"]).assert().success();
}

#[test]
fn of_two_sets_of_weights_it_is_told_which_is_taken() {
    let folder = folder();
    let mut state = StateDict::read(&root().join(CHECKPOINT)).unwrap();
    let tensors = std::mem::take(&mut state.tensors).into_iter();
    state.tensors = tensors
        .flat_map(|(name, data)| {
            ["model", "ema"].map(|set| (format!("{set}.{name}"), data.clone()))
        })
        .collect();
    let both = folder.path().join("both.safetensors");
    state.write(&both).unwrap();
    let told = |weights: &str| {
        let mut command = with(&[
            "predict",
            "--device",
            "flex",
            "--threads",
            "1",
            "--overwrite",
        ]);
        command.arg("--config").arg(checkpoint_settings(&folder));
        command.args([
            "--weights",
            weights,
            "--input",
            MEASURED,
            "--refine",
            "0",
            "--greedy",
        ]);
        command.args([
            "--equation",
            "C x - C x y | C x y - C y",
            "--points",
            "16",
            "--output",
        ]);
        command.arg(folder.path().join("out.h5")).assert().success()
    };
    let both = both.display().to_string();
    let note = format!(
        "{both}: taking the weights below model; others are there (ema): name one to take it, {both}:ema\n"
    );
    told(&both).stderr(predicate::str::contains(note));
    let silent = predicate::str::contains("taking the weights").not();
    told(&format!("{both}:ema")).stderr(silent);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_written() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("wide.csv"), "t,a,b,c,d\n0,1,2,3,4\n1,1,2,3,4\n").unwrap();
    std::fs::write(path("bad.csv"), "t,a\n0,1\n1,x\n").unwrap();
    let ahead = ["--times", "1921:1930:5"];
    let refused = |input: &str, more: &[&str], words: &[&str]| {
        fails(predict(&folder, input, &[&ahead, more].concat()), 1, words);
        assert!(!Path::new(&path("out.h5")).exists());
    };
    refused("nowhere.csv", &[], &["nowhere.csv: cannot read"]);
    refused("nowhere.dat", &[], &["nowhere.dat: unknown kind", ".npy"]);
    refused(&path("bad.csv"), &[], &["bad.csv: line 3, column \"a\""]);
    refused(
        &path("wide.csv"),
        &[],
        &["wide.csv", "4 components (a, b, c, d)", "--components"],
    );
    refused(
        MEASURED,
        &["--components", "Fox"],
        &["--components", "\"Fox\"", "Hare, Lynx"],
    );
    refused(MEASURED, &[], &["no published one, has 2", "--equation"]);
    refused(
        MEASURED,
        &["--equation", "x +"],
        &["--equation: formula, character"],
    );
    refused(
        MEASURED,
        &["--equation", "C Hare - C Fox | C Lynx"],
        &["\"Fox\"", "components of the series are Hare, Lynx"],
    );
    refused(
        MEASURED,
        &["--equation", "x"],
        &["--equation: found 1 component(s), expected 2"],
    );
    refused(
        MEASURED,
        &["--equation", "x | z"],
        &["--equation: component 1: found u_2"],
    );
    refused(MEASURED, &["--points", "22"], &["--points 22", "21 points"]);
    refused(
        MEASURED,
        &["--sample", "1"],
        &["--sample", "prose generate"],
    );
    refused(
        MEASURED,
        &["--set", "model.width=33"],
        &["tiny.toml", "heads"],
    );
    refused(
        MEASURED,
        &["--set", "model.widht=32"],
        &["did you mean width?"],
    );
    let lotka = ["--equation", "C x - C x y | C x y - C y"];
    refused(
        MEASURED,
        &[&lotka[..], &["--set", "model.width=64"]].concat(),
        &["checkpoint.pt"],
    );
    refused(
        MEASURED,
        &["--components", "Hare,Hare"],
        &["--components", "\"Hare\"", "each component once"],
    );
    refused(
        MEASURED,
        &[&lotka[..], &["--set", "decoding.method=greedy"]].concat(),
        &["decoding.method", "{ kind = \"greedy\" }", "width"],
    );
    let early = predict(
        &folder,
        MEASURED,
        &[&lotka[..], &["--times", "1890:1930:5"]].concat(),
    );
    fails(early, 1, &["--times: found 1890", "begins at 1900"]);
    fails(
        predict(&folder, MEASURED, &lotka),
        1,
        &["--times", "--points"],
    );
    fails(
        predict(
            &folder,
            MEASURED,
            &[&lotka[..], &["--points", "20"]].concat(),
        ),
        1,
        &["hold points back with --points: 1 is held back, and 2 are needed"],
    );
    // What may be the reason of another failure.
    std::fs::write(path("words.csv"), "t,C,sin\n0,1,2\n1,1,3\n2,1,4\n").unwrap();
    refused(
        &path("words.csv"),
        &["--equation", "C C | 2 sin"],
        &[
            "--equation: formula, character",
            "; --equation: C is a number that is not known; the component called so is written u_0",
        ],
    );
    refused(
        &path("words.csv"),
        &["--equation", "2 sin + | 3"],
        &["; --equation: sin is a word of equations; the component called so is written u_1"],
    );
    for usage in [
        ["--times", "5:1:3"],
        ["--time-scale", "0"],
        ["--points", "1"],
        ["--draw", "0"],
    ] {
        predict(&folder, MEASURED, &usage).assert().code(2);
    }
    std::fs::write(path("out.h5"), "mine").unwrap();
    fails(
        predict(&folder, MEASURED, &ahead),
        1,
        &["out.h5: exists already", "--overwrite"],
    );
    assert_eq!(std::fs::read(path("out.h5")).unwrap(), b"mine");
    let replaced = [&ahead[..], &["--overwrite"]].concat();
    let again = predict(&folder, MEASURED, &replaced);
    is_refused_beside(Path::new(&path("out.h5.lock")), again);
    assert_eq!(std::fs::read(path("out.h5")).unwrap(), b"mine");
}
