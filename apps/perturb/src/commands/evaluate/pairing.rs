//! What is compared with what: labels and genes of both files, before their values are read, and then these.

use std::path::Path;

use rheome_anndata::AnnData;
use rheome_cells::told_controls;
use rheome_cli::{Console, Failure, did_you_mean};
use rheome_perturbation_metrics::{Cells, Comparison, Keys, gene_places};

use crate::arguments::EvaluateArguments;

/// The perturbations and genes that are predicted.
pub struct Pairing {
    /// Labels of the measured cells that are needed, control among them.
    pub labels: Vec<String>,
    /// The genes that are compared, in the order of the prediction.
    pub genes: Vec<String>,
    /// Whether the predicted cells have a control of their own.
    pub has_control: bool,
}

impl Pairing {
    /// Reads the labels and genes of both files.
    ///
    /// # Errors
    /// [`Failure`] naming a file without control cells, or whose perturbations are not those of the other.
    pub fn of(
        arguments: &EvaluateArguments,
        keys: &Keys,
        console: Console,
    ) -> Result<Self, Failure> {
        let (pred, real) = (&arguments.pred, &arguments.real);
        let of_pred = Labels::read(pred, keys)?;
        of_pred.refuse_unlabelled(pred, keys)?;
        let of_real = Labels::read(real, keys)?;
        if let Some(first) = of_real.unlabelled.first() {
            console.note(format!(
                "note: passing over {} cells of {} without a label, the first is {first:?}",
                of_real.unlabelled.len(),
                real.display()
            ));
        }
        if !of_real.has(&keys.control) {
            return Err(no_control(real, keys)?);
        }
        of_pred.are_among(&of_real, [pred, real], keys)?;
        // What is wrong with the genes of the prediction is not to be said of the measured ones.
        gene_places(pred, &of_pred.genes, &of_pred.genes)?;
        let has_control = of_pred.has(&keys.control);
        let Labels {
            mut labels, genes, ..
        } = of_pred;
        if !has_control {
            labels.push(keys.control.clone());
        }
        if labels.len() < 2 {
            return Err(Failure::new(format!(
                "{}: obs/{}: found nothing but {:?}, expected predicted perturbations",
                pred.display(),
                keys.perturbation,
                keys.control
            )));
        }
        if labels.len() < of_real.labels.len() || genes.len() < of_real.genes.len() {
            console.note(format!(
                "comparing what is predicted: {} of {} perturbations, {} of {} genes",
                labels.len() - 1,
                of_real.labels.len() - 1,
                genes.len(),
                of_real.genes.len()
            ));
        }
        Ok(Self {
            labels,
            genes,
            has_control,
        })
    }

    /// Reads the values.
    ///
    /// # Errors
    /// [`Failure`] naming a file whose values cannot be read, or are counts.
    pub fn read(
        &self,
        arguments: &EvaluateArguments,
        keys: &Keys,
        console: Console,
    ) -> Result<Comparison, Failure> {
        let (pred, real) = (&arguments.pred, &arguments.real);
        let genes = Some(self.genes.as_slice());
        let measured = Cells::read(real, keys, Some(&self.labels), genes)?;
        let mut predicted = Cells::read(pred, keys, None, genes)?;
        for (cells, path) in [(&measured, real), (&predicted, pred)] {
            if cells.holds_counts() {
                return Err(Failure::new(format!(
                    "{}: X: found whole numbers only, expected log(1 + normalised counts); make them: perturb prepare {0} --output prepared.h5ad",
                    path.display()
                )));
            }
        }
        if !self.has_control {
            console.note(
                "the predicted cells have no control: the measured control cells stand for it",
            );
            let control = std::slice::from_ref(&keys.control);
            predicted = predicted.with(&Cells::read(real, keys, Some(control), genes)?);
        }
        Ok(Comparison::new(measured, predicted, keys)?)
    }
}

fn no_control(path: &Path, keys: &Keys) -> Result<Failure, Failure> {
    let likely = told_controls(&AnnData::open(path)?.obs().column(&keys.perturbation)?);
    let likely = likely.map(|labels| format!("{labels} may be control; "));
    Ok(Failure::new(format!(
        "{}: obs/{}: no cell has the label {:?}; {}name the control cells with --control",
        path.display(),
        keys.perturbation,
        keys.control,
        likely.unwrap_or_default()
    )))
}

/// What a file holds, before its values are read.
struct Labels {
    labels: Vec<String>,
    /// Names of the cells that have none.
    unlabelled: Vec<String>,
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
        let mut unlabelled = Vec::new();
        let cells = file.obs().names()?;
        // Text without a letter is no label either, as in training.
        let is_label = |code: &usize| !names[*code].trim().is_empty();
        for (code, cell) in column.codes().iter().zip(cells) {
            match usize::try_from(*code).ok().filter(is_label) {
                Some(code) => used[code] = true,
                None => unlabelled.push(cell),
            }
        }
        let labels = names.into_iter().zip(used).filter(|(_, used)| *used);
        Ok(Self {
            labels: labels.map(|(name, _)| name).collect(),
            unlabelled,
            genes: file.var().names()?,
        })
    }

    /// Fails where cells of a prediction have no label: what they would be compared with is not known.
    fn refuse_unlabelled(&self, path: &Path, keys: &Keys) -> Result<(), Failure> {
        let Some(first) = self.unlabelled.first() else {
            return Ok(());
        };
        Err(Failure::new(format!(
            "{}: obs/{}: {} predicted cells have no label, the first is {first:?}; name another column with --pert-col, or leave such \
             cells out",
            path.display(),
            keys.perturbation,
            self.unlabelled.len()
        )))
    }

    /// Fails where a label of the file `pred` is not among `others`, those of `real`.
    fn are_among(
        &self,
        others: &Self,
        [pred, real]: [&Path; 2],
        keys: &Keys,
    ) -> Result<(), Failure> {
        let missing: Vec<&String> = self.labels.iter().filter(|l| !others.has(l)).collect();
        let Some(first) = missing.first() else {
            return Ok(());
        };
        Err(Failure::new(format!(
            "{}: obs/{}: {} predicted perturbation(s) were not measured, the first is {first:?}, which no cell of {} has{}",
            pred.display(),
            keys.perturbation,
            missing.len(),
            real.display(),
            did_you_mean(first, others.labels.iter().map(String::as_str)),
        )))
    }

    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|l| l == label)
    }
}
