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
    // An index of a part of a table.
    for index in [[7, 8, 9], [1, 2, 3], [0, 2, 4]] {
        let rows = index.iter().enumerate();
        let rows = rows.map(|(row, index)| format!("{index},0.{row},1{row}\n"));
        let series = read(&format!(",t,x\n{}", rows.collect::<String>())).unwrap();
        assert_eq!(series.names(), ["x"]);
        assert!(series.note().unwrap().contains("left out"));
    }
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
        assert!(note.contains("as an index does"), "{note}");
    }
    // Called so, but no count.
    let series = read("t,Unnamed: 0,x\n0,5,1\n1,5,3\n").unwrap();
    assert_eq!(series.names(), ["Unnamed: 0", "x"]);
}

/// Without a column called `t` or `time` the first real one has the times, not an index before it.
#[test]
fn an_index_is_not_the_times_where_others_are() {
    for (header, names, first, remark) in [
        (
            ",Year,Hare,Lynx",
            &["Hare", "Lynx"][..],
            1900.0,
            Some("left out"),
        ),
        (
            ",time (s),Hare,Lynx",
            &["Hare", "Lynx"],
            1900.0,
            Some("left out"),
        ),
        (
            "Unnamed: 0,t [h],Hare,Lynx",
            &["Hare", "Lynx"],
            1900.0,
            Some("left out"),
        ),
        ("Year,rise,Hare,Lynx", &["rise", "Hare", "Lynx"], 0.0, None),
    ] {
        let series = read(&format!(
            "{header}\n0,1900,30,4\n1,1901,47.2,6.1\n2,1902,20,9\n"
        ))
        .unwrap();
        assert_eq!(series.names(), names, "{header}");
        assert_eq!(series.times()[0], first, "{header}");
        let note = series.note().map(|note| note.rsplit_once(": ").unwrap().1);
        assert_eq!(
            note.map(|note| note.contains("left out")),
            remark.map(|_| true)
        );
    }
    // Nothing else can be the times: what follows does not increase, or is all that there is.
    for (text, names) in [
        (",Hare,Lynx\n0,30,4\n1,20,6\n", &["Hare", "Lynx"][..]),
        (",x\n0,1\n1,3\n", &["x"]),
        (",T_in,T_out\n0,30,4\n1,20,6\n", &["T_in", "T_out"]),
        (",T cells,virus\n0,30,4\n1,20,6\n", &["T cells", "virus"]),
        (",Day,Hare\n0,1,30\n1,1,20\n", &["Day", "Hare"]),
    ] {
        let series = read(text).unwrap();
        assert_eq!(
            (series.names(), series.times()),
            (&*owned(names), &[0.0, 1.0][..])
        );
        assert!(series.note().unwrap().contains("taken for the times"));
    }
}

/// The times behind an index may be anywhere.
#[test]
fn times_are_found_by_their_name_where_they_increase() {
    for name in ["Year", "elapsed", "t_min", "time since start"] {
        let text = format!(",Hare,Lynx,{name}\n0,30,4,1900\n1,20,6,1901\n");
        let series = read(&text).unwrap();
        assert_eq!(series.names(), ["Hare", "Lynx"], "{name}");
        assert_eq!(series.times(), [1900.0, 1901.0], "{name}");
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
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
        (
            "t,x,y,x\n0,1,2,3\n1,2,3,4\n",
            "line 1, column \"x\": found two columns of this name, expected a name of its own",
        ),
        (
            "t,,x\n0,5,1\n1,5,2\n",
            "line 1, column \"\": found no name (column 2), expected a name for each component",
        ),
        (
            ",mass,x\n0,5,1\n1,6,2\n",
            "column \"mass\": found increasing numbers behind a column without a name that does so too, expected to be told",
        ),
        (
            "t,x\n1700000000000000000,1\n1700000000000001000,2\n",
            "line 3, column \"t\": found \"1700000000000001000\", expected a number that float64 holds exactly",
        ),
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
    let message = Series::from_csv(&path).unwrap_err().to_string();
    assert!(
        message.contains("line 2: found bytes that are no UTF-8")
            && message.contains("save the file as UTF-8"),
        "{message}"
    );
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
