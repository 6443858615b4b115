//! Files as other labs have them: their names of genes, columns and controls, and what is said of them.

mod command;
mod foreign_files;
mod screen;

use std::fs;
use std::path::Path;

use command::{fails, folder, with};
use foreign_files::{foreign, relabelled, texts, write};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rheome_anndata::AnnData;

#[test]
fn columns_that_are_called_as_ours_are_kept() {
    let folder = folder();
    let obs = [
        ("gene", "ctrl KLF1 KLF1 ctrl"),
        ("perturbation", "none CRISPRi CRISPRi none"),
        ("split", "a a b b"),
    ];
    let var = [
        ("symbol", "KLF1 ACTB GAPDH"),
        ("id", "x y z"),
        ("means", "1 2 3"),
    ];
    let (data, prepare) = foreign(&folder, "E1 E2 E3", &var, &obs);
    let log = folder.path().join("log.jsonl");
    prepare("--pert-col gene --gene-col symbol --log-json")
        .arg(&log)
        .assert()
        .success()
        .stderr(contains(
            "note: kept under another name: var/means as var/source_means, obs/perturbation as obs/source_perturbation, obs/split \
             as obs/source_split\n",
        ));
    let told: serde_json::Value =
        serde_json::from_str(fs::read_to_string(&log).unwrap().lines().last().unwrap()).unwrap();
    assert_eq!(told["renamed"]["obs/split"], "obs/source_split");
    let cells = AnnData::open(&data).unwrap();
    let columns = [
        "gene",
        "source_perturbation",
        "source_split",
        "perturbation",
    ];
    assert_eq!(cells.obs().columns(), columns);
    let kept = ["none", "CRISPRi", "CRISPRi", "none"];
    assert_eq!(texts(&cells, "source_perturbation"), kept);
    assert_eq!(texts(&cells, "source_split"), ["a", "a", "b", "b"]);
    let written = ["control", "KLF1", "KLF1", "control"];
    assert_eq!(texts(&cells, "perturbation"), written);
    // The names of the rows went to a column of their own, beside that of the source.
    let var = cells.var();
    let text = |column: &str| var.column(column).unwrap().text(0).unwrap();
    assert_eq!(
        [text("id"), text("id-1"), text("source_means")],
        ["x", "E1", "1"]
    );
}

#[test]
fn the_labels_themselves_are_kept_where_they_read_otherwise() {
    let folder = folder();
    let raw_labels = "ctrl KLF1+ctrl ctrl+KLF1 ctrl";
    let obs = [("perturbation", raw_labels)];
    let (data, prepare) = foreign(&folder, "KLF1 ACTB", &[], &obs);
    prepare("--pert-col perturbation")
        .assert()
        .success()
        .stderr(contains("obs/perturbation as obs/source_perturbation"));
    let cells = AnnData::open(&data).unwrap();
    assert_eq!(texts(&cells, "source_perturbation").join(" "), raw_labels);
    // Written as we do, there is nothing to keep.
    let elsewhere = command::folder();
    let obs = [("perturbation", "control KLF1 KLF1")];
    let (data, prepare) = foreign(&elsewhere, "KLF1 ACTB", &[], &obs);
    prepare("--pert-col perturbation")
        .assert()
        .success()
        .stderr(contains("another name").not());
    let cells = AnnData::open(&data).unwrap();
    assert_eq!(cells.obs().columns(), ["perturbation"]);
}

#[test]
fn a_separator_that_is_the_weak_one_takes_its_place() {
    let folder = folder();
    let obs = [("condition", "ctrl KLF1 HOXA9 HOXA9_KLF1 KLF1_ctrl")];
    let (data, prepare) = foreign(&folder, "KLF1 ACTB", &[], &obs);
    prepare("--separator _").assert().success().stdout(contains(
        "2 perturbations alone, 1 combinations, 1 control cells",
    ));
    let cells = AnnData::open(&data).unwrap();
    let written = ["control", "KLF1", "HOXA9", "HOXA9+KLF1", "KLF1"];
    assert_eq!(texts(&cells, "perturbation"), written);
    // Asked for both, it is a contradiction.
    let both = prepare("--separator _ --weak-separator _");
    fails(both, 1, &["--weak-separator: found _"]);
}

