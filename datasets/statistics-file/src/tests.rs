//! What is written is read back; what is damaged is refused.

use hdf5::File;
use rheome_statistics::{FlowGrid, FlowStatistics, LeadTimeComparison, WallUnits};

use super::*;

const BY: Writer<'_> = Writer {
    program: "a test",
    command_line: "test",
};

/// Everything there can be, of a made-up flow.
fn complete(name: &str) -> NamedResults {
    let heights = [0.0, 0.2, 1.0, 1.7, 2.0];
    let grid = FlowGrid::new([6, 4], &heights, Some([3.0, 2.0])).unwrap();
    let mut statistics = FlowStatistics::new(&grid, WallUnits::new(1.0, 0.01).ok());
    let snapshot = |seed: usize| -> Vec<f32> {
        let value = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f32 / 100.0;
        (0..6 * 5 * 4 * 3).map(value).collect()
    };
    let mut comparison = LeadTimeComparison::new(&grid, &[0; 3].map(|_| vec![5.0; 5])).unwrap();
    for t in 0..3 {
        statistics.add(t as f64, &snapshot(t)).unwrap();
        comparison
            .add(t as f64, &snapshot(t), &snapshot(t + 1), &snapshot(0))
            .unwrap();
    }
    let mut results = statistics.finish();
    results.lead_time = comparison.finish();
    NamedResults {
        name: name.into(),
        source: "made.h5".into(),
        units: Units {
            velocity: "u_tau".into(),
            length: "h".into(),
            time: "h/u_tau".into(),
        },
        provenance: BTreeMap::from([("seed".into(), 3.0.into()), ("model".into(), "DNS".into())]),
        reference: Some("other.h5, trajectory 0".into()),
        results,
    }
}

/// Profiles alone, where nothing fluctuates and no wall units are known.
fn bare(name: &str) -> NamedResults {
    let grid = FlowGrid::uniform([2, 3, 2]).unwrap();
    let mut statistics = FlowStatistics::new(&grid, None);
    statistics.add(0.0, &[1.0; 36]).unwrap();
    let full = statistics.finish();
    NamedResults {
        reference: None,
        results: FlowResults {
            streamwise: None,
            spanwise: None,
            history: Vec::new(),
            slices: None,
            ..full
        },
        ..complete(name)
    }
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let sets = [complete("first"), bare("second")];
    write(&path, &sets, &BY).unwrap();
    assert!(is_statistics(&path));
    let found = read(&path).unwrap();
    // As text, in which NaN equals itself; floats are printed to the last digit.
    assert_eq!(format!("{found:?}"), format!("{sets:?}"));
}

#[test]
fn files_of_the_first_version_are_read() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/statistics-version-1.stats.h5");
    let [set] = &read(&path).unwrap()[..] else {
        panic!("one data set");
    };
    assert_eq!(set.units.length, "h");
    assert_eq!(set.results.heights.len(), 33);
    assert!((set.results.bulk_velocity() - 15.0).abs() < 1.0);
    assert!(set.results.profiles.shape.is_none() && set.results.streamwise.is_none());
    // And written again.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.h5");
    write(&copy, std::slice::from_ref(set), &BY).unwrap();
    assert_eq!(read(&copy).unwrap()[0].results, set.results);
}

#[test]
fn damaged_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let damage = |with: &dyn Fn(&File), words: &[&str]| {
        write(&path, &[complete("flow")], &BY).unwrap();
        with(&File::open_rw(&path).unwrap());
        let line = read(&path).unwrap_err().to_string();
        for word in words {
            assert!(line.contains(word), "{word:?} is not in {line:?}");
        }
    };
    damage(
        &|file| file.unlink("flow/rms").unwrap(),
        &["a.h5", "/flow/rms", "missing"],
    );
    let replace = |file: &File, name: &str, values: &[f64]| {
        file.unlink(name).unwrap();
        let builder = file.new_dataset_builder().with_data(values);
        builder.create(name).unwrap();
    };
    damage(
        &|file| replace(file, "flow/history/bulk_velocity", &[1.0; 4]),
        &["/flow/history/bulk_velocity", "[4]", "[3]"],
    );
    // The second claims less than the file could hold, were it compressed zeros, but nothing is stored.
    for length in [1_usize << 40, 1 << 20] {
        damage(
            &|file| {
                file.unlink("flow/y").unwrap();
                let huge = file.new_dataset::<f64>().chunk(1024).shape(length);
                huge.create("flow/y").unwrap();
            },
            &["/flow/y", "can hold it"],
        );
    }
    damage(
        &|file| {
            file.delete_attr(VERSION_ATTRIBUTE).unwrap();
            let version = file.new_attr::<i32>().create(VERSION_ATTRIBUTE).unwrap();
            version.write_scalar(&3).unwrap();
        },
        &["a.h5", "version 3", "1 to 2"],
    );
}
