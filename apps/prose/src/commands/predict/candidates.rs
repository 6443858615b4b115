//! Candidates: equations that may explain the series, and how well each does.

use std::collections::HashSet;

use ndarray::Array2;
use rayon::prelude::*;
use rheome_cli::Failure;
use rheome_equations::verification::{Refined, continuation, refine, residual};
use rheome_equations::{EquationError, Series, System};
use rheome_prose::decoding::Decoded;

use super::input::Input;
use crate::trained_model::TrainedModel;

/// An equation that may explain the series.
pub struct Candidate {
    /// The rough equation behind it, `given` or a family.
    pub origin: String,
    /// Its words, three digits a number, in the network's units.
    pub words: String,
    /// What the network thinks of it; nothing for an equation that was given.
    pub decoded: Option<Decoded>,
    /// The equation in the network's units, or why the words are none that fits the series.
    pub system: Result<System, String>,
    /// Its relative L2 error on the series, from the first datum, or why it has none.
    pub before: Result<f64, String>,
    /// With its constants and the initial state fitted, or why they could not be; nothing where that was not asked for.
    pub refined: Option<Result<Refined, String>>,
}

impl Candidate {
    /// An equation that the network wrote.
    pub fn of_decoded(
        origin: &str,
        decoded: Decoded,
        trained: &TrainedModel,
        components: usize,
    ) -> Result<Self, Failure> {
        let words = decoded.ids.iter().map(|id| trained.words.word(*id));
        let words: Vec<&str> = words.collect::<Result<_, _>>()?;
        let system = trained.words.decode(&decoded.ids);
        Ok(Self {
            origin: origin.to_owned(),
            words: words.join(" "),
            decoded: Some(decoded),
            system: system
                .map_err(|error| error.to_string())
                .and_then(|system| fitting(system, components)),
            before: Err(String::new()),
            refined: None,
        })
    }

    /// An equation that was given with its numbers.
    pub fn of_given(origin: &str, system: &System) -> Self {
        Self {
            origin: origin.to_owned(),
            words: system.words().join(" "),
            decoded: None,
            system: Ok(system.clone()),
            before: Err(String::new()),
            refined: None,
        }
    }

    /// The equation with fitted constants, if it has them, else as it is.
    pub fn best_system(&self) -> Option<&System> {
        match &self.refined {
            Some(Ok(refined)) => Some(&refined.system),
            _ => self.system.as_ref().ok(),
        }
    }

    /// The relative L2 error on the series of [`Self::best_system`].
    pub fn error(&self) -> Option<f64> {
        match &self.refined {
            Some(Ok(refined)) => Some(refined.residual),
            _ => self.before.as_ref().ok().copied(),
        }
    }

    /// Why there is no error.
    pub fn problem(&self) -> Option<&str> {
        if self.error().is_some() {
            return None;
        }
        let not_refined = match &self.refined {
            Some(Err(reason)) => Some(reason),
            _ => None,
        };
        let reasons = [self.system.as_ref().err(), self.before.as_ref().err()];
        let reason = reasons.into_iter().flatten().next().or(not_refined);
        reason.map(String::as_str)
    }

    /// The states of [`Self::best_system`] at `times` in the network's units, `[times, components]`: from the last state where
    /// all times are behind it, else from the first; the fitted ones, if there are.
    ///
    /// # Errors
    /// Where a time is before the series, or the trajectory cannot be computed.
    pub fn continuation(
        &self,
        times: &[f64],
        scaled: &Series,
    ) -> Result<Array2<f64>, EquationError> {
        let system = self
            .best_system()
            .ok_or_else(|| EquationError::Integration {
                family: "the equation".to_owned(),
                reason: self.problem().unwrap_or_default().to_owned(),
            })?;
        let last = scaled.points() - 1;
        let point = match times.first().is_some_and(|t| *t >= scaled.times()[last]) {
            true => last,
            false => 0,
        };
        let state = match &self.refined {
            Some(Ok(refined)) if point == 0 => refined.initial.clone(),
            Some(Ok(refined)) => refined.last.clone(),
            _ => scaled.states().row(point).to_vec(),
        };
        continuation(system, scaled.times()[point], &state, times)
    }
}

/// A system that can explain a series of so many components.
fn fitting(system: System, components: usize) -> Result<System, String> {
    if system.dimension() != components {
        return Err(format!(
            "{} component(s) where the series has {components}",
            system.dimension()
        ));
    }
    system.check_closed().map_err(|error| error.to_string())?;
    Ok(system)
}

/// Keeps of candidates with the same words the one that the network finds likeliest.
pub fn distinct(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by(|a, b| doubt(a).total_cmp(&doubt(b)));
    let mut seen = HashSet::new();
    candidates.retain(|candidate| seen.insert(candidate.words.clone()));
    candidates
}

/// Measures every candidate on the series, fits the constants of the best `refined` of different forms, and puts the best first.
pub fn verify(candidates: &mut [Candidate], input: &Input, refined: usize) {
    let scaled = &input.scaled;
    candidates.par_iter_mut().for_each(|candidate| {
        candidate.before = match &candidate.system {
            Ok(system) => residual(system, scaled).map_err(|error| error.to_string()),
            Err(reason) => Err(reason.clone()),
        };
    });
    best_first(candidates);
    // Equations of one form have the same best fit.
    let mut forms: Vec<System> = Vec::new();
    let fitted = candidates.iter_mut().filter(|candidate| {
        let Ok(system) = &candidate.system else {
            return false;
        };
        let form = system.skeleton();
        let is_new = !forms.contains(&form);
        forms.push(form);
        is_new
    });
    let mut fitted: Vec<&mut Candidate> = fitted.take(refined).collect();
    fitted.par_iter_mut().for_each(|candidate| {
        let system = candidate.system.as_ref().ok();
        let found = system.map(|system| refine(system, scaled).map_err(|e| e.to_string()));
        candidate.refined = found;
    });
    best_first(candidates);
}

/// By their error on the series; those without one last, the likelier first.
fn best_first(candidates: &mut [Candidate]) {
    let error = |c: &Candidate| c.error().unwrap_or(f64::INFINITY);
    candidates.sort_by(|a, b| {
        let by_error = error(a).total_cmp(&error(b));
        by_error.then(doubt(a).total_cmp(&doubt(b)))
    });
}

/// How unlikely the network finds a candidate; what was given comes first.
fn doubt(candidate: &Candidate) -> f64 {
    let decoded = candidate.decoded.as_ref();
    decoded.map_or(f64::NEG_INFINITY, |decoded| -decoded.score)
}
