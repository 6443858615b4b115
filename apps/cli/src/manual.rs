//! Manual pages, a page a command, out of the declarations that `--help` is made of.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use crate::{Failure, files};

/// Options of `man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// Folder for the pages; pages that it holds are replaced.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Writes the page of `command` and those of its verbs, `turbulence.1`, `turbulence-train.1`, ..., into `folder`.
///
/// # Errors
/// [`Failure`] naming the folder or the page that cannot be written.
pub fn write_manual(command: Command, folder: &Path) -> Result<(), Failure> {
    files::create_folder(folder)?;
    // `help train` has no page of its own.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    for page in pages(&command) {
        let man = Man::new(page.clone()).manual("Rheome");
        let path = folder.join(man.get_filename());
        let text = render(page, &man).map_err(files::cannot("write", &path))?;
        files::write(&path, text)?;
    }
    Ok(())
}

/// The command and all below it, without the hidden ones.
fn pages(command: &Command) -> Vec<&Command> {
    let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    std::iter::once(command)
        .chain(shown.flat_map(pages))
        .collect()
}

/// A page. The examples stand as they are to be typed: clap_mangen itself would fill their lines.
fn render(command: &Command, man: &Man) -> Result<Vec<u8>, std::io::Error> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|verb| !verb.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(examples) = command.get_after_help() {
        let text = examples.to_string();
        let (notes, examples) = text.split_once("Example:\n").unwrap_or(("", &text));
        if !notes.trim().is_empty() {
            page.extend(literal("NOTES", notes.trim_end()).into_bytes());
        }
        page.extend(literal("EXAMPLES", examples).into_bytes());
    }
    if command.get_version().is_some() {
        man.render_version_section(&mut page)?;
    }
    Ok(page)
}

/// A section whose lines are kept.
fn literal(title: &str, text: &str) -> String {
    let mut section = format!(".SH {title}\n.nf\n");
    for line in text.lines() {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        // A line that begins with one of these would be a request.
        let guard = if line.starts_with(['.', '\'']) {
            "\\&"
        } else {
            ""
        };
        section.push_str(&format!("{guard}{line}\n"));
    }
    section.push_str(".fi\n");
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_example_as_it_is_typed() {
        let verb = Command::new("fly")
            .about("Fly away")
            .after_help("Example:\n  bird fly --to 'C:\\tree'\n.hidden file");
        let hidden = Command::new("moult").hide(true);
        let bird = Command::new("bird")
            .version("1.2")
            .subcommands([verb, hidden]);
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("man");
        write_manual(bird, &pages).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&pages)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["bird-fly.1", "bird.1"]);
        let page = std::fs::read_to_string(pages.join("bird-fly.1")).unwrap();
        assert!(page.contains(
            ".SH EXAMPLES\n.nf\n  bird fly \\-\\-to 'C:\\etree'\n\\&.hidden file\n.fi\n"
        ));
        assert!(page.contains("Fly away"), "{page}");
    }
}
