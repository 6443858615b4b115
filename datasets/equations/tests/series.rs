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

/// A column with a name of times has them, wherever it is, behind an index or without one.
#[test]
fn times_are_found_by_their_name() {
    for name in [
        "Year", "year", "elapsed", "TIME", "time (s)", "Time [h]", "t_s", "t [min]", "T (s)",
        "days", "date",
    ] {
        for (index, rows) in [
            ("", ["", ""]),
            (",", ["0,", "1,"]),
            ("Unnamed: 0,", ["0,", "1,"]),
        ] {
            let [first, second] = rows;
            let text = format!("{index}Hare,Lynx,{name}\n{first}30,4,1900\n{second}40,6,1901\n");
            let series = read(&text).unwrap();
            assert_eq!(series.names(), ["Hare", "Lynx"], "{text}");
            assert_eq!(series.times(), [1900.0, 1901.0], "{text}");
            assert_eq!(series.time_name(), Some(name));
            let told = format!("left out; column {name:?} has the times");
            let note = series.note();
            assert_eq!(note.is_some(), !index.is_empty(), "{text}");
            assert!(note.is_none_or(|note| note.ends_with(&told)), "{note:?}");
        }
    }
    // t and time before all others.
    for (header, time) in [
        ("T,t,x", "t"),
        ("T,time,x", "time"),
        (",T,t,x", "t"),
        ("Year,Time,t", "t"),
        ("T,day,x", "day"),
        ("x,min,time", "time"),
        // By its place, as any first one.
        ("T,x,y", "T"),
        ("clock,x,y", "clock"),
    ] {
        let index = header.starts_with(',');
        let rows = [[0, 2, 3, 5], [1, 3, 4, 6]].map(|row| {
            let row = row.map(|number: i32| number.to_string());
            row[usize::from(!index)..].join(",")
        });
        let series = read(&format!("{header}\n{}\n{}\n", rows[0], rows[1])).unwrap();
        assert_eq!(series.time_name(), Some(time), "{header}");
    }
    let series = read("t (h),Year,x\n0,1900,1\n1,1900,2\n")
        .unwrap_err()
        .to_string();
    assert!(
        series.contains("\"Year\": found a name of times, as \"t (h)\" is"),
        "{series}"
    );
}

/// Names that begin with words for times are none.
#[test]
fn what_is_not_clear_is_refused_with_the_remedy() {
    let increasing =
        "found increasing numbers behind a first column without a name that does so too";
    for (header, rows, expected) in [
        (",mean,min,max", ["0,4,1,9", "1,3,2,8"], increasing),
        (",deaths,week_cases", ["0,4,1", "1,3,2"], increasing),
        (",mass,second species", ["0,4,1", "1,3,2"], increasing),
        (",channel,sec_temp", ["0,4,1", "1,3,2"], increasing),
        (",mass,x", ["0,5,1", "1,6,2"], increasing),
        (",x,T", ["0,5,1", "1,4,2"], increasing),
        (
            ",Hare,Lynx,time since start",
            ["0,5,1,1", "1,4,2,2"],
            increasing,
        ),
        (
            "x,T",
            ["5,1", "6,2"],
            "\"T\": found increasing numbers, which may be times or temperatures",
        ),
        (
            ",Year,Month,Hare",
            ["0,1900,1,5", "1,1900,2,6"],
            "\"Month\": found a name of times, as \"Year\" is",
        ),
        (
            "Year,Month,Hare",
            ["1900,1,5", "1900,2,6"],
            "\"Month\": found a name of times, as \"Year\" is",
        ),
        (
            "t,x,time",
            ["0,1,5", "1,2,6"],
            "\"time\": found a name of times, as \"t\" is",
        ),
    ] {
        let message = read(&format!("{header}\n{}\n{}\n", rows[0], rows[1]))
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{header}: {message}");
        let remedy = "expected to be told which column has the times: call it t, or name it with --time-column";
        assert!(message.ends_with(remedy), "{header}: {message}");
    }
    // The one that is called so, and cannot be.
    for (header, rows, expected) in [
        (
            ",Day,Hare",
            ["0,1,30", "1,1,20"],
            "column \"Day\": found 1 after 1",
        ),
        (
            ",price,min,day",
            ["0,5,1,7", "1,6,2,1"],
            "column \"day\": found 1 after 7",
        ),
        (
            "Hare,Lynx,Year",
            ["3,4,1901", "4,5,1900"],
            "column \"Year\": found 1900 after 1901",
        ),
        (
            ",Hare,date,Lynx",
            ["0,5,20200131,4", "1,4,20200201,3"],
            "column \"date\": found 20200131, a date as a number",
        ),
        (
            "date,Lynx",
            ["20200131,4", "20200201,3"],
            "column \"date\": found 20200131, a date as a number",
        ),
        (
            ",t",
            ["0,1", "1,2"],
            "\"t\": found no component beside the times",
        ),
    ] {
        let message = read(&format!("{header}\n{}\n{}\n", rows[0], rows[1]))
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{header}: {message}");
    }
    // Nothing else can be the times: what follows the index does not increase, or is all that there is.
    for (text, names) in [
        (",Hare,Lynx\n0,30,4\n1,20,6\n", None),
        (",Hare,Lynx\n0,30,7\n1,20,6\n", Some(&["Hare", "Lynx"][..])),
        (",x\n0,1\n1,3\n", Some(&["x"])),
        (",T_in,T_out\n0,30,4\n1,20,4\n", Some(&["T_in", "T_out"])),
        (
            ",T cells,virus\n0,30,4\n1,20,3\n",
            Some(&["T cells", "virus"]),
        ),
    ] {
        let Some(names) = names else {
            assert!(read(text).is_err(), "Lynx may be the times");
            continue;
        };
        let series = read(text).unwrap();
        assert_eq!(
            (series.names(), series.times()),
            (&*owned(names), &[0.0, 1.0][..])
        );
        assert_eq!(series.time_name(), Some("column 0, which has no name"));
        assert!(series.note().unwrap().ends_with("taken for the times"));
    }
}

