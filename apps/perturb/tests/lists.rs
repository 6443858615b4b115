//! Perturbations that files list, as people and spreadsheets write them, asked of a model.

mod command;
mod foreign_files;
mod screen;

use std::fs;
use std::path::Path;

use command::{fails, folder};
use foreign_files::foreign;
use screen::{briefly, predict};

/// What is predicted is what was listed, or nothing.
#[test]
fn a_list_is_never_taken_for_another_one() {
    let folder = folder();
    let obs = [("condition", "ctrl G1 G2 G1+G2 P1 P1;P2 ctrl")];
    let (data, prepare) = foreign(&folder, "G1 G2 P1 P1;P2", &[], &obs);
    prepare("").assert().success();
    let (data, run) = (Path::new(&data), folder.path().join("run"));
    briefly(data, &run, &[]).assert().success();
    let [list, table] = ["list.csv", "out.csv"].map(|name| folder.path().join(name));
    let ask = |text: &str| {
        fs::write(&list, text).unwrap();
        let mut command = predict(&run, data, &["--cells", "2", "--overwrite"]);
        command.arg("--perturbations-file").arg(&list);
        command.arg("--summary").arg(&table);
        command
    };
    for (text, expected) in [
        ("G1;1,5\nG2+G1;2\n", "G1 G1+G2"),
        ("perturbation;n\nG2;3\n", "G2"),
        // Genes of these names were measured.
        ("P1;P2\n", "P1;P2"),
        ("gene;n\n\"P1;P2\";1\nP1;2\n", "P1;P2 P1"),
    ] {
        ask(text).assert().success();
        let told = fs::read_to_string(&table).unwrap();
        let names: Vec<&str> = told
            .lines()
            .skip(1)
            .map(|l| l.split(',').next().unwrap())
            .collect();
        assert_eq!(names.join(" "), expected, "{text:?}");
    }
    fs::remove_file(&table).unwrap();
    let pair = "did you mean G1+G2?";
    for (text, words) in [
        (
            "condition\nG1;G2\n",
            &["line 2: the gene \"G1;G2\"", pair][..],
        ),
        (
            "perturbation;n\n\"G1;G2\";3\n",
            &["line 2: the gene \"G1;G2\"", pair],
        ),
        ("G1;G2\n", &["line 1: the gene \"G1;G2\"", pair]),
        ("G1;G99\n", &["line 1: the gene \"G1;G99\""]),
        ("G1;g2\n", &["line 1: the gene \"G1;g2\""]),
        ("G1;1\nG2;x\n", &["line 1: the gene \"G1;1\""]),
        (
            "gene;n\nP1;P2;3\n",
            &["line 2: found 3 cells between its ;, expected 2", "quotes"],
        ),
        (
            "gene_name;n\nG1;1\n",
            &[
                "line 1: the gene \"gene_name;n\" is not among the 4 that the model knows",
                "if it is a heading: these are passed over: perturbation, condition, gene, target, drug, guide, label, name",
            ],
        ),
    ] {
        fails(ask(text), 1, &[&["list.csv: "], words].concat());
        assert!(!table.exists(), "{text:?}");
    }
}
