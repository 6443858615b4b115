//! Some thousands of hostile inputs a target: each is read or refused with an error that names the place; nothing panics or loops for
//! ever, and no header gets the memory that it claims.
//!
//! The inputs are read in a process of their own, whose memory is limited, a batch at a time. `RHEOME_EXECUTIONS=100000` makes as
//! many a target; `RHEOME_TARGET=npy` runs that target alone. An input that is not survived is kept under `target/hostile`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rheome_cli::settings::SettingsKind;
use rheome_fields::FieldFormat;
use rheome_tests::applications::APPLICATIONS;
use rheome_tests::hostile::{Outcome, Target, corpus, mutated};
use tempfile::TempDir;

/// What tells the process that reads: a target, the first number and how many, and the file for the number under way.
const BATCH: &str = "RHEOME_HOSTILE_BATCH";
/// Inputs that a process reads.
const AT_ONCE: u64 = 5000;
/// Address space that reading may take beyond what the process has when it starts, in KiB. The valid inputs are smaller than 64 KiB
/// each; a thousandfold is what compression may unfold.
const ROOM: u64 = 768 << 10;

/// How long one input may take: many thousand times what any takes that is read, so that a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many inputs of a target `make test` reads: as many as take a few seconds.
fn executions(target: Target) -> u64 {
    if let Ok(count) = std::env::var("RHEOME_EXECUTIONS") {
        return count.parse().expect("RHEOME_EXECUTIONS is a number");
    }
    match target {
        _ if target.is_hdf5() => 700,
        Target::Settings => 2000,
        _ => 5000,
    }
}

/// The process that reads a batch.
#[test]
#[ignore = "started by the other tests"]
fn reads_a_batch() {
    let Ok(batch) = std::env::var(BATCH) else {
        return;
    };
    let [name, first, count, under_way] = batch.split('|').collect::<Vec<_>>()[..] else {
        panic!("{BATCH}: {batch}");
    };
    let target = named(name);
    let (first, count): (u64, u64) = (first.parse().unwrap(), count.parse().unwrap());
    let (corpus, folder) = (corpus(target), folder());
    let under_way = fs::File::options().write(true).open(under_way).unwrap();
    let tell = |number: u64| under_way.write_all_at(&number.to_le_bytes(), 0).unwrap();
    let mut refused = 0;
    for number in first..first + count {
        tell(number);
        let (like, bytes) = mutated(&corpus, number);
        if let Outcome::Refused(_) = target.run(&bytes, like, folder.path()) {
            refused += 1;
        }
    }
    tell(refused);
}

/// A folder in memory, where there is one: a disk would be written to for every input.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

fn named(name: &str) -> Target {
    let all = Target::ALL.into_iter();
    all.into_iter()
        .find(|t| t.name() == name)
        .expect("a target")
}

/// Runs a batch in a process with limited memory, which is ended where it gets no further.
fn start(target: Target, first: u64, count: u64, under_way: &Path) -> Output {
    let limit = (address_space() + ROOM).to_string();
    let this = std::env::current_exe().unwrap();
    let batch = format!("{}|{first}|{count}|{}", target.name(), under_way.display());
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v $1; shift; exec \"$@\"", "sh", &limit])
        .arg(this)
        .args(["--exact", "reads_a_batch", "--ignored"])
        .args(["--test-threads", "1"])
        .env(BATCH, batch)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = || fs::read(under_way).unwrap_or_default();
    let (mut last, mut since) = (told(), Instant::now());
    while child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(20));
        let now = told();
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
    }
    child.wait_with_output().unwrap()
}

/// The address space of this process, which is that of the one that reads: KiB.
fn address_space() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