#[test]
fn genes_of_one_name_are_told_where_they_are() {
    let folder = folder();
    let obs = [("condition", "ctrl KLF1 TBCE ctrl")];
    let var = [("gene_name", "TBCE KLF1 TBCE HSPA14 HSPA14 TBCE")];
    let (data, prepare) = foreign(&folder, "E1 E2 E3 E4 E5 E6", &var, &obs);
    let advice = "var/gene_name: two genes are called \"TBCE\" (E1 and E3), and 2 more genes like others before them, expected names \
                  of their own; --make-unique calls the second \"TBCE-1\", and perturbations called \"TBCE\" are of the first\n";
    // The names of the rows are unique already.
    prepare("--gene-col gene_name")
        .assert()
        .code(1)
        .stderr(contains(advice));
    prepare("--gene-col gene_name --make-unique")
        .assert()
        .success()
        .stderr(contains(
            "note: genes of a name that another has before them are called TBCE-1, HSPA14-1, TBCE-2; perturbations of such a \
             name are of the first\n",
        ));
    let cells = AnnData::open(&data).unwrap();
    assert_eq!(
        cells.var().names().unwrap()[..3],
        ["TBCE", "KLF1", "TBCE-1"]
    );
    let perturbed = cells.var().column("perturbed").unwrap().to_f64().unwrap();
    assert_eq!(perturbed[..3], [1.0, 1.0, 0.0]);
    // With such names of the rows themselves, Python makes them unique too.
    let elsewhere = command::folder();
    let (_, prepare) = foreign(&elsewhere, "TBCE KLF1 TBCE", &[], &obs);
    let advice = [
        "raw.h5ad: var: two genes are called \"TBCE\", expected",
        "in Python: adata.var_names_make_unique()",
    ];
    fails(prepare(""), 1, &advice);
    prepare("--make-unique").assert().success();
}

#[test]
fn a_gene_without_a_symbol_is_called_as_its_row() {
    let folder = folder();
    let obs = [("condition", "ctrl KLF1 ctrl")];
    let var = [("gene_name", "KLF1  ")];
    let (data, prepare) = foreign(&folder, "E1 E2 E3", &var, &obs);
    prepare("--gene-col gene_name").assert().success();
    let cells = AnnData::open(&data).unwrap();
    assert_eq!(cells.var().names().unwrap(), ["KLF1", "E2", "E3"]);
}

#[test]
fn likely_controls_are_told_first() {
    let folder = folder();
    let labels = "CTCF CTCF CTRC CTR9 CTSL non-targeting NT_1 CTLA4 CTLA4";
    let (data, prepare) = foreign(&folder, "CTCF CTLA4", &[], &[("gene", labels)]);
    let words = "obs/gene: no control cells: no label is ctrl or control; of its 7 labels \"NT_1\" (1 cells), \"non-targeting\" \
                 (1 cells) may be; name the one of unperturbed cells with --control";
    fails(prepare("--pert-col gene"), 1, &[words]);
    let raw = folder.path().join("raw.h5ad").display().to_string();
    let info = |more: &str| {
        let mut command = with(&["info", &raw, "--pert-col", "gene", "--json"]);
        command.args(more.split_whitespace());
        let told = command.assert().success().get_output().stdout.clone();
        serde_json::from_slice::<serde_json::Value>(&told).unwrap()
    };
    let told = info("");
    assert_eq!(told["control_cells"], 0);
    assert_eq!(
        told["likely_control"],
        serde_json::json!(["NT_1", "non-targeting"])
    );
    let told = info("--control non-targeting --control nt_1");
    assert_eq!(
        (&told["control_cells"], told.get("likely_control")),
        (&2.into(), None)
    );
    let perturbed = told["perturbed"].as_array().unwrap();
    assert!(!perturbed.contains(&"non-targeting".into()), "{told}");
    prepare("--pert-col gene --control non-targeting --control NT_1")
        .assert()
        .success();
    assert_eq!(AnnData::open(data).unwrap().n_obs(), 9);
}

