//! The files of others are read, others read ours, and a killed writer's file holds what was complete.
//!
//! Needs a Python with the packages of `tests/python/requirements.txt`, named by `RHEOME_PYTHON`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rheome_fields::{Attribute, FieldHeader, FieldShape, WriteOptions, append_to, create, open};

/// Where the child process of the kill test writes.
const KILLED: &str = "RHEOME_FIELDS_KILLED";

/// Runs a script with arguments and gives back what it printed; none, said aloud, where no Python is named.
fn python(script: &str, arguments: &[PathBuf]) -> Option<String> {
    let Some(interpreter) = std::env::var_os("RHEOME_PYTHON") else {
        eprintln!("SKIPPED: {script} not run, RHEOME_PYTHON names no interpreter");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/python")
        .join(script);
    let output = Command::new(interpreter)
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

fn header(shape: &FieldShape) -> FieldHeader {
    let text = [
        ("model", "ifactformer"),
        ("velocity_units", "u_tau"),
        ("time_units", "h/u_tau"),
    ];
    let mut attributes: std::collections::BTreeMap<_, Attribute> = text
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    attributes.insert("Re_tau".into(), 180.0.into());
    FieldHeader {
        coordinates: Some(shape.grid.map(|n| (0..n).map(|i| 0.5 * i as f64).collect())),
        components: Some(["u", "v", "w"].map(String::from).to_vec()),
        attributes,
        per_trajectory: shape
            .has_trajectories
            .then(|| ("viscosity".to_owned(), vec![0.5; shape.trajectories]))
            .into_iter()
            .collect(),
    }
}

#[test]
fn others_read_our_files() {
    let folder = tempfile::tempdir().unwrap();
    for (trajectories, has_trajectories) in [(1, false), (2, true)] {
        let shape = FieldShape {
            has_trajectories,
            trajectories,
            snapshots: 5,
            grid: [4, 3, 2],
            components: 3,
        };
        for (format, compress) in [
            ("npy", false),
            ("h5", false),
            ("nc", false),
            ("h5", true),
            ("nc", true),
        ] {
            let path = folder
                .path()
                .join(format!("written_{trajectories}_{compress}.{format}"));
            let options = WriteOptions {
                compress,
                ..WriteOptions::default()
            };
            let mut writer = create(&path, &shape, &header(&shape), options).unwrap();
            for trajectory in 0..trajectories {
                for index in 0..5 {
                    let first = 1000 * trajectory + 100 * index;
                    let values: Vec<f32> = (first..first + 72).map(|v| v as f32).collect();
                    writer
                        .append(
                            trajectory,
                            0.25 * index as f64 + 0.01 * trajectory as f64,
                            &values,
                        )
                        .unwrap();
                }
            }
            writer.finish().unwrap();
        }
    }
    // 10 fields, and a description beside each of the 4 in HDF5, of which npy has none.
    python("check_files.py", &[folder.path().to_owned()]);
}

#[test]
fn we_read_the_files_of_others() {
    let folder = tempfile::tempdir().unwrap();
    if python("make_files.py", &[folder.path().to_owned()]).is_none() {
        return;
    }
    let mut count = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let reader = open(path.to_str().unwrap()).unwrap_or_else(|e| panic!("{e}"));
        let shape = reader.shape();
        assert_eq!((shape.grid, shape.components), ([4, 3, 2], 3), "{name}");
        let mut values = vec![0.0; 72];
        for trajectory in 0..shape.trajectories {
            for index in 0..shape.snapshots {
                reader
                    .read(trajectory, index, &mut values)
                    .unwrap_or_else(|e| panic!("{e}"));
                let first = 72 * (3 * trajectory + index);
                assert!(
                    values
                        .iter()
                        .enumerate()
                        .all(|(i, v)| *v == (first + i) as f32),
                    "{name}: {values:?}"
                );
            }
        }
        count += 1;
        if name.starts_with("numpy") {
            continue;
        }
        assert_eq!((shape.trajectories, shape.snapshots), (2, 3), "{name}");
        let header = reader.header();
        assert_eq!(
            header.coordinates.as_ref().unwrap()[2],
            [0.0, 0.5],
            "{name}"
        );
        assert_eq!(reader.times().unwrap(), [0.0, 0.25, 0.5], "{name}");
        for (key, value) in [
            ("Re_tau", 180.0.into()),
            ("seed", 7.0.into()),
            ("model", Attribute::from("name")),
        ] {
            assert_eq!(header.attributes.get(key), Some(&value), "{name} {key}");
        }
        if name != "netcdf_NETCDF4_CLASSIC.nc" {
            assert_eq!(
                header.components.as_deref().unwrap(),
                ["u", "v", "w"],
                "{name}"
            );
        }
        if name.starts_with("h5py") {
            assert_eq!(
                open(&format!("{}:deep/other", path.display()))
                    .unwrap()
                    .shape(),
                shape
            );
        }
    }
    assert_eq!(count, 10 + 4 + 4 + 5);
    components_and_axes(&folder.path().join("others"));
}

/// Components in variables of their own are joined; axes in another order are refused with the remedy; units are known.
fn components_and_axes(folder: &Path) {
    let mut kinds = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let spec = path.display().to_string();
        let kind = name.split('_').next().unwrap().to_owned();
        let refused = |spec: &str| open(spec).err().expect(spec).to_string();
        match kind.as_str() {
            "partly" => assert_eq!(open(&spec).unwrap().shape().grid, [4, 3, 2]),
            "turned" => {
                let line = refused(&spec);
                assert!(
                    line.contains("axes (trajectory, time, z, y, x, component)")
                        && line.contains(
                            r#"data.transpose("trajectory", "time", "x", "y", "z", "component")"#
                        ),
                    "{line}"
                );
            }
            _ => {
                let line = refused(&spec);
                let together = format!("{spec}:u,v,w");
                assert!(
                    line.contains(&together) && !line.contains("y [3]"),
                    "{line}"
                );
                if kind == "alone" {
                    // Four axes, but none of components.
                    let line = refused(&format!("{spec}:u"));
                    assert!(line.contains("axes (time, x, y, z)"), "{line}");
                }
                check_joined(&together, kind == "separate");
                let line = refused(&format!("{spec}:u,pressure"));
                assert!(line.contains("pressure"), "{line}");
            }
        }
        *kinds.entry(kind).or_insert(0) += 1;
    }
    assert_eq!(kinds.into_values().collect::<Vec<_>>(), [3, 1, 3, 4]);
}

