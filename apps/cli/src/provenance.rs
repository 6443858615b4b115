//! What made an output: program, version and command line.

/// What made an output, for its attributes.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Name of the command, e.g. `turbulence`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Program {
    /// Name and version, e.g. `turbulence 0.1.0 (Rheome)`.
    pub fn title(&self) -> String {
        format!("{} {} (Rheome)", self.name, self.version)
    }

    /// The words of the command line, without the program's folder and the shell's quotes.
    pub fn command_line(&self) -> String {
        let arguments = std::env::args_os()
            .skip(1)
            .map(|a| a.to_string_lossy().into_owned());
        std::iter::once(self.name.to_owned())
            .chain(arguments)
            .collect::<Vec<_>>()
            .join(" ")
    }
}
