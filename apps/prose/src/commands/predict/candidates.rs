//! Candidates: equations that may explain the series, and how well each does.

use std::collections::HashSet;

use ndarray::Array2;
use rayon::prelude::*;
use rheome_cli::{Console, Failure, tell_while};
use rheome_equations::verification::{Refined, continuation, fit, refine, residual, sizes};
use rheome_equations::{Series, System, distinct_forms};
use rheome_prose::decoding::Decoded;

use super::input::Input;
use super::rough::RoughEquation;
use crate::trained_model::TrainedModel;

/// Who wrote an equation.
pub enum Author {
    /// The network, in its own units.
    Network(Decoded),
    /// The user, in the units of the series; placeholders stand for the numbers that nobody knew.
    User,
}

impl Author {
    /// What tables call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::User => "user",
        }
    }
}

/// An equation that may explain the series.
pub struct Candidate {
    /// The rough equation behind it, `given` or a family.
    pub origin: String,
    /// Who wrote it.
    pub author: Author,
    /// Its words, three digits a number, in its author's units.
    pub words: String,
    /// The equation in its author's units, or why the words are none that fits the series.
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
            author: Author::Network(decoded),
            system: system
                .map_err(|error| error.to_string())
                .and_then(|system| fitting(system, components)),
            before: Err(String::new()),
            refined: None,
        })
    }

    /// The equation that was given.
    pub fn of_given(rough: &RoughEquation) -> Self {
        Self {
            origin: rough.origin.clone(),
            author: Author::User,
            words: rough.system.words().join(" "),
            system: Ok(rough.system.clone()),
            before: Err(String::new()),
            refined: None,
        }
    }

    /// The equation with fitted constants, if it has them, else as it is, if all its numbers are known.
    pub fn best_system(&self) -> Option<&System> {
        match &self.refined {
            Some(Ok(refined)) => Some(&refined.system),
            _ => self.system.as_ref().ok().filter(|s| s.is_known()),
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
        let mut reasons = reasons.into_iter().flatten();
        // A form that was given has nothing before its fit.
        let reason = match self.is_given() {
            true => not_refined.or(reasons.next()),
            false => reasons.next().or(not_refined),
        };
        reason.map(String::as_str)
    }

    /// What the network thinks of it, if it wrote it.
    pub fn decoded(&self) -> Option<&Decoded> {
        match &self.author {
            Author::Network(decoded) => Some(decoded),
            Author::User => None,
        }
    }

    /// Why the form that the user gave does not explain the series, where it was to be fitted or had all its numbers.
    pub fn given_in_vain(&self) -> Option<&str> {
        let is_left = self.refined.is_none() && self.system.as_ref().is_ok_and(|s| !s.is_known());
        match self.is_given() && !is_left {
            true => self.problem(),
            false => None,
        }
    }

    /// Whether the user wrote it.
    pub fn is_given(&self) -> bool {
        matches!(self.author, Author::User)
    }

    /// The series in the units of the equation.
    fn series<'a>(&self, input: &'a Input) -> &'a Series {
        match self.author {
            Author::Network(_) => &input.scaled,
            Author::User => &input.series,
        }
    }

    /// An equation of this candidate in the units of the series.
    pub fn in_series_units(&self, system: Option<&System>, input: &Input) -> Option<System> {
        match self.author {
            Author::Network(_) => input.scaling.inverse().of_system(system?).ok(),
            Author::User => system.cloned(),
        }
    }

    /// [`Self::best_system`] in the units of the series, with no sign twice.
    pub fn found(&self, input: &Input) -> Option<System> {
        let system = self.in_series_units(self.best_system(), input)?;
        Some(system.signs_folded())
    }

    /// The states of [`Self::best_system`] at `times` in the units of the series, `[times, components]`: from the last state
    /// where all times are behind it, else from the first; the fitted ones, if there are.
    ///
    /// # Errors
    /// Why there is none: a time is before the series, the trajectory cannot be computed, or there is no equation.
    pub fn continuation(&self, times: &[f64], input: &Input) -> Result<Array2<f64>, String> {
        match self.author {
            Author::Network(_) => {
                let times: Vec<f64> = times.iter().map(|t| input.scaling.of_time(*t)).collect();
                let states = self.continued(&times, &input.scaled)?;
                Ok(input.in_series_units(states))
            }
            Author::User => self.continued(times, &input.series),
        }
    }

    /// The same in the units of the equation, those of this series.
    fn continued(&self, times: &[f64], series: &Series) -> Result<Array2<f64>, String> {
        let Some(system) = self.best_system() else {
            return Err(self.problem().unwrap_or_default().to_owned());
        };
        let last = series.points() - 1;
        let point = match times.first().is_some_and(|t| *t >= series.times()[last]) {
            true => last,
            false => 0,
        };
        let state = match &self.refined {
            Some(Ok(refined)) if point == 0 => refined.initial.clone(),
            Some(Ok(refined)) => refined.last.clone(),
            _ => series.states().row(point).to_vec(),
        };
        let sizes = sizes(series.states());
        let states = continuation(system, series.times()[point], &state, times, &sizes);
        states.map_err(|error| error.to_string())
    }
}

/// The formula of a system in the units of the series, which means the same in `--equation`: with the names of its components, where these
/// are numbers of other places.
pub fn infix(system: &System, input: &Input) -> String {
    let named = system.with_own_names(input.series.names());
    named.map_or_else(|| system.to_string(), |formulas| formulas.join(" | "))
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

/// Measures every candidate on the series, fits the constants of the best `refined` of different forms that the network wrote and
/// of the form that was given, and puts the best first. What the fits draw follows from the seed.
pub fn verify(
    candidates: &mut [Candidate],
    input: &Input,
    refined: usize,
    seed: u64,
    console: Console,
) {
    candidates.par_iter_mut().for_each(|candidate| {
        candidate.before = match &candidate.system {
            Ok(system) if candidate.is_given() && !system.is_known() => {
                Err("its constants are unknown, and --refine 0 leaves them so".to_owned())
            }
            Ok(system) => residual(system, candidate.series(input)).map_err(|e| e.to_string()),
            Err(reason) => Err(reason.clone()),
        };
    });
    best_first(candidates);
    if refined == 0 {
        return;
    }
    let (mut fitted, written): (Vec<_>, Vec<_>) = candidates
        .iter_mut()
        .partition(|candidate| candidate.is_given());
    let form = |candidate: &&mut Candidate| candidate.system.as_ref().ok().map(System::skeleton);
    fitted.extend(distinct_forms(written, form).take(refined));
    let what = format!(
        "fitting {} form(s) to {} points",
        fitted.len(),
        input.series.points()
    );
    let fit_one = |candidate: &mut &mut Candidate| {
        let series = candidate.series(input);
        let found = candidate
            .system
            .as_ref()
            .ok()
            .map(|system| match candidate.author {
                Author::Network(_) => refine(system, series),
                Author::User => fit(system, series, seed),
            });
        candidate.refined = found.map(|found| found.map_err(|e| e.to_string()));
    };
    tell_while(console, &what, || fitted.par_iter_mut().for_each(fit_one));
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
    let decoded = candidate.decoded();
    decoded.map_or(f64::NEG_INFINITY, |decoded| -decoded.score)
}