/// Reads all inputs of a target; what is not survived is told and kept.
fn survives(target: Target) {
    if std::env::var("RHEOME_TARGET").is_ok_and(|only| only != target.name()) {
        return;
    }
    let folder = folder();
    let under_way = folder.path().join("under-way");
    fs::write(&under_way, [0; 8]).unwrap();
    let (all, mut first, mut complete, mut refused) = (executions(target), 0, 0, 0);
    let mut failed = Vec::new();
    while first < all {
        let count = AT_ONCE.min(all - first);
        let output = start(target, first, count, &under_way);
        let told = fs::read(&under_way).unwrap();
        let number = u64::from_le_bytes(told[..].try_into().unwrap());
        if output.status.success() {
            refused += number;
            complete += count;
            first += count;
            continue;
        }
        // A panic, an allocation that fails, a crash, or a loop without an end.
        failed.push(keep(target, number, &output));
        first = number + 1;
        assert!(failed.len() < 20, "{}", failed.join("\n"));
    }
    eprintln!(
        "{}: {all} inputs; {refused} of {complete} refused",
        target.name()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // A batch that did not come to its end counts nothing.
    assert!(
        refused * 4 >= complete,
        "mutations are hostile: {refused} of {complete} refused"
    );
}

/// Keeps the input of a number, and tells what it did.
fn keep(target: Target, number: u64, output: &Output) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    fs::create_dir_all(&folder).unwrap();
    let corpus = corpus(target);
    let (like, bytes) = mutated(&corpus, number);
    let mut path: PathBuf = folder.join(format!("{}-{number}", target.name()));
    path.set_extension(like.extension().unwrap_or_default());
    fs::write(&path, bytes).unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    let place = |text: &str| {
        let line = text.lines().position(|line| line.contains("panicked at"));
        line.map(|at| text.lines().skip(at).take(3).collect::<Vec<_>>().join(" "))
    };
    let why = place(&out).or_else(|| place(&err)).unwrap_or_else(|| {
        let signal = output.status.signal();
        format!(
            "ended by {signal:?}: {}",
            err.lines().last().unwrap_or_default()
        )
    });
    format!("{}: {why}", path.display())
}

#[test]
fn valid_inputs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for target in Target::ALL {
        let corpus = corpus(target);
        let read = |(path, bytes): &(PathBuf, Vec<u8>)| {
            target.run(bytes, path, folder.path()) == Outcome::Accepted
        };
        let accepted = corpus.iter().filter(|input| read(input)).count();
        // A JSON file is for one purpose; a pickle with a command in it holds no weights.
        let expected = match target {
            Target::Vocabulary | Target::PyTorch => 1..=corpus.len(),
            _ => corpus.len()..=corpus.len(),
        };
        assert!(
            expected.contains(&accepted),
            "{}: {accepted}",
            target.name()
        );
    }
}

/// What is hostile to the settings of an application is made out of every file of its folder, each of which one of its commands takes.
#[test]
fn every_settings_file_is_of_one_command() {
    let files = corpus(Target::Settings);
    for application in APPLICATIONS {
        let folder = Path::new("configs").join(application.name);
        let own = |(path, _): &&(PathBuf, Vec<u8>)| {
            path.parent()
                .is_some_and(|parent| parent.ends_with(&folder))
        };
        let mut commands = BTreeSet::new();
        for (path, _) in files.iter().filter(own) {
            let takes = |kind: &&SettingsKind| (kind.check)(path).is_ok();
            let takers: Vec<_> = application.settings.iter().filter(takes).collect();
            let [kind] = takers[..] else {
                panic!("{}: taken by {takers:?}", path.display());
            };
            commands.insert(kind.command);
        }
        assert!(commands.len() > 1, "{}: {commands:?}", application.name);
    }
}

/// A format of fields is a target by the usual ending of its files.
#[test]
fn every_format_of_fields_is_a_target() {
    let endings: BTreeSet<String> = Target::ALL
        .into_iter()
        .filter(|target| target.is_field())
        .flat_map(corpus)
        .filter_map(|(path, _)| Some(path.extension()?.to_str()?.to_owned()))
        .collect();
    for format in FieldFormat::ALL {
        assert!(endings.contains(format.endings()[0]), "{format:?}");
    }
}

/// A pickle that names `os.system` is data: nothing of it runs.
#[test]
fn nothing_in_a_pickle_is_executed() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(Target::PyTorch);
    let named = |(path, _): &&(PathBuf, Vec<u8>)| path.ends_with("command.pt");
    let (path, bytes) = corpus.iter().find(named).unwrap();
    assert!(
        bytes.windows(6).any(|word| word == b"system"),
        "it names the command"
    );
    Target::PyTorch.run(bytes, path, folder.path());
    let left = "executed-by-a-pickle";
    assert!(!Path::new(left).exists() && !folder.path().join(left).exists());
}

macro_rules! survive {
    ($($name:ident: $target:ident;)*) => {
        $(
            #[test]
            fn $name() {
                survives(Target::$target);
            }
        )*
    };
}

survive! {
    npy_files: Npy;
    hdf5_files: Hdf5;
    netcdf_files: NetCdf;
    classic_netcdf_files: Classic;
    h5ad_files: H5ad;
    data_files_of_equations: Equations;
    measured_series: Series;
    safetensors_files: Safetensors;
    pytorch_checkpoints: PyTorch;
    formulas: Formula;
    words_in_prefix_order: Words;
    settings_files: Settings;
    vocabularies: Vocabulary;
}
