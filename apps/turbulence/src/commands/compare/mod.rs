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

use std::path::Path;

use rheome_cli::outputs::NewFolder;
use rheome_cli::{Console, Failure, Interruption, Meter, RunFiles};
use rheome_statistics::FlowResults;

use self::contestants::{Contestant, contestants};
use self::course::Course;
use self::judge::Judge;
use self::scores::{Scores, ranked};
use self::table::{COLUMNS, LEGEND, SHOWN};
use crate::arguments::CompareArguments;
use crate::labelled::Labelled;
use crate::statistics_output;
use rheome_cli::table::{choose, markdown, write_csv};
use rheome_statistics_file::NamedResults;

/// What the reference trajectory is called beside the contestants.
pub const REFERENCE: &str = "DNS";
/// The page, which is written last.
const PAGE: &str = "index.html";
const SCORES: &str = "scores.csv";
const STATISTICS: &str = "statistics.h5";

/// What one contestant did.
pub struct Entry {
    /// Its name in tables and legends.
    pub name: String,
    /// What it is, in a few words.
    pub description: String,
    /// Trained numbers of an operator.
    pub parameters: Option<usize>,
    /// Steps of the reference that it covered.
    pub steps: u64,
    /// Time that one step of its own covers.
    pub time_step: f64,
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
    let output = NewFolder {
        option: "--output",
        path: &arguments.output,
        results: &[PAGE],
        overwrite: arguments.overwrite,
    };
    files(arguments).check()?;
    output.check()?;
    let course = Course::read(arguments)?;
    let all = contestants(arguments, &course, &selected.device, console)?;
    let mut entries = vec![course.itself(arguments, console)?];
    let _claim = output.begin()?;
    let mut log = arguments.compute.log(false)?;
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
        write_numbers(&arguments.output, &entries, &course)?;
    }
    let scores = write_numbers(&arguments.output, &entries, &course)?;
    let pictures = pictures::draw(&arguments.output, &entries, &scores, &course)?;
    let page = arguments.output.join(PAGE);
    page::write(&page, &pictures, &scores, &course)?;
    rheome_cli::say(markdown(&choose(&COLUMNS, &SHOWN), ranked(&scores)) + LEGEND);
    console.note(format!("wrote {}", page.display()));
    Ok(())
}

/// What is read and what is written.
fn files(arguments: &CompareArguments) -> RunFiles {
    let paths = |all: &[Labelled]| all.iter().map(|one| one.path.clone()).collect::<Vec<_>>();
    let files = RunFiles::default()
        .read("reference", &arguments.reference)
        .read_all("statistics", &arguments.statistics)
        .read_all("settings", paths(&arguments.les))
        .read_all("run", paths(&arguments.runs));
    let models = arguments.models.iter();
    models
        .fold(files, |all, model| all.read_folder("model", &model.path))
        .write_folder("--output", &arguments.output, &[PAGE, SCORES, STATISTICS])
        .log(&arguments.compute)
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
    let mut judge = Judge::new(course, contestant.stride(), arguments, meter, interruption)?;
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

/// Writes the statistics and the scores of `entries` into the folder, and returns the scores.
fn write_numbers(
    folder: &Path,
    entries: &[Entry],
    course: &Course,
) -> Result<Vec<Scores>, Failure> {
    let sets: Vec<NamedResults> = entries.iter().map(|e| e.named_results(course)).collect();
    statistics_output::write(&folder.join(STATISTICS), &sets)?;
    let scores: Vec<Scores> = entries.iter().map(|e| Scores::of(e, course)).collect();
    write_csv(&folder.join(SCORES), &COLUMNS, ranked(&scores))?;
    Ok(scores)
}
