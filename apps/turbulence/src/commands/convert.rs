//! `turbulence convert`: npy, HDF5 and NetCDF into each other, snapshot by snapshot.

use rheome_cli::outputs::NewFile;
use rheome_cli::{Console, Failure, Interruption, Meter, RunFiles};
use rheome_fields::{Appears, FieldReader, FieldShape, FieldWriter, FirstComponents, WriteOptions};

use super::PROGRAM;
use crate::arguments::ConvertArguments;

/// Runs the command.
pub fn run(arguments: &ConvertArguments) -> Result<(), Failure> {
    let output = NewFile {
        option: "OUT",
        path: &arguments.output,
        overwrite: arguments.overwrite,
        resume: None,
    };
    let description = rheome_fields::description_of(output.path);
    let files = RunFiles::default().read("input", &arguments.input);
    files.write(output.option, output.path).check()?;
    let _claim = output.begin_with(description.as_slice())?;
    let console = Console::new(arguments.quiet, false);
    let mut reader = rheome_fields::open(&arguments.input)?;
    if let Some(components) = arguments.components {
        reader = FirstComponents::new(reader, components)?;
    }
    let reader: &dyn FieldReader = reader.as_ref();
    let whole = reader.shape();
    // An unfinished file is converted as far as it goes.
    let complete = reader.completed_by_all();
    let snapshots = Range::of("--snapshots", arguments.snapshots.as_deref(), complete)?.indices();
    let trajectories = Range::of(
        "--trajectories",
        arguments.trajectories.as_deref(),
        whole.trajectories,
    )?
    .indices();
    let shape = FieldShape {
        has_trajectories: whole.has_trajectories && trajectories.len() > 1,
        trajectories: trajectories.len(),
        snapshots: snapshots.len(),
        ..whole
    };
    let mut header = reader.header().clone();
    header.attributes.insert(
        "converted_by".into(),
        format!("{}: {}", PROGRAM.title(), PROGRAM.command_line()).into(),
    );
    let options = WriteOptions {
        compress: arguments.compress,
        overwrite: arguments.overwrite,
        appears: Appears::Finished,
    };
    let mut writer = rheome_fields::create(&arguments.output, &shape, &header, options)?;
    let total = (shape.trajectories * shape.snapshots) as u64;
    let mut meter = Meter::new(console, "convert", "snapshots", total, 0);
    let interruption = Interruption::watch(console)?;
    let places = (trajectories.as_slice(), snapshots.as_slice());
    copy(reader, places, writer.as_mut(), &mut meter, || {
        interruption.check(|| {
            let output = arguments.output.display();
            format!("{output}: nothing is written; convert again")
        })
    })?;
    writer.finish()?;
    meter.finish();
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// Copies these trajectories' snapshots; `goes_on` is asked before each.
fn copy(
    reader: &dyn FieldReader,
    (trajectories, snapshots): (&[usize], &[usize]),
    writer: &mut dyn FieldWriter,
    meter: &mut Meter,
    goes_on: impl Fn() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut snapshot = vec![0.0; reader.shape().snapshot_len()];
    for (to, from) in trajectories.iter().enumerate() {
        for index in snapshots {
            goes_on()?;
            reader.read(*from, *index, &mut snapshot)?;
            // Where no times are known, snapshots are counted.
            let time = reader
                .times()
                .and_then(|t| t.get(*index).copied())
                .filter(|t| t.is_finite());
            writer.append(to, time.unwrap_or(*index as f64), &snapshot)?;
            meter.advance("");
        }
    }
    Ok(())
}

/// `FROM:TO` or `FROM:TO:STRIDE`, either end may be left out, TO is not included; as in NumPy.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    from: usize,
    to: usize,
    stride: usize,
}

impl Range {
    fn of(option: &str, text: Option<&str>, available: usize) -> Result<Self, Failure> {
        let whole = Self {
            from: 0,
            to: available,
            stride: 1,
        };
        let Some(text) = text else { return Ok(whole) };
        let wrong = |why: String| Failure::new(format!("{option} {text}: {why}"));
        let parts: Vec<&str> = text.split(':').collect();
        let number = |part: &str, default: usize| match part.trim() {
            "" => Ok(default),
            digits => digits
                .parse()
                .map_err(|_| wrong("expected FROM:TO or FROM:TO:STRIDE".into())),
        };
        let range = match parts.as_slice() {
            [from, to] => Self {
                from: number(from, 0)?,
                to: number(to, available)?,
                stride: 1,
            },
            [from, to, stride] => Self {
                from: number(from, 0)?,
                to: number(to, available)?,
                stride: number(stride, 1)?,
            },
            _ => return Err(wrong("expected FROM:TO or FROM:TO:STRIDE".into())),
        };
        if range.stride == 0 || range.from >= range.to || range.to > available {
            return Err(wrong(format!(
                "found {} to {} by {}, expected a range within 0:{available} and a stride of at least 1",
                range.from, range.to, range.stride
            )));
        }
        Ok(range)
    }

    fn indices(&self) -> Vec<usize> {
        (self.from..self.to).step_by(self.stride).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_numpy_and_stay_inside() {
        let of = |text| Range::of("--snapshots", Some(text), 10).map(|r| r.indices());
        assert_eq!(of("2:5"), Ok(vec![2, 3, 4]));
        assert_eq!(of(":"), Ok((0..10).collect()));
        assert_eq!(of("1:10:4"), Ok(vec![1, 5, 9]));
        for wrong in ["", "3", "5:5", "0:11", "0:5:0", "a:b", "1:2:3:4", "-1:3"] {
            let line = of(wrong).unwrap_err().line().to_owned();
            assert!(line.starts_with(&format!("--snapshots {wrong}:")), "{line}");
        }
    }
}
