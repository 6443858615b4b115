//! Field files written and read back, cut short, damaged, interrupted and continued.

mod made;

use made::{expect, fill, header, names, read, shape, snapshot, write};
use rheome_fields::NewFileError;
use rheome_fields::{
    FieldError, FieldFormat, FieldHeader, FieldShape, FirstComponents, WriteOptions, append_to,
    begin_or_resume, create, expect_grid, open,
};

#[test]
fn every_format_gives_back_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    for trajectories in [None, Some(1), Some(3)] {
        for (format, compress) in [
            ("npy", false),
            ("h5", false),
            ("nc", false),
            ("h5", true),
            ("nc", true),
        ] {
            let shape = shape(trajectories, 5);
            let path = folder.path().join(format!("field.{format}"));
            write(
                &path,
                &shape,
                WriteOptions {
                    compress,
                    overwrite: true,
                    ..WriteOptions::default()
                },
            );
            let reader = read(&path);
            assert_eq!(reader.shape(), shape, "{format} {compress}");
            (0..shape.trajectories).for_each(|t| expect(&*reader, &shape, t, 5));
            if format == "npy" {
                assert_eq!(reader.header(), &FieldHeader::default());
            } else {
                assert_eq!(reader.header(), &header(&shape), "{format} {compress}");
                assert_eq!(reader.times().unwrap().len(), 5);
            }
        }
    }
    assert_eq!(
        names(folder.path()),
        ["field.h5", "field.nc", "field.npy", "field.xdmf"]
    );
}

#[test]
fn a_header_without_coordinates_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let (path, shape) = (folder.path().join("a.nc"), shape(None, 2));
    let mut writer = create(
        &path,
        &shape,
        &FieldHeader::default(),
        WriteOptions::default(),
    )
    .unwrap();
    fill(&mut *writer, &shape, 0, 2);
    writer.finish().unwrap();
    let reader = read(&path);
    assert_eq!(reader.header().coordinates, None);
    assert_eq!(
        reader.header().components.as_deref().unwrap(),
        ["u", "v", "w"]
    );
    assert_eq!(reader.times(), Some(&[0.0, 0.25][..]));
}

#[test]
fn a_killed_writer_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["h5", "nc"] {
        let (path, shape) = (folder.path().join(format!("a.{format}")), shape(Some(2), 6));
        let mut writer = create(&path, &shape, &header(&shape), WriteOptions::default()).unwrap();
        fill(&mut *writer, &shape, 0, 4);
        fill(&mut *writer, &shape, 1, 1);
        // As after SIGKILL: nothing of the writer runs any more.
        std::mem::forget(writer);
        let reader = read(&path);
        expect(&*reader, &shape, 0, 4);
        expect(&*reader, &shape, 1, 1);
        assert_eq!(reader.completed_of_each(), [4, 1]);
        assert_eq!(reader.completed_by_all(), 1);
        let outside = reader
            .read(1, 1, &mut vec![0.0; shape.snapshot_len()])
            .unwrap_err();
        assert!(
            matches!(
                outside,
                FieldError::OutOfRange {
                    what: "snapshot",
                    found: 1,
                    available: 1,
                    ..
                }
            ),
            "{outside}"
        );
        drop(reader);

        let mut writer = append_to(&path, &shape).unwrap();
        assert_eq!((writer.completed(0), writer.completed(1)), (4, 1));
        assert_eq!(writer.completed(2), 0);
        assert_eq!(writer.completed_in_all(), 5);
        assert_eq!(writer.completed_by_all(), 1);
        fill(&mut *writer, &shape, 1, 5);
        fill(&mut *writer, &shape, 0, 2);
        let full = writer.append(0, 9.0, &snapshot(&shape, 0, 0)).unwrap_err();
        assert!(
            matches!(
                full,
                FieldError::OutOfRange {
                    what: "snapshot",
                    ..
                }
            ),
            "{full}"
        );
        writer.finish().unwrap();
        (0..2).for_each(|t| expect(&*read(&path), &shape, t, 6));
    }
}

