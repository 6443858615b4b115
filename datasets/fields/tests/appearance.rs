//! When a field file gets its name, and what is there before.

mod made;

use made::{fill, header, names, read, shape};
use rheome_fields::{Appears, WriteOptions, create};

#[test]
fn a_file_appears_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let planned = shape(Some(2), 3);
    for (appears, moments) in [
        (Appears::AtOnce, [true, true, true]),
        (Appears::WithFirstSnapshot, [false, true, true]),
        (Appears::Finished, [false, false, true]),
    ] {
        let path = folder.path().join(format!("{appears:?}.h5"));
        let described = path.with_extension("xdmf");
        for file in [&path, &described] {
            std::fs::write(file, "old").unwrap();
        }
        let is_old = || std::fs::read(&path).unwrap() == b"old";
        let options = WriteOptions {
            overwrite: true,
            appears,
            ..WriteOptions::default()
        };
        let start = || create(&path, &planned, &header(&planned), options).unwrap();
        // A writer that is given up before leaves the old file.
        if appears != Appears::AtOnce {
            drop(start());
            assert!(is_old(), "{appears:?}");
            let error = start().finish().unwrap_err().to_string();
            assert!(error.contains("no snapshot was written"), "{error}");
            assert!(is_old() && described.exists(), "{appears:?}");
        }
        let mut writer = start();
        let mut seen = vec![!is_old()];
        fill(writer.as_mut(), &planned, 0, 2);
        seen.push(!is_old());
        if seen[1] {
            assert!(!described.exists(), "it described the old file");
            assert_eq!(read(&path).completed(0), 2);
        }
        fill(writer.as_mut(), &planned, 1, 2);
        writer.finish().unwrap();
        seen.push(!is_old());
        assert_eq!(seen, moments, "{appears:?}");
        let file = read(&path);
        assert_eq!((file.shape().snapshots, file.completed(1)), (2, 2));
        assert!(
            std::fs::read_to_string(&described)
                .unwrap()
                .contains("Xdmf")
        );
        for file in [&path, &described] {
            std::fs::remove_file(file).unwrap();
        }
        assert!(names(folder.path()).is_empty(), "{appears:?}");
    }
}
