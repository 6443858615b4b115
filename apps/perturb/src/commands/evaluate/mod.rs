//! `perturb evaluate`: predicted against measured cells, in cell-eval's tables.

mod baselines;
mod matched;
mod pairing;
mod pictures;

use rheome_cli::outputs::NewFolder;
use rheome_cli::{Failure, Interruption, RunFiles, files, say};
use rheome_perturbation_metrics::{DifferentialExpression, Keys, Metric, Results};

use crate::arguments::EvaluateArguments;
use matched::Matched;
use pairing::Pairing;

/// Metrics that are told on the console.
const TOLD: [Metric; 6] = [
    Metric::PearsonDelta,
    Metric::MseDelta,
    Metric::MaeDelta,
    Metric::DiscriminationL1,
    Metric::DeSigGenesRecall,
    Metric::Overlap(0),
];

/// The table of the metrics, which tells that a folder has results.
const RESULTS: &str = "results.csv";
/// All tables.
const TABLES: [&str; 5] = [
    RESULTS,
    "agg_results.csv",
    "real_de.csv",
    "pred_de.csv",
    baselines::TABLE,
];

/// Runs the command.
pub fn run(arguments: &EvaluateArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    arguments.compute.select_cpu(console, "evaluation")?;
    let output = NewFolder {
        option: "--output",
        path: &arguments.output,
        results: &[RESULTS],
        overwrite: arguments.overwrite,
    };
    let files = RunFiles::default()
        .read("predicted", &arguments.pred)
        .read("measured", &arguments.real)
        .read_all("data", &arguments.data)
        .write_folder(output.option, output.path, &TABLES);
    files.log(&arguments.compute).check()?;
    output.check()?;
    let matched = Matched::of(arguments)?;
    let keys = Keys {
        perturbation: arguments.pert_col.clone(),
        control: arguments.control.clone(),
    };
    let pairing = Pairing::of(arguments, &keys, console)?;
    let _claim = output.begin()?;
    let _other_claim = matched.as_ref().map(Matched::begin).transpose()?;
    let interruption = Interruption::watch(console)?;
    // Nothing is written before all is computed: tables of two evaluations would be taken for those of one.
    let goes_on = || interruption.check(|| "nothing is written".to_owned());
    let comparison = pairing.read(arguments, &keys, console)?;
    goes_on()?;
    let [of_real, of_predicted] = comparison.control();
    let real = DifferentialExpression::new(&comparison.real, of_real);
    goes_on()?;
    let predicted = DifferentialExpression::new(&comparison.predicted, of_predicted);
    goes_on()?;
    let results = Results::new(&comparison, &real, &predicted);
    goes_on()?;
    let of_baselines = match arguments.baselines {
        true => Some(baselines::scores(arguments, &keys, &comparison)?),
        false => None,
    };
    goes_on()?;
    let pair = matched.as_ref();
    let pair = pair.map(|matched| matched.fill(arguments, &pairing, &keys, console));
    let pair = pair.transpose()?;
    goes_on()?;
    remove_older(arguments)?;
    let file = |name: &str| arguments.output.join(name);
    real.write_csv(&file("real_de.csv"))?;
    predicted.write_csv(&file("pred_de.csv"))?;
    results.write_csv(&file(RESULTS))?;
    results.write_aggregate_csv(&file("agg_results.csv"))?;
    tell(&results);
    let left_out = results.left_out();
    left_out.iter().for_each(|line| console.note(line));
    if let Some(scores) = &of_baselines {
        baselines::write(&file(baselines::TABLE), scores)?;
        baselines::tell(scores);
    }
    if arguments.plots {
        pictures::draw(arguments, &comparison)?;
    }
    console.note(format!("wrote {}", arguments.output.display()));
    match pair {
        Some(pair) => pair.publish(console),
        None => Ok(()),
    }
}

/// Removes what an earlier evaluation left and this one does not replace: it would be taken for this one's.
fn remove_older(arguments: &EvaluateArguments) -> Result<(), Failure> {
    let mut older = Vec::new();
    if !arguments.baselines {
        older.push(baselines::TABLE.to_owned());
    }
    if !arguments.plots {
        let names = pictures::PICTURES.into_iter();
        older.extend(names.flat_map(|name| pictures::ENDINGS.map(|e| format!("{name}.{e}"))));
    }
    files::remove_older(older.iter().map(|name| arguments.output.join(name)))
}

fn tell(results: &Results) {
    say(format!(
        "{} perturbations; means:",
        results.perturbations().len()
    ));
    for metric in TOLD {
        if let Some(mean) = results.aggregate(metric).mean {
            say(format!("  {:<24} {mean:.4}", metric.name()));
        }
    }
}