#[test]
fn only_ones_own_unfinished_file_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let refusal = |name: &str, shape: &FieldShape| append_to(&path(name), shape).err().unwrap();
    let small = shape(None, 2);
    assert!(matches!(
        refusal("none.h5", &small),
        FieldError::File { .. }
    ));
    write(
        &path("a.h5"),
        &small,
        WriteOptions {
            compress: true,
            ..WriteOptions::default()
        },
    );
    assert!(
        refusal("a.h5", &small)
            .to_string()
            .contains("cannot be continued")
    );
    write(&path("b.h5"), &small, WriteOptions::default());
    let other = refusal("b.h5", &shape(None, 3)).to_string();
    assert!(
        other.contains("found shape [2, 4, 3, 2, 3], expected [3, 4, 3, 2, 3]"),
        "{other}"
    );
    write(&path("c.npy"), &small, WriteOptions::default());
    assert!(
        refusal("c.npy", &small)
            .to_string()
            .contains("cannot be continued")
    );
}

#[test]
fn an_early_end_cuts_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for (format, compress) in [
        ("h5", false),
        ("nc", false),
        ("h5", true),
        ("nc", true),
        ("npy", false),
    ] {
        let (path, planned) = (
            folder.path().join(format!("{compress}.{format}")),
            shape(None, 7),
        );
        let mut writer = create(
            &path,
            &planned,
            &header(&planned),
            WriteOptions {
                compress,
                ..WriteOptions::default()
            },
        )
        .unwrap();
        fill(&mut *writer, &planned, 0, 3);
        writer.finish().unwrap();
        let reader = read(&path);
        assert_eq!(reader.shape().snapshots, 3, "{format} {compress}");
        expect(&*reader, &planned, 0, 3);
        if format != "npy" {
            assert_eq!(reader.times(), Some(&[0.0, 0.25, 0.5][..]));
            assert_eq!(reader.header(), &header(&planned));
        }
    }
}

#[test]
fn an_early_end_keeps_what_trajectories_have_in_common() {
    let folder = tempfile::tempdir().unwrap();
    for (format, compress) in [("h5", false), ("nc", true), ("npy", false)] {
        let (path, planned) = (folder.path().join(format!("a.{format}")), shape(Some(2), 4));
        let mut writer = create(
            &path,
            &planned,
            &header(&planned),
            WriteOptions {
                compress,
                ..WriteOptions::default()
            },
        )
        .unwrap();
        fill(&mut *writer, &planned, 0, 4);
        fill(&mut *writer, &planned, 1, 2);
        writer.finish().unwrap();
        let reader = read(&path);
        if format == "npy" {
            assert_eq!(reader.shape(), shape(Some(1), 4));
            expect(&*reader, &planned, 0, 4);
        } else {
            assert_eq!(reader.shape(), shape(Some(2), 2));
            (0..2).for_each(|t| expect(&*reader, &planned, t, 2));
        }
    }
}

