//! Files with damage, locks, links and odd beginnings, through the driver and without it.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use hdf5::FileBuilder;
use hdf5::plist::file_access::LibraryVersion;
use hdf5::plist::file_create::{Sizeof, SizeofInfo};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::text;

/// A file of its own folder.
struct Place {
    _folder: TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    Place {
        _folder: folder,
        path,
    }
}

/// A file with texts in a dataset and in attributes: in more heaps than one, one of them longer than what is read at first.
fn write(path: &Path, options: &FileBuilder) {
    let file = options.create(path).unwrap();
    let names: Vec<String> = (0..300).map(|i| format!("gene number {i}")).collect();
    let names = text::write_dataset(&file, "names", &names).unwrap();
    text::write_attribute(&names, "units", "none").unwrap();
    text::write_attribute(&file, "format", "a format").unwrap();
    let long = ["x".repeat(20_000), "short".to_owned()];
    text::write_dataset(&file, "long", &long).unwrap();
    file.close().unwrap();
}

fn read_all(path: &Path) -> hdf5::Result<Vec<String>> {
    let file = open(path)?;
    let mut texts = Vec::new();
    for name in ["names", "long"] {
        texts.extend(text::read(&file.dataset(name)?)?);
    }
    texts.extend(text::read_attribute(&file.attr("format")?)?);
    texts.extend(text::read_attribute(
        &file.dataset("names")?.attr("units")?,
    )?);
    Ok(texts)
}

