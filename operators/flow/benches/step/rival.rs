//! The same steps in plain PyTorch, by the script beside this bench.

use std::error::Error;
use std::process::Command;

use rheome_backend::measurement::rival_sources;

use crate::case::Case;
use crate::measurement::finding;
use crate::options::Options;
use crate::table::Outcome;

/// Names the Python interpreter that has torch.
const INTERPRETER: &str = "RHEOME_TORCH_PYTHON";

/// Measures PyTorch, if there is an interpreter for it and it is wanted.
pub fn run(case: &Case, options: &Options, compile: bool) -> Result<Outcome, Box<dyn Error>> {
    if !options.pytorch {
        return Ok(Outcome::NotRun(
            "PyTorch was left out by --no-pytorch.".into(),
        ));
    }
    let Some(interpreter) = std::env::var_os(INTERPRETER).filter(|value| !value.is_empty()) else {
        return Ok(Outcome::NotRun(format!(
            "PyTorch was not run: {INTERPRETER} is not set. `make bench` installs PyTorch and sets it; \
             operators/flow/benches/setup/torch-venv.sh alone prints the value."
        )));
    };
    eprintln!(
        "measuring PyTorch{} ...",
        if compile { " with torch.compile" } else { "" }
    );
    let output = case.file(if compile {
        "compiled.safetensors"
    } else {
        "eager.safetensors"
    });
    let mut command = Command::new(interpreter);
    command
        .arg(rival_sources(env!("CARGO_MANIFEST_DIR")).join("pytorch_ifactformer.py"))
        .arg(&case.directory)
        .arg("--output")
        .arg(&output)
        .arg("--device")
        .arg(options.pytorch_device())
        // Cargo puts our libtorch there; PyTorch has to find its own.
        .env_remove("LD_LIBRARY_PATH");
    if compile {
        command.arg("--compile");
    }
    finding(command, options, &output).map(|found| Outcome::Found(Box::new(found)))
}
