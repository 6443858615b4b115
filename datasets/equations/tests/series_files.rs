//! Series in NumPy and HDF5 files: read back as written, by us and by Python, and refused where they are wrong.

use std::path::{Path, PathBuf};

use ndarray::{Array2, arr2};
use proptest::prelude::*;
use rheome_equations::{
    DataConfig, DataFile, DataWriter, EquationError, Series, generate, published_families,
    write_points,
};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Bytes of a `.npy` file of float64 in C order.
fn npy(table: &Array2<f64>) -> Vec<u8> {
    let (rows, columns) = table.dim();
    let header =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(table.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn table(series: &Series) -> Array2<f64> {
    Array2::from_shape_fn(
        (series.points(), 1 + series.dimension()),
        |(point, column)| match column {
            0 => series.times()[point],
            column => series.states()[[point, column - 1]],
        },
    )
}

/// Writes the series as a group, as the root and as a table.
fn write_hdf(path: &Path, series: &Series) {
    let file = hdf5::File::create(path).unwrap();
    for group in [file.create_group("a/b").unwrap(), file.group("/").unwrap()] {
        write_points(
            &group,
            series.times(),
            series.states().view(),
            series.names(),
        )
        .unwrap();
    }
    let table = table(series);
    let dataset = file.new_dataset_builder().with_data(&table);
    dataset.create("table").unwrap();
}

#[test]
fn selected_components_are_written_as_any() {
    let folder = folder();
    let path = folder.path().join("a.h5");
    let states = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let series = Series::new(vec![0.0, 1.0], states).unwrap();
    let selected = series.select(&["u_2", "u_0"]).unwrap();
    write_hdf(&path, &selected);
    let read = Series::from_hdf(&path, None).unwrap();
    assert_eq!(read.states(), arr2(&[[3.0, 1.0], [6.0, 4.0]]));
    assert_eq!(read.names(), ["u_2", "u_0"]);
}

fn series() -> impl Strategy<Value = Series> {
    (2_usize..40, 1_usize..5).prop_flat_map(|(points, components)| {
        let steps = prop::collection::vec(1e-3_f64..1e3, points);
        let values = prop::collection::vec(-1e6_f64..1e6, points * components);
        (steps, values).prop_map(move |(steps, values)| {
            let mut time = -5.0;
            let times = steps.iter().map(|step| {
                time += step;
                time
            });
            let states = Array2::from_shape_vec((points, components), values).unwrap();
            Series::new(times.collect(), states).unwrap()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_was_written_is_read_from_every_kind_of_file(series in series()) {
        let folder = folder();
        let path = |name: &str| folder.path().join(name).display().to_string();
        write_hdf(path("a.h5").as_ref(), &series);
        std::fs::write(path("a.npy"), npy(&table(&series))).unwrap();
        let rows = table(&series).rows().into_iter().map(|row| {
            let texts: Vec<String> = row.iter().map(f64::to_string).collect();
            texts.join(",")
        }).collect::<Vec<_>>();
        let header = format!("time,{}\n", series.names().join(","));
        std::fs::write(path("a.csv"), header + &rows.join("\n")).unwrap();
        for place in ["a.h5", "a.h5:a/b", "a.h5:/a/b/", "a.h5:table", "a.npy", "a.csv"] {
            let read = Series::read(&path(place)).unwrap();
            prop_assert_eq!(read.times(), series.times(), "{}", place);
            prop_assert_eq!(read.states(), series.states(), "{}", place);
            prop_assert_eq!(read.names(), series.names(), "{}", place);
        }
    }

    #[test]
    fn damaged_files_are_an_error_and_never_a_panic(at in 0_usize..6000, byte: u8) {
        let folder = folder();
        let series = Series::new(vec![0.0, 1.0], arr2(&[[1.0], [2.0]])).unwrap();
        for name in ["a.h5", "a.npy"] {
            let path = folder.path().join(name);
            match name {
                "a.h5" => write_hdf(&path, &series),
                _ => std::fs::write(&path, npy(&table(&series))).unwrap(),
            }
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            std::fs::write(&path, bytes).unwrap();
            let _ = Series::read(path.to_str().unwrap());
        }
    }
}

fn message(place: &Path) -> String {
    let error: EquationError = Series::read(place.to_str().unwrap()).unwrap_err();
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let wrong = |name: &str, parts: &[&str]| {
        let message = message(&path(name));
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
    };
    let good = Series::new(vec![0.0, 1.0], arr2(&[[1.0], [2.0]])).unwrap();
    write_hdf(&path("a.h5"), &good);
    let file = hdf5::File::append(path("a.h5")).unwrap();
    let with = |name: &str, data: &Array2<f64>| {
        let dataset = file.new_dataset_builder().with_data(data);
        dataset.create(name).unwrap();
    };
    with("still", &arr2(&[[1.0, 5.0], [1.0, 5.0]]));
    with("nan", &arr2(&[[1.0, 5.0], [2.0, f64::NAN]]));
    with("narrow", &arr2(&[[1.0], [2.0]]));
    let cube = ndarray::Array3::<f64>::zeros((2, 2, 2));
    // Nothing that knows of the file may outlive it: it would stay open, and not be written.
    file.new_dataset_builder()
        .with_data(&cube)
        .create("cube")
        .unwrap();
    file.create_group("empty").unwrap();
    file.close().unwrap();
    wrong(
        "a.h5:nowhere",
        &[
            "a.h5: /nowhere: found nothing, but a/b/component [1], a/b/time [2], a/b/values [2, 1]",
            "more, expected a dataset or a group, such as a/b",
        ],
    );
    wrong("a.h5:empty", &["a.h5: /empty/time: found no dataset"]);
    wrong("a.h5:still", &["still: found time 1 after 1", "increasing"]);
    wrong("a.h5:nan", &["nan: found a number that is not finite"]);
    wrong("a.h5:narrow", &["narrow: found 1 column(s)"]);
    wrong("a.h5:cube", &["/cube: found shape [2, 2, 2]"]);
    wrong("none.h5", &["none.h5: cannot read the series"]);
    wrong("none.txt", &["none.txt: unknown kind of file", ".npy"]);
    wrong("a.npy:x", &["a.npy: holds one series", "colon"]);
    std::fs::write(path("a.npy"), "no array").unwrap();
    wrong("a.npy", &["a.npy: not a NumPy file"]);
    let times = ndarray::Array1::linspace(0.0, 19.0, 191);
    let across = |rows: usize, columns: usize| {
        Array2::from_shape_fn((rows, columns), |(row, point)| match row {
            0 => times[point],
            row => (row as f64 * times[point]).sin(),
        })
    };
    // More columns than components can be, and few enough that only the times tell.
    for (rows, columns) in [(4, 191), (4, 50)] {
        std::fs::write(path("across.npy"), npy(&across(rows, columns))).unwrap();
        let shape = format!("across.npy: the array: found shape [{rows}, {columns}]");
        wrong("across.npy", &[&shape, "looks transposed", "array.T"]);
    }
    std::fs::write(path("along.npy"), npy(&across(4, 50).t().to_owned())).unwrap();
    let along = Series::read(path("along.npy").to_str().unwrap()).unwrap();
    assert_eq!((along.points(), along.dimension()), (50, 3));
    assert_eq!(along.note(), None);
    // Nothing tells that this one is transposed, but that it is wide.
    let rising = Array2::from_shape_fn((3, 40), |(row, column)| (10 * row + column) as f64);
    std::fs::write(path("rising.npy"), npy(&rising)).unwrap();
    let wide = Series::read(path("rising.npy").to_str().unwrap()).unwrap();
    assert_eq!((wide.points(), wide.dimension()), (3, 39));
    let note = "rising.npy: the array: shape [3, 40] is read as 3 points of 39 components; if it is transposed";
    assert!(wide.note().unwrap().contains(note), "{:?}", wide.note());
    let one_point = arr2(&[[0.0, 1.0]]);
    std::fs::write(path("one.npy"), npy(&one_point)).unwrap();
    wrong("one.npy", &["one.npy: the array: found 1 times"]);
}

#[test]
fn shapes_that_do_not_fit_are_told_with_the_remedy() {
    let folder = folder();
    let path = folder.path().join("a.h5");
    let says = |time: &[usize], values: &[usize], parts: &[&str]| {
        let file = hdf5::File::create(&path).unwrap();
        for (name, shape) in [("time", time), ("values", values)] {
            file.new_dataset::<f64>().shape(shape).create(name).unwrap();
        }
        file.close().unwrap();
        let message = message(&path);
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
    };
    let along = "[points, components], with the 40 points of time";
    let across = format!("/values: found shape [2, 40], expected {along}: it looks transposed");
    says(&[40], &[2, 40], &[&across, "array.T"]);
    says(
        &[40],
        &[40],
        &[
            "/values: found shape [40], expected",
            "[40, 1] for one component",
        ],
    );
    says(
        &[40],
        &[39, 2],
        &[&format!("/values: found shape [39, 2], expected {along}")],
    );
    says(
        &[40, 1],
        &[40, 2],
        &["/time: found shape [40, 1], expected [points]"],
    );
}

/// Times in nanoseconds since 1970, which float64 knows to 256 of them.
#[test]
fn integers_that_would_be_rounded_are_refused() {
    let folder = folder();
    let path = folder.path().join("a.h5");
    let write = |times: &[i64]| {
        let file = hdf5::File::create(&path).unwrap();
        file.new_dataset_builder()
            .with_data(times)
            .create("time")
            .unwrap();
        let states = arr2(&[[1], [2]]);
        let values = file.new_dataset_builder().with_data(&states);
        values.create("values").unwrap();
    };
    write(&[1_700_000_000_000_000_000, 1_700_000_000_000_001_000]);
    let message = message(&path);
    let told = "/time: found the integer 1700000000000001000, expected numbers that float64 holds";
    assert!(message.contains(told), "{message}");
    write(&[1_700_000_000_000_000_000, 1_700_000_000_000_000_256]);
    let series = Series::read(path.to_str().unwrap()).unwrap();
    assert_eq!(series.times()[1] - series.times()[0], 256.0);
}

#[test]
fn a_file_with_other_names_is_told_what_it_has() {
    let folder = folder();
    let create = |name: &str, data: &Array2<f64>, flat: &str| {
        let file = hdf5::File::append(folder.path().join("a.h5")).unwrap();
        let builder = file.new_dataset_builder().with_data(data);
        builder.create(name).unwrap();
        if !flat.is_empty() {
            let times: Vec<f64> = data.rows().into_iter().map(|row| row[0]).collect();
            let builder = file.new_dataset_builder().with_data(&times);
            builder.create(flat).unwrap();
        }
    };
    let place = folder.path().join("a.h5");
    let says = |parts: &[&str]| {
        let message = message(&place);
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in {message}");
        }
        std::fs::remove_file(&place).unwrap();
    };
    let data = arr2(&[[0.0, 1.0], [1.0, 2.0], [2.0, 4.0]]);
    create("states", &data, "times");
    says(&[
        "a.h5: /time: found no dataset, but states [3, 2], times [3]",
        "expected time [points] and values [points, components]",
        "FILE:GROUP",
    ]);
    hdf5::File::create(&place)
        .unwrap()
        .create_group("exp")
        .unwrap();
    create("exp/values", &data, "exp/time");
    says(&[
        "exp/time [3], exp/values [3, 2]",
        &format!("{}:exp", place.display()),
    ]);
    create("table", &data, "");
    says(&["but table [3, 2]", &format!("{}:table", place.display())]);
    for number in 0..20 {
        create(&format!("column {number:2}"), &data, "");
    }
    says(&["column  7 [3, 2], 12 more, expected"]);
}

#[test]
fn components_and_points_are_chosen() {
    let states = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]);
    let names = ["hare", "lynx", "snow"].map(str::to_owned).to_vec();
    let series = Series::named(vec![0.0, 1.0, 2.0], states, names).unwrap();
    let chosen = series.select(&["snow", "0"]).unwrap();
    assert_eq!(chosen.names(), ["snow", "hare"]);
    assert_eq!(chosen.states(), arr2(&[[3.0, 1.0], [6.0, 4.0], [9.0, 7.0]]));
    let thinned = chosen.points_at(&[0, 2]).unwrap();
    assert_eq!(thinned.times(), [0.0, 2.0]);
    let message = series.select(&["fox"]).unwrap_err().to_string();
    assert!(message.contains("\"fox\"") && message.contains("hare, lynx, snow"));
    assert!(series.select(&["3"]).is_err());
    for twice in [["hare", "hare"], ["hare", "0"], ["lynx", "Lynx"]] {
        let message = series.select(&twice).unwrap_err().to_string();
        assert!(
            message.contains("expected each component once"),
            "{message}"
        );
    }
    let numbered = Series::new(vec![0.0, 1.0], arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).unwrap();
    let chosen = numbered.select(&["z", "x"]).unwrap();
    assert_eq!(chosen.names(), ["u_2", "u_0"]);
    assert!(series.select(&["x"]).is_err(), "no component is called so");
    let states = arr2(&[[1.0, 2.0], [3.0, 4.0]]);
    let same = Series::named(vec![0.0, 1.0], states, vec!["a".to_owned(); 2]);
    assert!(
        same.unwrap_err()
            .to_string()
            .contains("two components called \"a\"")
    );
    assert!(series.points_at(&[2, 0]).is_err());
}

#[test]
fn a_sample_of_a_data_file_is_a_series_of_its_components() {
    let folder = folder();
    let path = folder.path().join("data.h5");
    let mut families = published_families(true);
    families.retain(|family| ["thomas", "lorenz_96_4d"].contains(&family.name()));
    let config = DataConfig {
        trajectories: 1,
        points: 8,
        end: 0.2,
        ..DataConfig::default()
    };
    let mut writer = DataWriter::create(&path, &families, &config, &[]).unwrap();
    generate(&families, &config, |data| writer.append(data)).unwrap();
    writer.finish().unwrap();
    let file = DataFile::open(&path).unwrap();
    assert_eq!(file.dimension(), 4);
    let series = file.series(0).unwrap();
    assert_eq!((series.points(), series.dimension()), (8, 3));
    assert_eq!(file.series(1).unwrap().dimension(), 4);
    assert!(file.series(2).is_err());
    assert!(rheome_equations::is_data_file(&path));
    assert!(!rheome_equations::is_data_file("nowhere.h5".as_ref()));
    let message = message(&path);
    assert!(message.contains("/values: found no dataset"), "{message}");
}

/// Needs a Python with NumPy and h5py, named by `RHEOME_PYTHON`.
#[test]
fn files_of_numpy_and_h5py_are_read() {
    let Some(python) = std::env::var_os("RHEOME_PYTHON") else {
        eprintln!("SKIPPED: make_series.py not run, RHEOME_PYTHON names no interpreter");
        return;
    };
    let folder = folder();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/make_series.py");
    let mut made = std::process::Command::new(python);
    let made = made.arg(script).arg(folder.path()).output().unwrap();
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{told}");
    let mut places: Vec<PathBuf> = ["f8.npy", "f4.npy", "fortran.npy", "big.npy"]
        .map(PathBuf::from)
        .to_vec();
    places.extend(["a.h5", "a.h5:inner/series", "a.h5:table", "xarray.nc"].map(PathBuf::from));
    for place in places {
        let series = Series::read(folder.path().join(&place).to_str().unwrap()).unwrap();
        assert_eq!(series.points(), 50, "{}", place.display());
        let (times, states) = (series.times(), series.states());
        for (time, state) in times.iter().zip(states.rows()) {
            assert!((state[0] - time.sin()).abs() < 1e-6, "{}", place.display());
            assert!((state[1] - 2.0 * time.cos()).abs() < 1e-6);
        }
    }
    for name in ["a.h5", "xarray.nc"] {
        let named = Series::read(folder.path().join(name).to_str().unwrap()).unwrap();
        assert_eq!(named.names(), ["sine", "cosine"]);
    }
    let classic = message(&folder.path().join("classic.nc"));
    assert!(
        classic.contains("classic.nc: found classic NetCDF, expected NetCDF-4 (nccopy"),
        "{classic}"
    );
    for (name, time) in [("index.csv", "time"), ("semicolons.csv", "time")] {
        let path = folder.path().join(name);
        let table = Series::read(path.to_str().unwrap()).unwrap();
        assert_eq!(
            (table.names(), table.time_name()),
            (&["Hare", "Lynx"].map(str::to_owned)[..], Some(time)),
            "{name}"
        );
        assert_eq!(table.times(), [1900.0, 1901.0, 1902.0]);
    }
    for (name, told) in [
        (
            "commas.csv",
            "found \"0,5\", expected a decimal point, no decimal comma",
        ),
        (
            "min_max.csv",
            "column \"min\": found increasing numbers behind a first column without a name",
        ),
    ] {
        let message = message(&folder.path().join(name));
        assert!(message.contains(told), "{message}");
    }
    for kind in ["i8", "u1", "i2_big"] {
        let path = folder.path().join(format!("pelts_{kind}.npy"));
        let pelts = Series::read(path.to_str().unwrap()).unwrap();
        assert_eq!(pelts.times(), [0.0, 1.0, 2.0], "{kind}");
        assert_eq!(
            pelts.states(),
            arr2(&[[30.0, 4.0], [47.0, 6.0], [70.0, 9.0]])
        );
    }
}

/// The number of components is looked at before their names are read, which may be long.
#[test]
fn a_series_of_very_many_components_is_refused_before_its_names_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.h5");
    let file = hdf5::File::create(&path).unwrap();
    let create = |name: &str| {
        let builder = file.new_dataset_builder();
        let values = ndarray::Array2::<f64>::zeros((2, 1000));
        match name {
            "time" => builder.with_data(&[0.0, 1.0]).create(name),
            _ => builder.with_data(&values).create(name),
        }
    };
    for name in ["time", "values", "component"] {
        create(name).unwrap();
    }
    file.close().unwrap();
    let error = Series::read(path.to_str().unwrap())
        .unwrap_err()
        .to_string();
    assert!(error.contains("values: found 1000 components"), "{error}");
}
