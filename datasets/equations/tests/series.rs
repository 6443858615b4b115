//! Measured series from CSV files.

use proptest::prelude::*;
use rheome_equations::{EquationError, Series, families_from_toml};

fn read(text: &str) -> Result<Series, EquationError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, text).unwrap();
    Series::from_csv(&path)
}

#[test]
fn columns_become_components() {
    let series = read("# measured in May\nprey, Time, predators\n1.0,0,5\n2.5,0.5,-4e-1\n3,2,7\n");
    let series = series.unwrap();
    assert_eq!(series.times(), [0.0, 0.5, 2.0]);
    assert_eq!(series.names(), ["prey", "predators"]);
    assert_eq!(series.states().row(1).to_vec(), [2.5, -0.4]);
    assert_eq!(series.beginning(2).points(), 2);
}

/// pandas writes the index of a table as a first column without a name.
#[test]
fn an_index_is_no_component() {
    let series = read(",t,x,v\n0,0.5,1,2\n1,0.75,3,4\n2,1.5,5,6\n").unwrap();
    assert_eq!(series.names(), ["x", "v"]);
    assert_eq!(series.times(), [0.5, 0.75, 1.5]);
    assert_eq!(series.states().row(2).to_vec(), [5.0, 6.0]);
    let note = series.select(&["v"]).unwrap().beginning(2);
    assert!(note.note().unwrap().contains("a.csv: the first column"));
    // Without a column of times it has them, and other numbers are a component's.
    let series = read(",x\n0,1\n1,3\n").unwrap();
    assert_eq!(
        (series.names(), series.note()),
        (&["x".to_owned()][..], None)
    );
    assert_eq!(read(",t,x\n7,0,1\n8,1,3\n").unwrap().dimension(), 2);
    // Read by pandas without telling it of the index, and written again; and once more.
    for header in [
        "Unnamed: 0,t,x",
        "\"Unnamed: 0\",time,x",
        "Unnamed: 0.1,t,Unnamed: 0,x",
        ",t,Unnamed: 0,x",
    ] {
        let columns = header.split(',').count();
        let rows = (0..3).map(|row| match columns {
            3 => format!("{row},{row}.5,1{row}\n"),
            _ => format!("{row},{row}.5,{row},1{row}\n"),
        });
        let series = read(&format!("{header}\n{}", rows.collect::<String>())).unwrap();
        assert_eq!(series.names(), ["x"], "{header}");
        assert_eq!(series.times(), [0.5, 1.5, 2.5], "{header}");
        let note = series.note().unwrap();
        assert!(note.contains("counts the lines"), "{note}");
    }
    // Called so, but no count.
    let series = read("t,Unnamed: 0,x\n0,5,1\n1,6,3\n").unwrap();
    assert_eq!(series.names(), ["Unnamed: 0", "x"]);
}

#[test]
fn what_is_wrong_with_a_series_is_said() {
    let cases = [
        (
            "t,x\n0,1\n0.5,one\n",
            "line 3, column \"x\": found \"one\", expected a finite number",
        ),
        ("t,x\n0,1\n1,inf\n", "line 3, column \"x\": found \"inf\""),
        (
            "t,x\n0,1\n0,2\n",
            "line 3, column \"t\": found 0 after 0, expected increasing times",
        ),
        (
            "x,v\n1,1\n0.5,2\n",
            "line 3, column \"x\": found 0.5 after 1, expected increasing times: the column t or time has them, or the first one",
        ),
        ("t,x\n0,1\n1,2,3\n", "3 fields"),
        (
            "0,1\n1,2\n2,3\n",
            "line 1, column \"0\": found a number, expected a header",
        ),
        ("t\n0\n1\n", "line 1: found 1 column(s)"),
        ("t;x\n0;1\n1;2\n", "line 1: found 1 column(s)"),
        (
            "t,x\n0,1\n",
            "found 1 point(s), expected a header and at least two points",
        ),
        ("", "line 1: found 0 column(s)"),
    ];
    for (text, expected) in cases {
        let message = read(text).unwrap_err().to_string();
        assert!(message.contains(expected), "{text:?}: {message}");
        assert!(
            message.contains("a.csv: ") && message.lines().count() == 1,
            "{message}"
        );
    }
    let missing = Series::from_csv("nowhere.csv".as_ref())
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("nowhere.csv: cannot read the series"),
        "{missing}"
    );
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, b"t,x\n0,\xff\n1,2\n").unwrap();
    assert!(Series::from_csv(&path).is_err());
}

proptest! {
    #[test]
    fn whatever_is_in_a_file_is_a_series_or_an_error(text in "([a-z0-9.,;#\"\n -]|\\PC){0,200}") {
        let _ = read(&text);
        let _ = families_from_toml(&text, "a.toml");
    }

    #[test]
    fn a_series_that_was_written_is_read_back(values in prop::collection::vec(-1e6..1e6_f64, 2..40)) {
        let rows = values.iter().enumerate().map(|(point, value)| format!("{point},{value}\n"));
        let series = read(&format!("t,x\n{}", rows.collect::<String>())).unwrap();
        prop_assert_eq!(series.states().column(0).to_vec(), values);
    }
}
