//! `perturb split`: another split of a prepared file.

use rheome_anndata::AnnData;
use rheome_cells::resplit;
use rheome_cli::outputs::{NewFile, behind_links};
use rheome_cli::{Failure, RunFiles, say};
use serde_json::json;

use super::prepare::{by_name, note_renamed_columns, split_line};
use super::{cells_meter, failures};
use crate::arguments::SplitArguments;

/// Runs the command.
pub fn run(arguments: &SplitArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    arguments
        .split
        .refuse_unused(Some(arguments.split_method))?;
    let named = arguments.output.as_ref().unwrap_or(&arguments.data);
    let output = &behind_links(named.clone());
    if arguments.output.is_none() && !arguments.write.overwrite {
        return Err(Failure::new(format!(
            "{}: give --output for a file of its own, or --overwrite to replace it",
            output.display()
        )));
    }
    let new = NewFile {
        option: "--output",
        path: output,
        overwrite: arguments.write.overwrite,
        resume: None,
    };
    // The data themselves may get another split.
    let files = RunFiles::default().read("data", &arguments.data);
    files.log(&arguments.compute).check()?;
    let files = RunFiles::default().write("--output", output);
    files.log(&arguments.compute).check()?;
    // A signal takes the lock away too.
    let mut progress = cells_meter(console, "split")?;
    let _claim = new.begin()?;
    let data = AnnData::open(&arguments.data)?;
    arguments.compute.select_cpu(console, "split")?;
    let mut log = arguments.compute.log(false)?;
    let settings = arguments
        .split
        .settings(arguments.split_method, arguments.compute.seed);
    let options = arguments.write.options();
    let told =
        resplit(&data, output, &settings, options, &mut progress).map_err(failures::of_options)?;
    drop(progress);
    let test: Vec<String> = told.split.test().iter().map(ToString::to_string).collect();
    log.line(&json!({
        "event": "split",
        "test": test,
        "leaks": told.leaks,
        "renamed": by_name(&told.renamed),
    }))?;
    note_renamed_columns(console, &told.renamed);
    if told.leaks {
        console.note(format!(
            "note: which genes {} has was decided with cells that are held out now; `perturb prepare --split-method {}` on the \
             raw file decides without them",
            arguments.data.display(),
            arguments.split_method.name()
        ));
    }
    if !arguments.compute.quiet {
        say(split_line(&told.split, &told.conditions));
        say(format!("held out: {}", test.join(", ")));
    }
    console.note(format!("wrote {}", output.display()));
    Ok(())
}
