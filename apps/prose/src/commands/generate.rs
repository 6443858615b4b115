//! `prose generate`: equations of families and their trajectories.

mod axes;

use rheome_cli::outputs::NewFile;
use rheome_cli::settings::at_fault;
use rheome_cli::{Failure, Interruption, Meter, RunFiles, say, settings as settings_file};
use rheome_equations::{DataWriter, Written, generate};
use serde_json::json;

use super::PROGRAM;
use crate::arguments::GenerateArguments;
use crate::outputs::{check_hdf5, claim};
use crate::settings::GenerateSettings;

/// Runs the command.
pub fn run(arguments: &GenerateArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let mut settings: GenerateSettings =
        settings_file::load_valid(&arguments.config, &arguments.overrides)?;
    settings.seed = arguments.compute.seed.unwrap_or(settings.seed);
    let config = settings.config();
    let families = settings
        .families
        .resolve(&arguments.config, &arguments.overrides)?;
    check_hdf5(&arguments.output)?;
    let output = NewFile {
        option: "--output",
        path: &arguments.output,
        overwrite: arguments.overwrite,
        resume: None,
    };
    let own = settings
        .families
        .own_file(&arguments.config, &arguments.overrides);
    let read = RunFiles::default()
        .read("settings", &arguments.config)
        .read_all("families", own);
    let _claim = claim(read, output, ("", &[]), &arguments.compute)?;
    arguments.compute.select_cpu(console, "generate")?;
    let mut log = arguments.compute.log(false)?;
    let origin = [
        ("settings", toml::to_string(&settings)?),
        ("program", PROGRAM.title()),
        ("command_line", PROGRAM.command_line()),
    ];
    let mut writer = DataWriter::create(&arguments.output, &families, &config, &origin)?;
    let total = config.equations * families.len() as u64;
    let mut meter = Meter::new(console, "generate", "equations", total, 0);
    let interruption = Interruption::watch(console)?;
    let (mut done, mut kept) = (0, 0);
    let outcome = generate(&families, &config, |data| {
        interruption.check(String::new)?;
        kept += data.trajectories.len();
        writer.append(data)?;
        done += 1;
        meter.advance("");
        Ok::<(), Failure>(())
    });
    if let Err(failure) = outcome {
        return Err(stopped(arguments, writer, [done, total], failure));
    }
    if kept == 0 {
        return Err(none_kept(arguments, &settings));
    }
    let written = writer.finish_with(axes::name)?;
    meter.finish();
    log.line(&json!({
        "event": "generated",
        "equations": written.equations,
        "samples": written.samples,
        "dropped": written.dropped,
    }))?;
    if !arguments.compute.quiet {
        say(summary(families.len(), &written));
    }
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// That no trajectory stays below the bound: a file without one is of no use.
fn none_kept(arguments: &GenerateArguments, settings: &GenerateSettings) -> Failure {
    let failure = Failure::new(format!(
        "data.bound: found {}, below which no trajectory stays, expected more: nothing is written",
        settings.data.bound
    ));
    at_fault(&arguments.config, &arguments.overrides, failure)
}

/// The failure that ended the generation. After a signal the equations that are done become the file, unless one of before would
/// be lost for it.
fn stopped(
    arguments: &GenerateArguments,
    writer: DataWriter,
    [done, total]: [u64; 2],
    failure: Failure,
) -> Failure {
    let output = arguments.output.display();
    if !failure.is_interruption() {
        return failure;
    }
    if done == 0 || arguments.output.exists() {
        return Failure::interrupted(format!(
            "{output}: nothing is written, {done} of {total} equations were done"
        ));
    }
    match writer.finish_with(axes::name) {
        Ok(_) => Failure::interrupted(format!(
            "{output}: holds the first {done} of {total} equations; generate again with --overwrite to have all"
        )),
        Err(error) => error.into(),
    }
}

fn summary(families: usize, written: &Written) -> String {
    let Written {
        equations,
        samples,
        dropped,
    } = written;
    format!(
        "{families} families, {equations} equations, {samples} trajectories ({dropped} dropped)"
    )
}