/// Where the objects of all heaps of a file are, whose lengths take `width` bytes.
fn objects(bytes: &[u8], width: usize) -> Vec<usize> {
    let number = |at: usize, width: usize| {
        let stored = bytes[at..at + width].iter().rev();
        stored.fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let heaps = (0..bytes.len() - 8).filter(|at| bytes[*at..].starts_with(b"GCOL\x01\0\0\0"));
    let mut found = Vec::new();
    for heap in heaps {
        let (mut at, end) = (heap + 16, heap + number(heap + 8, width));
        while at + 16 <= end {
            found.push(at);
            at += match number(at, 2) {
                0 => number(at + 8, width),
                _ => 16 + number(at + 8, width).next_multiple_of(8),
            };
        }
        assert_eq!(at, end, "the heap at {heap}");
    }
    found
}

/// Damages each object of each heap in turn; every time something of the file cannot be read, and it is said why.
fn every_damage_is_an_error(options: &FileBuilder, width: usize) {
    let place = place();
    write(&place.path, options);
    let whole = read_all(&place.path).unwrap();
    assert_eq!(whole.len(), 300 + 2 + 2);
    assert_eq!(whole[17], "gene number 17");
    let sound = fs::read(&place.path).unwrap();
    let objects = objects(&sound, width);
    assert!(objects.len() > 300, "{} objects", objects.len());
    for at in objects {
        let mut bytes = sound.clone();
        bytes[at..at + 2].fill(0);
        bytes[at + 8..at + 8 + width].fill(0);
        fs::write(&place.path, &bytes).unwrap();
        let error = read_all(&place.path).expect_err("damaged").to_string();
        assert!(error.contains("damaged heap of texts"), "{at}: {error}");
    }
}

#[test]
fn the_driver_of_the_library_is_the_one_that_is_known() {
    hdf5::sync::sync(|| {
        let class = library_driver().unwrap();
        // SAFETY: the name of a driver ends with NUL and lives for ever.
        let name = unsafe { CStr::from_ptr(class.name) };
        assert_eq!((name, class.value), (c"sec2", 0));
        assert_eq!(class.most, (1 << 63) - 1, "the longest file");
        // What it has no function for, and what every driver has.
        let without = [class.terminate, class.type_map, class.allocate, class.free];
        assert!(without.iter().chain(&class.vectors).all(Option::is_none));
        let with = [class.open, class.close, class.compare, class.set_eoa];
        let last = [class.lock, class.unlock, class.delete, class.control];
        assert!(with.iter().chain(&last).all(Option::is_some));
        assert!(class.read.is_some() && class.query.is_some() && class.get_eoa.is_some());
        // Another version is refused by the library, which is how we would know.
        let mut later = class;
        later.version += 1;
        // SAFETY: the library looks at the version first.
        assert!(hdf5::h5check(unsafe { H5FDregister(&later) }).is_err());
    });
}

#[test]
fn a_heap_without_an_end_is_an_error() {
    every_damage_is_an_error(&FileBuilder::new(), 8);
}

#[test]
fn where_hdf5_begins_and_how_it_counts_makes_no_difference() {
    let mut options = FileBuilder::new();
    options.with_fcpl(|p| p.userblock(1024));
    every_damage_is_an_error(&options, 8);
    let four = SizeofInfo {
        sizeof_addr: Sizeof::Bytes8,
        sizeof_size: Sizeof::Bytes4,
    };
    options.with_fcpl(|p| p.sizes(four));
    every_damage_is_an_error(&options, 4);
    options.with_fapl(|p| p.libver_bounds(LibraryVersion::V110, LibraryVersion::V110));
    every_damage_is_an_error(&options, 4);
}

#[test]
fn links_to_other_files_are_no_way_around() {
    let place = place();
    write(&place.path, &FileBuilder::new());
    let linking = place.path.with_file_name("linking.h5");
    let file = hdf5::File::create(&linking).unwrap();
    file.link_external("a.h5", "names", "names").unwrap();
    file.close().unwrap();
    let read = || text::read(&open(&linking).unwrap().dataset("names")?);
    assert_eq!(read().unwrap().len(), 300);
    let mut bytes = fs::read(&place.path).unwrap();
    for at in objects(&bytes, 8) {
        bytes[at..at + 2].fill(0);
        bytes[at + 8..at + 16].fill(0);
    }
    fs::write(&place.path, &bytes).unwrap();
    let error = read().unwrap_err().to_string();
    assert!(error.contains("damaged heap of texts"), "{error}");
}

/// A cache that is saved with a file holds heaps too.
#[test]
fn a_saved_cache_is_no_way_around() {
    let place = place();
    let mut options = FileBuilder::new();
    options.with_fapl(|p| {
        p.libver_bounds(LibraryVersion::V110, LibraryVersion::V110)
            .mdc_image_config(true)
    });
    write(&place.path, &options);
    let sound = fs::read(&place.path).unwrap();
    let image = sound.windows(4).position(|word| word == b"MDCI").unwrap();
    let heaps = objects(&sound[image..], 8);
    assert!(!heaps.is_empty(), "heaps are in the cache");
    assert_eq!(read_all(&place.path).unwrap().len(), 304);
    for at in heaps {
        let mut bytes = sound.clone();
        bytes[image + at..image + at + 2].fill(0);
        bytes[image + at + 8..image + at + 16].fill(0);
        fs::write(&place.path, &bytes).unwrap();
        let error = read_all(&place.path).expect_err("damaged").to_string();
        assert!(error.contains("damaged heap of texts"), "{error}");
    }
}

#[test]
fn numbers_that_look_like_a_sound_heap_are_read() {
    let place = place();
    write(&place.path, &FileBuilder::new());
    let bytes = fs::read(&place.path).unwrap();
    let heap = bytes.windows(4).position(|word| word == b"GCOL").unwrap();
    let heap = &bytes[heap..heap + 4096];
    let file = hdf5::File::create(&place.path).unwrap();
    let dataset = file
        .new_dataset::<u8>()
        .chunk(4096)
        .shape(4096)
        .create("heap");
    dataset.unwrap().write_raw(heap).unwrap();
    file.close().unwrap();
    let file = open(&place.path).unwrap();
    assert_eq!(
        file.dataset("heap").unwrap().read_raw::<u8>().unwrap(),
        heap
    );
}

/// What cannot be opened is told in the library's own words.
#[test]
fn messages_are_those_of_the_library() {
    let place = place();
    let folder = place.path.parent().unwrap();
    write(&place.path, &FileBuilder::new());
    let bytes = fs::read(&place.path).unwrap();
    let (text, cut, empty) = (folder.join("b"), folder.join("c"), folder.join("d"));
    fs::write(&text, "no HDF5 file").unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    fs::write(&empty, "").unwrap();
    for path in [&folder.join("missing"), &text, &cut, &empty] {
        let ours = open(path).unwrap_err().to_string();
        assert_eq!(ours, hdf5::File::open(path).unwrap_err().to_string());
    }
    let why = |path: &Path| open(path).unwrap_err().to_string();
    assert!(why(&folder.join("missing")).contains("No such file"));
    assert!(why(&text).contains("signature"));
    assert!(why(&cut).contains("truncated"));
    // The library tells the time too.
    assert!(why(folder).contains("'Is a directory'"));
}

/// A file that another holds is refused, and one that others read is not, just as far as the library asks for locks at all.
#[test]
fn locks_are_those_of_the_library() {
    let place = place();
    write(&place.path, &FileBuilder::new());
    let other = fs::File::open(&place.path).unwrap();
    other.lock().unwrap();
    let result = |file: hdf5::Result<hdf5::File>| file.map(drop).map_err(|e| e.to_string());
    let ours = result(open(&place.path));
    assert_eq!(ours, result(hdf5::File::open(&place.path)));
    let asked = std::env::var("HDF5_USE_FILE_LOCKING").is_err();
    assert!(!asked || ours.unwrap_err().contains("unable to lock file"));
    other.unlock().unwrap();
    other.lock_shared().unwrap();
    let file = open(&place.path).unwrap();
    let again = open(&place.path).unwrap();
    assert_eq!(file.dataset("long").unwrap().size(), 2);
    drop(file);
    assert_eq!(
        text::read(&again.dataset("long").unwrap()).unwrap()[1],
        "short"
    );
}

/// All that a file holds: texts and numbers of datasets and attributes, each behind its name.
fn contents(file: &hdf5::File) -> Vec<String> {
    let mut all = Vec::new();
    let mut tell =
        |name: &str, texts: hdf5::Result<Vec<String>>, numbers: hdf5::Result<Vec<f64>>| {
            let numbers = || numbers.map(|numbers| numbers.iter().map(f64::to_string).collect());
            let values: Vec<String> = texts.or_else(|_| numbers()).unwrap_or_default();
            all.push(format!("{name}: {}", values.join(" ")));
        };
    let mut objects: Vec<(String, hdf5::Location)> = vec![("/".into(), (***file).clone())];
    for (name, _) in crate::contents::datasets(file) {
        let dataset = file.dataset(&name).unwrap();
        tell(&name, text::read(&dataset), dataset.read_raw());
        objects.push((name, (**dataset).clone()));
    }
    for (name, object) in objects {
        for attribute in object.attr_names().unwrap() {
            let name = format!("{name} {attribute}");
            let attribute = object.attr(&attribute).unwrap();
            tell(
                &name,
                text::read_attribute(&attribute),
                attribute.read_raw(),
            );
        }
    }
    all
}

/// Every sound file of the repository holds the same, whoever reads it.
#[test]
fn sound_files_are_read_as_by_the_library() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<PathBuf> = ["apps", "datasets", "tests"].map(|f| root.join(f)).into();
    let (mut files, mut values) = (0, 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut start = [0; 4];
            let read = fs::File::open(&path).and_then(|mut file| file.read_exact(&mut start));
            if read.is_err() || start != *b"\x89HDF" {
                continue;
            }
            let expected = contents(&hdf5::File::open(&path).unwrap());
            assert_eq!(
                contents(&open(&path).unwrap()),
                expected,
                "{}",
                path.display()
            );
            values += expected.iter().map(String::len).sum::<usize>();
            files += 1;
        }
    }
    assert!(files > 20 && values > 100_000, "{files} files, {values}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is changed in its heaps, a file is read or refused.
    #[test]
    fn damage_in_heaps_has_an_end(changes in prop::collection::vec((any::<prop::sample::Index>(), 0..16_usize, any::<u8>()), 1..6)) {
        let place = place();
        write(&place.path, &FileBuilder::new());
        let mut bytes = fs::read(&place.path).unwrap();
        let objects = objects(&bytes, 8);
        for (object, at, byte) in changes {
            // Half of the changes make nothing of what was there.
            bytes[object.get(&objects) + at] = if byte % 2 == 0 { 0 } else { byte };
        }
        fs::write(&place.path, &bytes).unwrap();
        if let Err(error) = read_all(&place.path) {
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }
}
