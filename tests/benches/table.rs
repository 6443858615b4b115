//! One table of what all benches found, in Markdown:
//!
//! ```text
//! RHEOME_BENCH_TABLE=FILE cargo bench --bench table
//! ```
//!
//! FILE is the one that the other benches, started with the same variable, have added their comparisons to.

use std::error::Error;
use std::process::ExitCode;

use rheome_backend::measurement::{Comparison, TABLE, cpu_model};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(path) = std::env::var_os(TABLE) else {
        println!("no table: {TABLE} names no file of comparisons");
        return Ok(());
    };
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("\n| work | here | beside | ours | theirs | ratio | target |");
    println!("|---|---|---|---:|---:|---:|---:|");
    for line in text.lines() {
        let one: Comparison = serde_json::from_str(line)?;
        let number = |value: f64| match value {
            value if value >= 100.0 => format!("{value:.0}"),
            value => format!("{value:.3}"),
        };
        println!(
            "| {} | {} | {} | {} {unit} | {} {unit} | {:.2} | {} |",
            one.work,
            one.ours,
            one.rival,
            number(one.value),
            number(one.rival_value),
            one.ratio(),
            one.target.map_or(String::new(), |t| format!("<= {t:.2}")),
            unit = one.unit.name(),
        );
    }
    println!("\nBelow 1 is faster, or smaller. CPU: {}.", cpu_model());
    Ok(())
}
