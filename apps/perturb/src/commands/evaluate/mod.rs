//! `perturb evaluate`: predicted against measured cells, in cell-eval's tables.

mod baselines;
mod pictures;

use std::io::ErrorKind;
use std::path::Path;

use rheome_anndata::AnnData;
use rheome_cli::{Console, Failure, say};
use rheome_perturbation_metrics::{
    Cells, Comparison, DifferentialExpression, Keys, Metric, Results,
};

use crate::arguments::EvaluateArguments;

/// Metrics that are told on the console.
const TOLD: [Metric; 6] = [
    Metric::PearsonDelta,
    Metric::MseDelta,
    Metric::MaeDelta,
    Metric::DiscriminationL1,
    Metric::DeSigGenesRecall,
    Metric::Overlap(0),
];

/// Runs the command.
pub fn run(arguments: &EvaluateArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    arguments.compute.select_cpu(console, "evaluation")?;
    prepare_folder(arguments)?;
    let keys = Keys {
        perturbation: arguments.pert_col.clone(),
        control: arguments.control.clone(),
    };
    let comparison = pair(arguments, &keys, console)?;
    remove_older(arguments)?;
    let [of_real, of_predicted] = comparison.control();
    let real = DifferentialExpression::new(&comparison.real, of_real);
    let predicted = DifferentialExpression::new(&comparison.predicted, of_predicted);
    let output = |name: &str| arguments.output.join(name);
    real.write_csv(&output("real_de.csv"))?;
    predicted.write_csv(&output("pred_de.csv"))?;
    let results = Results::new(&comparison, &real, &predicted);
    results.write_csv(&output("results.csv"))?;
    results.write_aggregate_csv(&output("agg_results.csv"))?;
    tell(&results);
    results
        .left_out()
        .iter()
        .for_each(|line| console.note(line));
    if arguments.baselines {
        baselines::run(arguments, &keys, &comparison)?;
    }
    if arguments.plots {
        pictures::draw(arguments, &comparison)?;
    }
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// The folder of the results; one that has some is only written into if that was asked for.
fn prepare_folder(arguments: &EvaluateArguments) -> Result<(), Failure> {
    let folder = &arguments.output;
    if folder.join("results.csv").exists() && !arguments.overwrite {
        return Err(Failure::new(format!(
            "{}: holds results already; choose another --output, or --overwrite",
            folder.display()
        )));
    }
    std::fs::create_dir_all(folder)
        .map_err(|e| Failure::new(format!("{}: cannot create: {e}", folder.display())))
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
    for path in older.iter().map(|name| arguments.output.join(name)) {
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(Failure::new(format!(
                    "{}: cannot remove what an earlier evaluation left: {e}",
                    path.display()
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads both files: the perturbations and genes that are predicted.
fn pair(
    arguments: &EvaluateArguments,
    keys: &Keys,
    console: Console,
) -> Result<Comparison, Failure> {
    let (pred, real) = (&arguments.pred, &arguments.real);
    let of_pred = Labels::read(pred, keys)?;
    let of_real = Labels::read(real, keys)?;
    if !of_real.has(&keys.control) {
        return Err(no_control(real, keys));
    }
    let missing: Vec<&String> = of_pred.labels.iter().filter(|l| !of_real.has(l)).collect();
    if let Some(first) = missing.first() {
        return Err(Failure::new(format!(
            "{}: obs/{}: {} predicted perturbation(s) were not measured, the first is {first:?}{}",
            real.display(),
            keys.perturbation,
            missing.len(),
            rheome_cli::did_you_mean(first, of_real.labels.iter().map(String::as_str)),
        )));
    }
    let mut wanted = of_pred.labels.clone();
    if !of_pred.has(&keys.control) {
        wanted.push(keys.control.clone());
    }
    if wanted.len() < 2 {
        return Err(Failure::new(format!(
            "{}: obs/{}: found nothing but {:?}, expected predicted perturbations",
            pred.display(),
            keys.perturbation,
            keys.control
        )));
    }
    if wanted.len() < of_real.labels.len() || of_pred.genes.len() < of_real.genes.len() {
        console.note(format!(
            "comparing what is predicted: {} of {} perturbations, {} of {} genes",
            wanted.len() - 1,
            of_real.labels.len() - 1,
            of_pred.genes.len(),
            of_real.genes.len()
        ));
    }
    let genes = Some(of_pred.genes.as_slice());
    let measured = Cells::read(real, keys, Some(&wanted), genes)?;
    let predicted = Cells::read(pred, keys, None, genes)?;
    for (cells, path) in [(&measured, real), (&predicted, pred)] {
        if cells.holds_counts() {
            return Err(Failure::new(format!(
                "{}: X: found whole numbers only, expected log(1 + normalised counts); make them: perturb prepare {0} --output prepared.h5ad",
                path.display()
            )));
        }
    }
    let predicted = match of_pred.has(&keys.control) {
        true => predicted,
        false => {
            console.note(
                "the predicted cells have no control: the measured control cells stand for it",
            );
            let control =
                Cells::read(real, keys, Some(std::slice::from_ref(&keys.control)), genes)?;
            predicted.with(&control)
        }
    };
    Ok(Comparison::new(measured, predicted, keys)?)
}

fn no_control(path: &Path, keys: &Keys) -> Failure {
    Failure::new(format!(
        "{}: obs/{}: no cell has the label {:?}; name the control cells with --control",
        path.display(),
        keys.perturbation,
        keys.control
    ))
}

/// What a file holds, before its values are read.
struct Labels {
    labels: Vec<String>,
    genes: Vec<String>,
}

impl Labels {
    fn read(path: &Path, keys: &Keys) -> Result<Self, Failure> {
        let file = AnnData::open(path)?;
        if !file.obs().has(&keys.perturbation) {
            return Err(Failure::new(format!(
                "{}: obs/{} is missing; name the column of the perturbations with --pert-col, one of {}",
                path.display(),
                keys.perturbation,
                file.obs().columns().join(", ")
            )));
        }
        let column = file.obs().column(&keys.perturbation)?.to_categorical();
        let names = column.names();
        let mut used = vec![false; names.len()];
        for code in column.codes() {
            match usize::try_from(*code) {
                Ok(code) => used[code] = true,
                Err(_) => {
                    return Err(Failure::new(format!(
                        "{}: obs/{}: a cell has no label",
                        path.display(),
                        keys.perturbation
                    )));
                }
            }
        }
        let labels = names.into_iter().zip(used).filter(|(_, used)| *used);
        Ok(Self {
            labels: labels.map(|(name, _)| name).collect(),
            genes: file.var().names()?,
        })
    }

    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|l| l == label)
    }
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
