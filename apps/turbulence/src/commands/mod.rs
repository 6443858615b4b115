//! One file a command.

pub mod bench;
mod compare;
mod convert;
mod info;
mod rollout;
mod simulate;
mod stats;
mod train;

use std::path::Path;

use clap::CommandFactory;
use rheome_cli::{Failure, Program};
use rheome_fields::FieldFormat;

pub use simulate::settings::SimulateSettings;
pub use train::settings::{TrainSettings, TrainingSettings};

use crate::arguments::{Arguments, Command};

/// Does what was asked.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Rollout(arguments) => rollout::run(&arguments),
        Command::Stats(arguments) => stats::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Measure(arguments) => bench::measure::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Completions { shell } => {
            rheome_cli::print_completions(shell, &mut Arguments::command());
            Ok(())
        }
        Command::Man(arguments) => {
            rheome_cli::write_manual(Arguments::command(), &arguments.folder)
        }
    }
}

/// Whether flow fields can be written to `output` as a run goes, snapshot by snapshot.
fn check_field_output(output: &Path) -> Result<(), Failure> {
    match FieldFormat::of(output) {
        Ok(format) if format.takes_snapshots_as_they_come() => Ok(()),
        _ => Err(Failure::new(format!(
            "--output {}: expected a name that ends in {} (`turbulence convert` makes the other formats of it)",
            output.display(),
            FieldFormat::endings_of(FieldFormat::takes_snapshots_as_they_come)
        ))),
    }
}

/// This program, for the attributes of its outputs.
pub const PROGRAM: Program = Program {
    name: "turbulence",
    version: env!("CARGO_PKG_VERSION"),
};

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::simulate::settings::SimulateSettings;
    use super::train::settings::TrainSettings;
    use rheome_cli::settings;

    #[test]
    fn every_settings_file_of_the_repository_is_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/turbulence");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let simulate = settings::load_valid::<SimulateSettings>(&path, &[]);
            let train = settings::load_valid::<TrainSettings>(&path, &[]);
            assert!(
                simulate.is_ok() || train.is_ok(),
                "{}: {simulate:?} {train:?}",
                path.display()
            );
            found += 1;
        }
        assert!(found > 4);
    }
}
