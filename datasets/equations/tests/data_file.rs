//! Data files: what was generated is read back, whatever happens on the way leaves a whole file, and bad files are refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hdf5::types::VarLenUnicode;
use ndarray::{arr2, arr3};
use rheome_equations::{
    BatchConfig, BatchReader, DataConfig, DataFile, DataWriter, EquationData, EquationError,
    Family, InputNoise, Split, Subset, SymbolNoise, Vocabulary, families_from_toml, generate,
    published_families,
};

fn families() -> Vec<Family> {
    let mut families = published_families(true);
    families.retain(|family| ["thomas", "lorenz_3d", "lorenz_96_4d"].contains(&family.name()));
    families
}

fn config() -> DataConfig {
    DataConfig {
        equations: 10,
        trajectories: 3,
        points: 24,
        end: 0.75,
        seed: 5,
        ..DataConfig::default()
    }
}

fn write(path: &Path) -> Vec<EquationData> {
    let families = families();
    let origin = [("program", "a test".to_owned())];
    let mut writer = DataWriter::create(path, &families, &config(), &origin).unwrap();
    let mut all = Vec::new();
    let result: Result<(), EquationError> = generate(&families, &config(), |data| {
        all.push(data.clone());
        writer.append(data)
    });
    result.unwrap();
    let written = writer.finish().unwrap();
    assert_eq!((written.equations, written.samples), (30, 90));
    all
}

fn folder_with_file() -> (tempfile::TempDir, PathBuf, Vec<EquationData>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.h5");
    let data = write(&path);
    (folder, path, data)
}

/// The first files told less of their families.
#[test]
fn files_without_reference_values_are_read() {
    let (_folder, path, _) = folder_with_file();
    let file = hdf5::File::open_rw(&path).unwrap();
    for name in ["parameter_values", "initial", "source"] {
        file.group("families").unwrap().unlink(name).unwrap();
    }
    file.close().unwrap();
    let file = DataFile::open(&path).unwrap();
    assert_eq!(file.families().len(), 3);
    assert!(file.families().iter().all(|f| f.family.is_none()));
}

#[test]
fn what_was_generated_is_read_back() {
    let (folder, path, generated) = folder_with_file();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let file = DataFile::open(&path).unwrap();
    assert_eq!((file.samples(), file.dimension()), (90, 4));
    assert_eq!(file.times(), config().times());
    let names: Vec<&str> = file.families().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["thomas", "lorenz_3d", "lorenz_96_4d"]);
    let read: Option<Vec<Family>> = file.families().iter().map(|f| f.family.clone()).collect();
    assert_eq!(read, Some(families()));
    let mut sample = 0;
    for data in &generated {
        for trajectory in &data.trajectories {
            let record = file.equation(sample);
            assert_eq!(record.system, data.system);
            assert_eq!((record.family, record.number), (data.family, data.equation));
            assert_eq!(record.parameters, data.parameters);
            let read = file.trajectory(sample).unwrap();
            for ((point, component), value) in read.indexed_iter() {
                let expected = trajectory
                    .get((point, component))
                    .map_or(0.0, |v| *v as f32);
                assert_eq!(*value, expected);
            }
            sample += 1;
        }
    }
    assert!(file.trajectory(sample).is_err());
}