#[test]
fn whoever_names_the_column_of_the_times_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let place = path.to_str().unwrap();
    std::fs::write(&path, ",Year,Month,min\n0,1900,1,5\n1,1901,2,6\n").unwrap();
    for (named, time, names) in [
        ("Year", "Year", &["Month", "min"][..]),
        ("month", "Month", &["Year", "min"]),
        ("min", "min", &["Year", "Month"]),
        ("3", "min", &["Year", "Month"]),
        (
            "0",
            "column 0, which has no name",
            &["Year", "Month", "min"],
        ),
    ] {
        let series = Series::read_timed(place, Some(named)).unwrap();
        assert_eq!(
            (series.time_name(), series.names()),
            (Some(time), &*owned(names)),
            "{named}"
        );
        assert_eq!(series.note().is_some(), named != "0", "{named}");
    }
    for (place, named, expected) in [
        (
            place,
            "Day",
            "a.csv: --time-column: found \"Day\", expected one of the columns , Year, Month, min, or its number",
        ),
        (place, "4", "found \"4\""),
        (place, "", "found \"\""),
        ("a.npy", "0", "a.npy: its times are the first column"),
        (
            "a.h5:b",
            "time",
            "a.h5: its times are the first column, or the dataset time",
        ),
    ] {
        let message = Series::read_timed(place, Some(named))
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message}");
    }
}

/// As Excel writes them where numbers have decimal commas, and instruments.
#[test]
fn semicolons_and_tabs_separate_columns_too() {
    for separator in [";", "\t"] {
        let text = "# of May, in the garden\n\nt,x,\"y;\tz\"\n0,1.5,2\n1,2.5,-3e1\n";
        let (head, rest) = text.split_once("\n\n").unwrap();
        let series = read(&format!("{head}\n\n{}", rest.replace(',', separator))).unwrap();
        assert_eq!(series.names(), ["x", "y;\tz"]);
        assert_eq!(series.states().row(1).to_vec(), [2.5, -30.0]);
    }
    for (text, expected) in [
        (
            "t;x\n0;1,5\n1;2\n",
            "line 2, column \"x\": found \"1,5\", expected a decimal point, no decimal comma",
        ),
        ("t;x\n0;1\n1;2;3\n", "3 fields"),
        ("t;x\n0,1\n1,2\n", "1 field"),
        (
            "t;x\ty\n0;1\t2\n",
            "line 1: found 1 column(s), expected the time and 1 to 64 components, with commas between them (or semicolons, or tabs)",
        ),
        ("t x\n0 1\n1 2\n", "line 1: found 1 column(s)"),
        ("t;x,y\n0;1,2\n1;3,4\n", "found \"0;1\""),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(message.contains(expected), "{text:?}: {message}");
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
            "line 3, column \"x\": found 0.5 after 1, expected increasing times (--time-column names another column)",
        ),
        ("t,x\n0,1\n1,2,3\n", "3 fields"),
        (
            "0,1\n1,2\n2,3\n",
            "line 1, column \"0\": found a number, expected a header",
        ),
        ("t\n0\n1\n", "line 1: found 1 column(s)"),
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
            "line 1, column \"\": found no name (column 1), expected a name for each component",
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