#[test]
fn nothing_written_leaves_no_wrong_file() {
    let folder = tempfile::tempdir().unwrap();
    for (format, compress) in [("h5", true), ("npy", false)] {
        let (path, planned) = (folder.path().join(format!("a.{format}")), shape(None, 2));
        let writer = create(
            &path,
            &planned,
            &header(&planned),
            WriteOptions {
                compress,
                ..WriteOptions::default()
            },
        )
        .unwrap();
        assert!(
            writer
                .finish()
                .unwrap_err()
                .to_string()
                .contains("no snapshot")
        );
    }
    assert!(names(folder.path()).is_empty());
    let path = folder.path().join("b.h5");
    create(
        &path,
        &shape(None, 2),
        &header(&shape(None, 2)),
        WriteOptions::default(),
    )
    .unwrap()
    .finish()
    .unwrap();
    assert_eq!(read(&path).completed(0), 0);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let planned = shape(Some(2), 2);
    for format in FieldFormat::ALL.map(|format| format.endings()[0]) {
        let path = folder.path().join(format!("a.{format}"));
        let start = |options| create(&path, &planned, &header(&planned), options);
        write(&path, &planned, WriteOptions::default());
        assert!(matches!(
            start(WriteOptions::default()).err().unwrap(),
            FieldError::NewFile(NewFileError::Exists { .. })
        ));
        let mut writer = start(WriteOptions {
            overwrite: true,
            ..WriteOptions::default()
        })
        .unwrap();
        let values = snapshot(&planned, 0, 0);
        assert!(matches!(
            writer.append(2, 0.0, &values),
            Err(FieldError::OutOfRange {
                what: "trajectory",
                ..
            })
        ));
        assert!(matches!(
            writer.append(0, f64::NAN, &values),
            Err(FieldError::Setting { key: "time", .. })
        ));
        assert!(matches!(
            writer.append(0, 0.0, &values[1..]),
            Err(FieldError::Shape { .. })
        ));
        if format == "npy" {
            let error = writer.append(1, 0.0, &values).unwrap_err();
            let message = error.to_string();
            let words = "found trajectory 1 before trajectory 0 is complete";
            assert!(message.contains(words), "{message}");
            assert!(message.contains(".npy: "), "{message}");
        }
    }
    let nowhere = folder.path().join("no/a.h5");
    let error = create(
        &nowhere,
        &planned,
        &header(&planned),
        WriteOptions::default(),
    )
    .err()
    .unwrap();
    assert!(
        matches!(error, FieldError::NewFile(NewFileError::Folder { .. })),
        "{error}"
    );
    let misfit = FieldHeader {
        components: Some(vec!["u".into()]),
        ..header(&planned)
    };
    assert!(
        create(
            &folder.path().join("b.h5"),
            &planned,
            &misfit,
            WriteOptions::default()
        )
        .is_err()
    );
    for (name, count) in [("viscosity", 3), ("time", 2), ("a b", 2), ("", 2)] {
        let misfit = FieldHeader {
            per_trajectory: [(name.to_owned(), vec![0.5; count])].into(),
            ..header(&shape(Some(2), 2))
        };
        let error = create(
            &folder.path().join("b.h5"),
            &shape(Some(2), 2),
            &misfit,
            WriteOptions::default(),
        );
        let error = error.err().unwrap().to_string();
        assert!(
            error.contains(&format!("{name:?} of trajectories")),
            "{error}"
        );
    }
    let huge = FieldShape {
        grid: [2048, 2048, 2048],
        ..planned
    };
    let error = create(
        &folder.path().join("b.h5"),
        &huge,
        &FieldHeader::default(),
        WriteOptions::default(),
    )
    .err()
    .unwrap();
    assert!(error.to_string().contains("chunk"), "{error}");
}

#[test]
fn a_missing_dataset_lists_those_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    write(&path, &shape(None, 2), WriteOptions::default());
    let error = open(&format!("{}:pressure", path.display()))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("\"pressure\"") && error.contains("velocity [2, 4, 3, 2, 3]"),
        "{error}"
    );
    assert!(!error.contains('\n'));
    let error = open(&format!("{}:time", path.display()))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("shape [2]") || error.contains("holds"),
        "{error}"
    );
}

#[test]
fn non_finite_values_and_other_grids_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (path, planned) = (folder.path().join("a.npy"), shape(None, 1));
    let mut values = snapshot(&planned, 0, 0);
    values[(6 + 2 + 1) * 3 + 2] = f32::NAN;
    let mut writer = create(&path, &planned, &header(&planned), WriteOptions::default()).unwrap();
    writer.append(0, 0.0, &values).unwrap();
    writer.finish().unwrap();
    let reader = read(&path);
    let error = reader.read(0, 0, &mut values).unwrap_err();
    assert!(
        matches!(
            error,
            FieldError::NonFinite {
                point: [1, 1, 1],
                component: 2,
                ..
            }
        ),
        "{error}"
    );
    expect_grid(&*reader, [4, 3, 2], 3).unwrap();
    assert!(expect_grid(&*reader, [4, 3, 2], 4).is_err());
    assert_eq!(
        FirstComponents::new(reader, 2).unwrap().shape().components,
        2
    );
}

#[test]
fn a_file_is_begun_once_and_then_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let planned = shape(Some(2), 2);
    let start = |resumed, overwrite| {
        begin_or_resume(&path, &planned, &header(&planned), resumed, overwrite)
    };
    let mut writer = start(false, false).unwrap();
    fill(&mut *writer, &planned, 1, 1);
    drop(writer);
    let begun = start(false, false).err().unwrap();
    // What to do about it, applications tell in the words of their options.
    assert!(
        begun.to_string().ends_with("a.h5: exists already"),
        "{begun}"
    );
    assert_eq!(start(true, false).unwrap().completed_of_each(), [0, 1]);
    assert_eq!(start(false, true).unwrap().completed_of_each(), [0, 0]);
}