/// What cannot be understood is told, beside all that can.
#[test]
fn info_tells_why_there_are_no_conditions() {
    let folder = folder();
    let raw = folder.path().join("raw.h5ad").display().to_string();
    write(&raw, "KLF1 ACTB", &[], &[("condition", "ctrl KLF1+ ctrl")]);
    for more in [&[][..], &["--pert-col", "condition"]] {
        with(&[&["info", &raw], more].concat())
            .assert()
            .success()
            .stdout(
                contains("genes: 2")
                    .and(contains("conditions_error: "))
                    .and(contains(
                        "the label \"KLF1+\" of cell \"AAAC-1\" has an empty part",
                    )),
            );
    }
    fails(
        with(&["info", &raw, "--pert-col", "guide"]),
        1,
        &["no column \"guide\"", "--pert-col"],
    );
}

#[test]
fn raw_is_told_by_info() {
    let file = "datasets/anndata/tests/data/anndata-0.11.4.h5ad";
    let told = with(&["info", file]).assert().success();
    told.stdout(contains("raw: 7 genes, "));
    with(&["info", "tests/fixtures/cell_eval/real.h5ad"])
        .assert()
        .success()
        .stdout(contains("raw: ").not());
}

/// A fault of another label is not to be called one of control.
#[test]
fn control_is_known_however_it_is_joined_to_itself() {
    let folder = folder();
    let (_, prepare) = foreign(&folder, "A B", &[], &[("condition", "NT+NT A+NT CD4+ A")]);
    let words = "the label \"CD4+\" of cell \"AAAC-2\" has an empty part";
    fails(prepare("--control NT"), 1, &[words]);
    fails(prepare("--control NC"), 1, &["no control cells"]);
}

#[test]
fn names_with_a_plus_within_brackets_are_refused() {
    let folder = folder();
    let obs = [("drug", "DMSO JQ1 (+)-JQ1")];
    let (data, prepare) = foreign(&folder, "A B", &[], &obs);
    let words = [
        "the label \"(+)-JQ1\" of cell \"AAAC-2\" has \"+\" within brackets",
        "call it otherwise in the file",
    ];
    fails(prepare("--pert-col drug --control DMSO"), 1, &words);
    assert!(!Path::new(&data).exists());
}

#[test]
fn columns_within_the_groups_of_ours_are_kept() {
    let folder = folder();
    let obs = [
        ("condition", "ctrl A B"),
        ("perturbation/1", "x y z"),
        ("split/a", "k l m"),
    ];
    let (data, prepare) = foreign(&folder, "A B", &[("means/of", "1 2")], &obs);
    prepare("--split-method given --conditions B")
        .assert()
        .success()
        .stderr(contains(
            "note: kept under another name: var/means/of as var/source_means_of, obs/perturbation/1 as obs/source_perturbation_1, \
             obs/split/a as obs/source_split_a\n",
        ));
    let cells = AnnData::open(&data).unwrap();
    assert_eq!(texts(&cells, "source_perturbation_1"), ["x", "y", "z"]);
    assert_eq!(texts(&cells, "source_split_a"), ["k", "l", "m"]);
    assert_eq!(texts(&cells, "perturbation"), ["control", "A", "B"]);
}

/// Tables that were made text say nan, or nothing, where a label is missing.
#[test]
fn labels_that_say_that_they_are_missing_are_left_out() {
    let folder = folder();
    let obs = [("condition", "ctrl A nan NaN B None")];
    let (data, prepare) = foreign(&folder, "A B", &[], &obs);
    prepare("").assert().success().stderr(contains(
        "note: the label \"nan\" may be a missing one: --drop-unlabelled leaves such cells out\n",
    ));
    prepare("--drop-unlabelled")
        .assert()
        .success()
        .stderr(contains("note: left out 3 cells without a label\n").and(contains("may be").not()));
    let cells = AnnData::open(&data).unwrap();
    assert_eq!(texts(&cells, "perturbation"), ["control", "A", "B"]);
    // Beside control it says no more.
    let elsewhere = command::folder();
    let obs = [(
        "condition",
        "ctrl G1+ctrl nan+ctrl ctrl+None nan_ctrl nan G1",
    )];
    let (data, prepare) = foreign(&elsewhere, "G1 B", &[], &obs);
    prepare("").assert().success().stderr(contains(
        "note: the label \"nan\" may be a missing one: --drop-unlabelled leaves such cells out\n",
    ));
    prepare("--drop-unlabelled")
        .assert()
        .success()
        .stderr(contains("note: left out 4 cells without a label\n").and(contains("may be").not()));
    let cells = AnnData::open(&data).unwrap();
    assert_eq!(texts(&cells, "perturbation"), ["control", "G1", "G1"]);
    // What is control, or a gene, is no missing label.
    let elsewhere = command::folder();
    let obs = [("condition", "None A NA nan")];
    let (data, prepare) = foreign(&elsewhere, "A NA", &[], &obs);
    prepare("--drop-unlabelled --control None")
        .assert()
        .success();
    let cells = AnnData::open(&data).unwrap();
    assert_eq!(texts(&cells, "perturbation"), ["control", "A", "NA"]);
    let elsewhere = command::folder();
    let (_, prepare) = foreign(&elsewhere, "A B", &[], &[("condition", "ctrl A  B")]);
    let words = [
        "the label \"\" of cell \"AAAC-2\" is missing, as those of 1 of 4 cells are",
        "--drop-unlabelled",
    ];
    fails(prepare(""), 1, &words);
    prepare("--drop-unlabelled").assert().success();
}

