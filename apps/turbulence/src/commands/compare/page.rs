//! The comparison as one HTML page that needs no other file.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use rheome_cli::Failure;
use rheome_cli::files::{self, cannot};

use super::course::Course;
use super::pictures::Picture;
use super::scores::{Scores, ranked};
use super::table::COLUMNS;
use crate::commands::PROGRAM;

const STYLE: &str = "\
body { font: 16px/1.5 system-ui, sans-serif; color: #111; background: #fff; max-width: 1200px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums }
th, td { padding: .3em .7em; border-bottom: 1px solid #ccc; text-align: right; white-space: nowrap }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left }
figure { margin: 2em 0 } figure svg, figure img { max-width: 100%; height: auto } figcaption { color: #444; max-width: 60em }
code { background: #f2f2f2; padding: .1em .3em; overflow-wrap: anywhere }
@media print { body { max-width: none } figure { break-inside: avoid } }";

/// Writes the page, with its pictures inside.
pub fn write(
    path: &Path,
    pictures: &[Picture],
    scores: &[Scores],
    course: &Course,
) -> Result<(), Failure> {
    let mut html =
        String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    html.push_str("<title>Turbulent channel flow: comparison</title>\n<style>\n");
    html.push_str(STYLE);
    html.push_str("\n</style>\n</head>\n<body>\n<h1>Turbulent channel flow: who comes closest to the DNS?</h1>\n");
    html.push_str(&introduction(course, scores));
    html.push_str(&table(scores));
    for picture in pictures {
        html.push_str("<figure>\n");
        html.push_str(&inline(&picture.path)?);
        let _ = writeln!(
            html,
            "\n<figcaption>{}</figcaption>\n</figure>",
            escape(&picture.caption)
        );
    }
    let _ = writeln!(
        html,
        "<p>Made by {} with <code>{}</code>.</p>\n</body>\n</html>",
        escape(&PROGRAM.title()),
        escape(&PROGRAM.command_line())
    );
    files::write(path, html)
}

fn introduction(course: &Course, scores: &[Scores]) -> String {
    let truth = &course.truth;
    let floor = if truth.holds_reference {
        "The row <b>DNS</b> is the reference trajectory itself over the same steps. It is part of the truth here, for want of \
         others, so that its error says little."
    } else {
        "The row <b>DNS</b> is the reference trajectory itself over the same steps, which is no part of the truth: its error is what \
         so short a time leaves to chance (and what sets the truth apart from filtered fields, if it is not of such). Differences \
         below it rank nobody."
    };
    let short = scores
        .first()
        .filter(|dns| scores.iter().any(|s| s.steps > dns.steps));
    let short = short.map_or_else(String::new, |dns| {
        format!(
            " The reference ends after {} steps, before the others do.",
            dns.steps
        )
    });
    format!(
        "<p>Everybody starts from snapshot {} (time {:.3}) of trajectory {} of <code>{}</code> and steps {:.4} in time. \
         Statistics are held against the truth, {} ({} snapshots). {floor}{short} \
         The ranking goes by the mean of the relative L2 errors of five profiles: mean velocity, rms of u, v, w, Reynolds shear \
         stress (of the resolved flow, where there is a subgrid model).</p>\n",
        course.index,
        course.time,
        course.trajectory,
        escape(course.label()),
        course.time_step,
        escape(&truth.source),
        truth.results.snapshots,
    )
}

fn table(scores: &[Scores]) -> String {
    let row = |tag: &str, cells: Vec<String>| {
        let cells: String = cells
            .iter()
            .map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)))
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let mut html = String::from("<div class=\"wide\"><table>\n");
    html.push_str(&row(
        "th",
        COLUMNS
            .iter()
            .map(|column| column.title.to_owned())
            .collect(),
    ));
    for s in ranked(scores) {
        html.push_str(&row(
            "td",
            COLUMNS
                .iter()
                .map(|column| (column.cell)(s).text())
                .collect(),
        ));
    }
    html.push_str("</table></div>\n");
    let stopped = scores.iter().filter_map(|s| Some((s, s.stopped.as_ref()?)));
    for (s, reason) in stopped {
        let _ = writeln!(
            html,
            "<p><b>{}</b> ended after {} steps: {}</p>",
            escape(&s.name),
            s.steps,
            escape(reason)
        );
    }
    html
}

/// A picture as part of the page.
fn inline(path: &Path) -> Result<String, Failure> {
    if path.extension().is_some_and(|e| e == "svg") {
        return std::fs::read_to_string(path).map_err(cannot("read", path));
    }
    let data = base64::engine::general_purpose::STANDARD.encode(files::read(path)?);
    Ok(format!(
        "<img alt=\"\" src=\"data:image/png;base64,{data}\">"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
