//! Forward and training step of IFactFormer-m on every backend and in PyTorch, side by side in one run:
//!
//! ```text
//! cargo bench -p rheome-flow --features libtorch [-- --small --repeats 5 --threads 2 --compile --no-pytorch --devices flex,libtorch]
//! ```
//!
//! All start from the same weights and the same input, and their outputs and losses must agree: the bench fails
//! otherwise. Each is measured in a process of its own, so that none inherits another's threads or peak memory.
//! PyTorch's columns need `RHEOME_TORCH_PYTHON`, an interpreter with torch, numpy and safetensors.

#[path = "step/case.rs"]
mod case;
#[path = "step/measurement.rs"]
mod measurement;
#[path = "step/options.rs"]
mod options;
#[path = "step/rival.rs"]
mod rival;
#[path = "step/table.rs"]
mod table;

use std::error::Error;
use std::process::ExitCode;

use case::Case;
use measurement::{measure, measure_apart};
use options::{Mode, Options};
use table::{Column, Outcome, Table};

/// Largest difference to the reference, relative to the largest magnitude of the reference.
const TOLERANCE: f64 = 1e-4;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    match &options.mode {
        Mode::Help => println!("{}", options::HELP),
        Mode::Idle => println!("nothing measured: run this with `cargo bench`"),
        Mode::One { backend, directory } => {
            let measurement = measure(&Case::open(directory)?, *backend, &options)?;
            println!("{}", serde_json::to_string(&measurement)?);
        }
        Mode::All => return compare(&options),
    }
    Ok(true)
}

/// Measures everything, prints the table, and says whether all agree.
fn compare(options: &Options) -> Result<bool, Box<dyn Error>> {
    let case = Case::draw(options.small)?;
    let mut columns = vec![Column::new(
        "PyTorch eager",
        rival::run(&case, options, false)?,
    )];
    if options.compile {
        columns.push(Column::new(
            "torch.compile",
            rival::run(&case, options, true)?,
        ));
    }
    for &backend in &options.devices {
        columns.push(Column::new(
            &backend.to_string(),
            measure_apart(&case, backend, options)?,
        ));
    }
    let table = Table { columns };
    println!("{}", case.describe());
    println!("\n{table}");
    println!("{}", table.footnote(options));
    table.tell("IFactFormer-m")?;
    if let Some(Outcome::NotRun(hint)) = table.columns.first().map(|column| &column.outcome) {
        println!("{hint}");
    }
    let mut agree = true;
    for (line, difference) in table.differences() {
        let fine = difference <= TOLERANCE;
        agree &= fine;
        println!(
            "{line}: {difference:.1e}{}",
            if fine { "" } else { "  TOO LARGE" }
        );
    }
    Ok(agree)
}