fn check_joined(spec: &str, has_trajectories: bool) {
    let reader = open(spec).unwrap_or_else(|e| panic!("{e}"));
    let trajectories = if has_trajectories { 2 } else { 1 };
    let shape = FieldShape {
        has_trajectories,
        trajectories,
        snapshots: 3,
        grid: [4, 3, 2],
        components: 3,
    };
    assert_eq!(reader.shape(), shape, "{spec}");
    let mut values = vec![0.0; 72];
    for (trajectory, index) in (0..trajectories).flat_map(|t| (0..3).map(move |i| (t, i))) {
        reader.read(trajectory, index, &mut values).unwrap();
        let first = 72 * (3 * trajectory + index);
        let expected: Vec<f32> = (first..first + 72).map(|v| v as f32).collect();
        assert_eq!(values, expected, "{spec}");
    }
    let header = reader.header();
    assert_eq!(header.components.as_deref().unwrap(), ["u", "v", "w"]);
    assert_eq!(reader.times().unwrap(), [0.0, 0.25, 0.5], "{spec}");
    let units = [
        ("velocity_units", "m/s"),
        ("time_units", "s"),
        ("coordinate_units", "m"),
    ];
    for (key, unit) in units {
        let told = header.attributes.get(key);
        assert_eq!(told, Some(&Attribute::from(unit)), "{spec} {key}");
    }
}

fn killed_shape() -> FieldShape {
    FieldShape {
        has_trajectories: false,
        trajectories: 1,
        snapshots: 2000,
        grid: [16, 16, 16],
        components: 3,
    }
}

fn killed_snapshot(index: usize) -> Vec<f32> {
    (0..killed_shape().snapshot_len())
        .map(|i| (i + index) as f32)
        .collect()
}

/// The process that [`a_kill_loses_nothing`] kills.
#[test]
#[ignore = "writes until it is killed"]
fn writes_until_killed() {
    let Some(path) = std::env::var_os(KILLED).map(PathBuf::from) else {
        return;
    };
    let shape = killed_shape();
    let mut writer = match path.exists() {
        true => append_to(&path, &shape).unwrap(),
        false => create(&path, &shape, &header(&shape), WriteOptions::default()).unwrap(),
    };
    for index in writer.completed(0)..shape.snapshots {
        writer
            .append(0, index as f64, &killed_snapshot(index))
            .unwrap();
    }
}

fn start_and_kill(path: &Path, after: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writes_until_killed", "--ignored"])
        .env(KILLED, path)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !path.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = 12345u64;
    for round in 0..20 {
        random = random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let path = folder.path().join(format!(
            "{round}.{}",
            if round % 2 == 0 { "h5" } else { "nc" }
        ));
        start_and_kill(&path, Duration::from_micros((random >> 33) % 60_000));
        if round % 4 == 3 {
            // Killed while it continues, too.
            start_and_kill(&path, Duration::from_micros((random >> 40) % 60_000));
        }
        let reader = open(path.to_str().unwrap()).unwrap();
        let complete = reader.completed(0);
        let mut values = vec![0.0; killed_shape().snapshot_len()];
        for index in 0..complete {
            reader.read(0, index, &mut values).unwrap();
            assert_eq!(values, killed_snapshot(index));
        }
        if let Some(printed) = python("check_killed.py", std::slice::from_ref(&path)) {
            assert_eq!(printed.trim(), complete.to_string());
        }
        eprintln!("killed with {complete} of 2000 snapshots complete");
        std::fs::remove_file(path).unwrap();
    }
}