#[test]
fn an_unfinished_file_leaves_the_old_one() {
    let (_folder, path, _) = folder_with_file();
    let before = std::fs::read(&path).unwrap();
    let mut writer = DataWriter::create(&path, &families(), &config(), &[]).unwrap();
    let result: Result<(), EquationError> =
        generate(&families(), &config(), |data| writer.append(data));
    result.unwrap();
    drop(writer);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn subsets_share_no_equation_and_miss_none() {
    let (_folder, path, _) = folder_with_file();
    let file = DataFile::open(&path).unwrap();
    let split = Split::default();
    let subsets = [Subset::Train, Subset::Validation, Subset::Test];
    let samples = subsets.map(|subset| file.subset(&split, subset));
    assert_eq!(samples.each_ref().map(Vec::len), [72, 9, 9]);
    let mut all = samples.concat();
    all.sort_unstable();
    assert_eq!(all, (0..90).collect::<Vec<_>>());
    for train in &samples[0] {
        for test in &samples[2] {
            assert_ne!(
                file.equation(*train).parameters,
                file.equation(*test).parameters
            );
        }
    }
}

fn reader(path: &Path, noise: InputNoise, symbols: SymbolNoise, seed: u64) -> BatchReader {
    let config = BatchConfig {
        size: 8,
        input_points: 16,
        noise,
        symbols,
        known: false,
    };
    let data = Arc::new(DataFile::open(path).unwrap());
    let samples = (0..data.samples()).collect();
    BatchReader::new(data, samples, Vocabulary::new(5).unwrap(), config, seed).unwrap()
}

#[test]
fn batches_hold_what_the_network_needs() {
    let (_folder, path, _) = folder_with_file();
    let reader = reader(&path, InputNoise::NONE, SymbolNoise::NONE, 1);
    let data = DataFile::open(&path).unwrap();
    let vocabulary = Vocabulary::new(5).unwrap();
    let batch = reader.evaluation(1).unwrap();
    assert_eq!(batch.samples, (8..16).collect::<Vec<_>>());
    assert_eq!(batch.input.dim(), (8, 16, 6));
    assert_eq!(batch.labels.dim(), (8, 8, 5));
    assert_eq!(batch.times.len(), 8);
    for (row, sample) in batch.samples.iter().enumerate() {
        let system = &data.equation(*sample).system;
        let trajectory = data.trajectory(*sample).unwrap();
        assert_eq!(batch.dimensions[row], system.dimension());
        assert_eq!(batch.input[[row, 3, 0]], data.times()[3] as f32);
        assert_eq!(batch.input[[row, 3, 2]], trajectory[[3, 1]]);
        assert_eq!(batch.labels[[row, 2, 0]], trajectory[[18, 0]]);
        assert_eq!(batch.labels[[row, 2, 4]], 0.0);
        let target: Vec<u32> = batch.targets.row(row).to_vec();
        let length = batch.target_lengths[row];
        assert_eq!(&vocabulary.decode(&target[..length]).unwrap(), system);
        assert_eq!(vocabulary.word(target[length - 1]).unwrap(), "<EOS>");
        let symbols = batch.symbols.row(row).to_vec();
        let skeleton = vocabulary
            .decode(&symbols[..batch.symbol_lengths[row]])
            .unwrap();
        assert_eq!(skeleton, system.skeleton());
    }
    assert_eq!(reader.batches_of_evaluation(), 12);
    assert_eq!(reader.evaluation(11).unwrap().samples.len(), 2);
    assert!(reader.evaluation(12).is_err());
}

#[test]
fn batches_follow_from_seed_and_step_alone() {
    let (_folder, path, _) = folder_with_file();
    let noisy = |seed| reader(&path, InputNoise::default(), SymbolNoise::default(), seed);
    let (mut forwards, mut backwards) = (noisy(1), noisy(1));
    let first: Vec<_> = (0..25)
        .map(|step| forwards.training(step).unwrap())
        .collect();
    for step in (0..25).rev() {
        assert_eq!(
            backwards.training(step).unwrap(),
            first[step as usize],
            "{step}"
        );
    }
    assert_ne!(noisy(2).training(0).unwrap().samples, first[0].samples);
    // The epoch shows no sample twice; the next one has another order.
    let mut seen: Vec<usize> = first[..11].iter().flat_map(|b| b.samples.clone()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 88);
    assert_ne!(first[0].samples, first[11].samples);
    let clean = reader(&path, InputNoise::NONE, SymbolNoise::NONE, 1);
    let (clean, noisy) = (
        clean.evaluation(0).unwrap(),
        forwards.evaluation(0).unwrap(),
    );
    assert_eq!(clean.labels, noisy.labels);
    assert_eq!(clean.targets, noisy.targets);
    assert_ne!(clean.input, noisy.input);
}

#[test]
fn a_known_equation_is_given_with_its_numbers() {
    let (_folder, path, _) = folder_with_file();
    let data = Arc::new(DataFile::open(&path).unwrap());
    let config = BatchConfig {
        size: 4,
        input_points: 16,
        known: true,
        ..BatchConfig::default()
    };
    let vocabulary = Vocabulary::new(5).unwrap();
    let reader = BatchReader::new(data, vec![0, 40, 80], vocabulary, config, 1).unwrap();
    let batch = reader.evaluation(0).unwrap();
    for row in 0..3 {
        let length = batch.symbol_lengths[row];
        let symbols = batch.symbols.row(row).to_vec();
        let target = batch.targets.row(row).to_vec();
        assert_eq!(batch.target_lengths[row], length + 2);
        assert_eq!(symbols[..length], target[1..=length]);
    }
}

#[test]
fn noise_on_symbols_is_as_frequent_as_asked() {
    let (_folder, path, _) = folder_with_file();
    let data = DataFile::open(&path).unwrap();
    let vocabulary = Vocabulary::new(5).unwrap();
    let mut reader = reader(&path, InputNoise::NONE, SymbolNoise::default(), 1);
    let (mut wrong, mut all) = (0, 0);
    for step in 0..220 {
        let batch = reader.training(step).unwrap();
        for (row, sample) in batch.samples.iter().enumerate() {
            let given = &batch.symbols.row(row).to_vec()[..batch.symbol_lengths[row]];
            let skeleton = data.equation(*sample).system.skeleton();
            wrong += usize::from(given != vocabulary.encode(&skeleton).unwrap());
            all += 1;
        }
    }
    // 1 - 0.85^2 = 0.2775, but a term dropped may be a term added; the deviation of 1760 draws is 0.011.
    let share = wrong as f64 / all as f64;
    assert!((0.24..0.32).contains(&share), "{share}");
}

#[test]
fn batches_that_cannot_be_are_refused() {
    let (_folder, path, _) = folder_with_file();
    let data = Arc::new(DataFile::open(&path).unwrap());
    let refused = |samples: Vec<usize>, dimension: usize, config: BatchConfig| {
        let vocabulary = Vocabulary::new(dimension).unwrap();
        let reader = BatchReader::new(data.clone(), samples, vocabulary, config, 1);
        reader.unwrap_err().to_string()
    };
    let config = BatchConfig {
        input_points: 24,
        ..BatchConfig::default()
    };
    let message = refused(vec![0], 4, config);
    assert!(
        message.ends_with("input_points: found 24, expected 1 to 23"),
        "{message}"
    );
    let config = BatchConfig {
        input_points: 16,
        ..config
    };
    let message = refused(vec![0], 3, config);
    assert!(
        message.ends_with("equations: found 4 components, expected at most 3"),
        "{message}"
    );
    let message = refused(Vec::new(), 4, config);
    assert!(message.contains("found 0 sample(s)"), "{message}");
    let message = refused(vec![0, 90], 4, config);
    assert!(
        message.ends_with("sample: found 90, expected less than 90"),
        "{message}"
    );
}

/// The message about a file in which something was changed.
fn refused(change: impl Fn(&hdf5::File)) -> String {
    let (_folder, path, _) = folder_with_file();
    let file = hdf5::File::open_rw(&path).unwrap();
    change(&file);
    file.close().unwrap();
    let message = DataFile::open(&path).unwrap_err().to_string();
    assert!(
        message.starts_with(&format!("{}: ", path.display())),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1);
    message
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let missing = refused(|file| file.unlink("equations/ids").unwrap());
    assert!(
        missing.contains("/equations/ids: found no dataset"),
        "{missing}"
    );
    let group = refused(|file| file.unlink("families").unwrap());
    assert!(group.contains("/families: found no group"), "{group}");
    let shape = refused(|file| {
        file.unlink("time").unwrap();
        file.new_dataset_builder()
            .with_data(&[0.0, 1.0])
            .create("time")
            .unwrap();
    });
    assert!(
        shape.contains("/trajectory: found shape [90, 24, 4]"),
        "{shape}"
    );
    let disorder = refused(|file| {
        file.dataset("time")
            .unwrap()
            .write_slice(&[9.0], 3..4)
            .unwrap();
    });
    assert!(disorder.contains("/time: found"), "{disorder}");
    let index = refused(|file| {
        file.dataset("equation_index")
            .unwrap()
            .write_slice(&[30_u32], 7..8)
            .unwrap();
    });
    assert!(
        index.ends_with("/equation_index, row 7: found 30, expected less than 30"),
        "{index}"
    );
    let words = refused(|file| {
        let text: VarLenUnicode = "add u_0".parse().unwrap();
        let words = file.dataset("equations/words").unwrap();
        words.write_slice(&[text], 2..3).unwrap();
    });
    assert!(
        words.contains("/equations/words, row 2: found word 3"),
        "{words}"
    );
    let ids = refused(|file| {
        let ids = file.dataset("equations/ids").unwrap();
        ids.write_slice(&arr2(&[[7_u32]]), (4..5, 0..1)).unwrap();
    });
    assert!(
        ids.contains("/equations/ids, row 4: found other ids"),
        "{ids}"
    );
    let kind = refused(|file| {
        file.unlink("equations/family").unwrap();
        let builder = file.new_dataset_builder().with_data(&[0.5; 30]);
        builder.create("equations/family").unwrap();
    });
    assert!(kind.contains("/equations/family: found float64"), "{kind}");
    let claim = refused(|file| {
        file.dataset("equation_index")
            .unwrap()
            .resize(1 << 40)
            .unwrap();
        file.dataset("trajectory")
            .unwrap()
            .resize((1 << 40, 24, 4))
            .unwrap();
    });
    assert!(
        claim.contains("expected a file that can hold it"),
        "{claim}"
    );
}

#[test]
fn numbers_that_are_not_finite_are_refused_when_they_are_read() {
    let (_folder, path, _) = folder_with_file();
    let file = hdf5::File::open_rw(&path).unwrap();
    file.dataset("trajectory")
        .unwrap()
        .write_slice(&arr3(&[[[f32::NAN]]]), (3..4, 0..1, 0..1))
        .unwrap();
    file.close().unwrap();
    let file = DataFile::open(&path).unwrap();
    let message = file.trajectory(3).unwrap_err().to_string();
    assert!(
        message.ends_with("/trajectory, sample 3: found NaN, expected finite numbers"),
        "{message}"
    );
}

#[test]
fn families_without_words_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let text = "[[family]]\nname = \"forced\"\nequations = \"cos(t) - u_0\"\n";
    let families = families_from_toml(text, "a.toml").unwrap();
    let error = DataWriter::create(&path, &families, &config(), &[]).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("family \"forced\": word \"t\" is not in the vocabulary"),
        "{message}"
    );
    assert!(DataWriter::create(&path, &[], &config(), &[]).is_err());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let message = DataFile::open(&path).unwrap_err().to_string();
    assert!(message.contains("cannot read"), "{message}");
    std::fs::write(&path, "no HDF5").unwrap();
    assert!(DataFile::open(&path).is_err());
    hdf5::File::create(&path).unwrap().close().unwrap();
    let message = DataFile::open(&path).unwrap_err().to_string();
    assert!(message.contains("found no format"), "{message}");
}
