//! `turbulence compare`: operators and large-eddy simulations start from one snapshot of a direct numerical simulation and are
//! scored by one referee.
//!
//! ```text
//! OUTPUT/index.html          everything below in one page that needs no other file
//! OUTPUT/scores.csv          one row a contestant
//! OUTPUT/statistics.h5       statistics of all of them, one group a contestant
//! OUTPUT/*.png, *.svg        the pictures of the page
//! ```

mod contestants;
mod course;
mod judge;
mod page;
mod pictures;
mod scores;
mod table;

use std::path::{Path, PathBuf};

use rheome_cli::{Console, Failure, Interruption, Meter};
use rheome_statistics::FlowResults;

use self::contestants::{Contestant, contestants};
use self::course::Course;
use self::judge::Judge;
use self::scores::{Scores, ranked};
use self::table::{COLUMNS, LEGEND, SHOWN};
use super::PROGRAM;
use crate::arguments::CompareArguments;
use crate::statistics_file::{self, NamedResults};
use rheome_cli::table::{markdown, write_csv};

/// What the reference trajectory is called beside the contestants.
pub const REFERENCE: &str = "DNS";

/// What one contestant did.
pub struct Entry {
    /// Its name in tables and legends.
    pub name: String,
    /// What it is, in a few words.
    pub description: String,
    /// Trained numbers of an operator.
    pub parameters: Option<usize>,
    /// Steps it made.
    pub steps: u64,
    /// Why it ended before the last step.
    pub stopped: Option<String>,
    /// Wall-clock seconds for one unit of physical time, where it was run here.
    pub seconds_per_time: Option<f64>,
    /// Its statistics.
    pub results: FlowResults,
}

impl Entry {
    /// The statistics as a group of the results file.
    fn named_results(&self, course: &Course) -> NamedResults {
        NamedResults {
            name: self.name.clone(),
            source: self.description.clone(),
            units: course.units.clone(),
            provenance: course.provenance(),
            reference: self
                .results
                .lead_time
                .as_ref()
                .map(|_| course.label().to_owned()),
            results: self.results.clone(),
        }
    }
}

/// Runs the command.
pub fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let selected = arguments.compute.select(console)?;
    let folder = OutputFolder::new(&arguments.output, arguments.overwrite)?;
    let course = Course::read(arguments)?;
    let all = contestants(arguments, &course, &selected.device)?;
    let mut log = arguments.compute.log(false)?;
    let mut entries = vec![course.itself(arguments, console)?];
    folder.create()?;
    let interruption = Interruption::watch(console)?;
    for contestant in &all {
        let entry = let_run(
            contestant.as_ref(),
            arguments,
            &course,
            console,
            &interruption,
        )?;
        log.line(&serde_json::to_value(Scores::of(&entry, &course))?)?;
        entries.push(entry);
        // Whatever happens to the next one, what was run is kept.
        folder.write_numbers(&entries, &course)?;
    }
    let scores = folder.write_numbers(&entries, &course)?;
    let pictures = pictures::draw(folder.path, &entries, &scores, &course)?;
    page::write(&folder.page(), &pictures, &scores, &course)?;
    rheome_cli::say(markdown(&SHOWN, ranked(&scores)) + LEGEND);
    console.note(format!("wrote {}", folder.page().display()));
    Ok(())
}

/// Lets one contestant run as far as it gets: a blow-up ends its own run only.
fn let_run(
    contestant: &dyn Contestant,
    arguments: &CompareArguments,
    course: &Course,
    console: Console,
    interruption: &Interruption,
) -> Result<Entry, Failure> {
    let meter = Meter::new(console, contestant.name(), "steps", arguments.steps, 0);
    let mut judge = Judge::new(course, arguments, meter, interruption)?;
    let outcome = contestant.run(course, &mut judge);
    interruption.check(|| {
        let (folder, name) = (arguments.output.display(), contestant.name());
        format!("{folder}: the numbers of those before {name} are kept, without pictures and page; compare again to have all")
    })?;
    let stopped = outcome.err().map(|failure| failure.line().to_owned());
    if let Some(reason) = &stopped {
        console.note(format!("warning: {}: {reason}", contestant.name()));
    }
    judge.conclude(contestant, stopped)
}

/// The folder that is written.
struct OutputFolder<'a> {
    path: &'a Path,
}

impl<'a> OutputFolder<'a> {
    /// The folder; one that holds a comparison is only replaced on request.
    fn new(path: &'a Path, overwrite: bool) -> Result<Self, Failure> {
        let folder = Self { path };
        if folder.page().exists() && !overwrite {
            return Err(Failure::new(format!(
                "{}: holds a comparison already; choose another folder, or pass --overwrite to replace it",
                path.display()
            )));
        }
        Ok(folder)
    }

    fn create(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(self.path)
            .map_err(|e| Failure::new(format!("{}: cannot create: {e}", self.path.display())))
    }

    /// The page, which is written last.
    fn page(&self) -> PathBuf {
        self.path.join("index.html")
    }

    /// Writes the statistics and the scores of `entries`, and returns the scores.
    fn write_numbers(&self, entries: &[Entry], course: &Course) -> Result<Vec<Scores>, Failure> {
        let sets: Vec<NamedResults> = entries.iter().map(|e| e.named_results(course)).collect();
        statistics_file::write(
            &self.path.join("statistics.h5"),
            &sets,
            &PROGRAM.command_line(),
        )?;
        let scores: Vec<Scores> = entries.iter().map(|e| Scores::of(e, course)).collect();
        write_csv(&self.path.join("scores.csv"), &COLUMNS, ranked(&scores))?;
        Ok(scores)
    }
}