/// A word for control that was written into the labels since is no gene: neither what `prepare` tells nor that it does not tell of
/// such a name makes it one.
#[test]
fn words_for_control_are_no_genes_unless_they_were_measured() {
    let folder = folder();
    let obs = [("condition", "ctrl A B A+B ctrl ctrl")];
    let (data, prepare) = foreign(&folder, "A B G", &[], &obs);
    prepare("").assert().success();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (other, model) = (path("other.h5ad"), "apps/perturb/demo/model");
    let (run, table) = (path("run"), path("out.csv"));
    for (labels, words) in [
        // Half of the control cells.
        (
            "control A B A+B ctrl ctrl",
            [
                "the label \"ctrl\" of cell \"AAAC-4\" has \"ctrl\" in it",
                "--control ctrl",
            ],
        ),
        (
            "control A B+ctrl A+B control control",
            [
                "the label \"B+ctrl\" of cell \"AAAC-2\" has \"ctrl\" in it",
                "rename these cells",
            ],
        ),
        (
            "control A B A+B Control control",
            ["\"Control\" in it", "--control Control"],
        ),
    ] {
        relabelled(&data, Path::new(&other), labels, &[0, 1, 2]);
        let told = with(&["info", &other, "--json"]).output().unwrap().stdout;
        let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
        let error = told["conditions_error"].as_str().unwrap();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert!(told.get("perturbed").is_none(), "{told}");
        let words = [&["other.h5ad: obs/perturbation: "], &words[..]].concat();
        let split = ["split", &other, "--split-method", "additive", "--overwrite"];
        fails(with(&split), 1, &words);
        fails(
            screen::briefly(Path::new(&other), Path::new(&run), &[]),
            1,
            &words,
        );
        let asked = ["--perturbations", "A", "--summary", &table];
        let predict = screen::predict(Path::new(model), Path::new(&other), &asked);
        fails(predict, 1, &words);
    }
}

/// Such a name is that of a gene where it was measured, whether or not its column is still there.
#[test]
fn a_gene_that_is_called_as_control_is_one() {
    let folder = folder();
    let obs = [("condition", "NT A CTRL A+CTRL NT")];
    let (data, prepare) = foreign(&folder, "A CTRL G", &[], &obs);
    prepare("--control NT").assert().success();
    let other = folder.path().join("other.h5ad");
    let info = |labels: &str, genes: &[usize]| {
        relabelled(&data, &other, labels, genes);
        let name = other.display().to_string();
        let told = with(&["info", &name, "--json"]).output().unwrap().stdout;
        serde_json::from_slice::<serde_json::Value>(&told).unwrap()
    };
    let labels = "control A CTRL A+CTRL control";
    for genes in [&[0, 1, 2][..], &[0, 2]] {
        let told = info(labels, genes);
        assert_eq!(
            told["perturbed"],
            serde_json::json!(["A", "CTRL"]),
            "{told}"
        );
    }
    // Written otherwise it is none.
    let told = info("control A CTRL A+CTRL ctrl", &[0, 1, 2]);
    let error = told["conditions_error"].as_str().unwrap();
    assert!(error.contains("has \"ctrl\" in it"), "{error}");
}
