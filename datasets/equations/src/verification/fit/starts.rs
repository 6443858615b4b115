//! Start values, by matching the integral form of each right-hand side to the series: the constants that enter linearly follow
//! from the others by linear least squares (variable projection, Golub & Pereyra 1973), and the others from many seeded starts.
//!
//! Each component is matched by itself: no two have a constant in common.

use nalgebra::{DMatrix, DVector};
use ndarray::Array1;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use rmpfit::{MPConfig, MPFitter, MPPar, MPResult, MPSide};

use super::form::{Component, Form};
use super::moments::Moments;
use super::smooth::thinned;
use crate::series::Series;

/// Points that are looked at, at most.
const MOST_POINTS: usize = 2000;
/// Stretches over which the equation is integrated: parts of the series.
const SPANS: [usize; 4] = [32, 16, 8, 4];
/// Starts of the constants that do not enter linearly.
const DRAWS: usize = 48;
/// They are drawn this far from their magnitude, in powers of ten.
const DECADES: f64 = 1.5;
/// Part of them that is drawn below zero.
const NEGATIVE: f64 = 0.25;
/// Iterations from each.
const MAX_ITERATIONS: usize = 30;
/// Singular values below this part of the largest tell nothing.
const RANK: f64 = 1e-9;
/// Sweeps of a decomposition, which needs a few.
const MOST_SWEEPS: usize = 1000;
/// Steps of differences, relative to the magnitude of a constant.
const STEP: f64 = 1e-6;

/// Vectors of start values, a constant each in the order of the symbols; none where the form has no finite value on the series.
pub fn find(form: &Form, series: &Series, smooth: &Series, seed: u64) -> Vec<Vec<f64>> {
    let points = series.points();
    let mut spans: Vec<usize> = SPANS
        .iter()
        .map(|parts| (points.min(MOST_POINTS) / parts).max(2).min(points - 1))
        .collect();
    spans.dedup();
    let has_given = form.given().iter().any(Option::is_some);
    let mut cases = Vec::new();
    for data in [series, smooth] {
        for span in &spans {
            // What is given is close to the truth, or else only roughly.
            cases.push((data, *span, false));
            if has_given {
                cases.push((data, *span, true));
            }
        }
    }
    let found = cases
        .par_iter()
        .enumerate()
        .map(|(case, (data, span, keeps_given))| {
            let data = thinned(data, MOST_POINTS);
            let moments = Moments::new(data.times(), *span);
            let components = form.components().iter().enumerate();
            let parts = components.map(|(index, component)| {
                let given = component
                    .given
                    .iter()
                    .map(|given| given.filter(|_| *keeps_given));
                let pinned: Vec<Option<f64>> = given.collect();
                // Every case draws others: what one misses, another may find.
                let seed = seed.wrapping_add((case * form.components().len() + index) as u64);
                Matching::new(component, index, &data, &moments, pinned).best(seed)
            });
            let parts: Option<Vec<Vec<f64>>> = parts.collect();
            parts.map(|parts| parts.concat())
        });
    let mut distinct: Vec<Vec<f64>> = Vec::new();
    for start in found.collect::<Vec<_>>().into_iter().flatten() {
        if !distinct.contains(&start) {
            distinct.push(start);
        }
    }
    distinct
}

/// One right-hand side against the series.
struct Matching<'a> {
    component: &'a Component,
    data: &'a Series,
    moments: &'a Moments,
    /// Integrals of the derivative.
    target: Array1<f64>,
    size: f64,
    /// All constants; those that are searched have their values of the moment.
    constants: Vec<f64>,
    /// Constants that follow by linear least squares.
    linear: Vec<usize>,
    /// Constants that are searched.
    searched: Vec<usize>,
    config: MPConfig,
    parameters: Vec<MPPar>,
}

impl<'a> Matching<'a> {
    fn new(
        component: &'a Component,
        index: usize,
        data: &'a Series,
        moments: &'a Moments,
        pinned: Vec<Option<f64>>,
    ) -> Self {
        let target = moments.of_derivative(data.states().column(index));
        let squares: f64 = target.iter().map(|value| value.powi(2)).sum();
        let size = (squares / target.len() as f64).sqrt();
        let free = |linear: bool| {
            let all = pinned.iter().zip(&component.linear).enumerate();
            let free = all.filter(move |(_, (p, is_linear))| p.is_none() && **is_linear == linear);
            free.map(|(index, _)| index).collect::<Vec<usize>>()
        };
        let (linear, searched) = (free(true), free(false));
        let parameter = |index: &usize| MPPar {
            step: STEP * component.magnitudes[*index],
            side: MPSide::Both,
            ..MPPar::new()
        };
        Self {
            parameters: searched.iter().map(parameter).collect(),
            constants: pinned.iter().map(|pinned| pinned.unwrap_or(0.0)).collect(),
            size: if size > 0.0 { size } else { component.rate },
            config: MPConfig {
                max_iter: MAX_ITERATIONS,
                ftol: 1e-6,
                xtol: 1e-6,
                step_factor: 1.0,
                ..MPConfig::new()
            },
            component,
            data,
            moments,
            target,
            linear,
            searched,
        }
    }

    /// The constants that match best, none where no value is finite.
    fn best(mut self, seed: u64) -> Option<Vec<f64>> {
        if self.searched.is_empty() {
            self.solve()?;
            return Some(self.constants);
        }
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut best: Option<(f64, Vec<f64>)> = None;
        for _ in 0..DRAWS {
            let mut from = self.drawn(&mut random);
            // A search may end among numbers that are not finite.
            if self.search(&mut from).is_none() {
                continue;
            }
            let Some(misfit) = self.misfit(&from) else {
                continue;
            };
            if best.as_ref().is_none_or(|(least, _)| misfit < *least) {
                best = Some((misfit, self.constants.clone()));
            }
        }
        best.map(|(_, constants)| constants)
    }

    fn drawn(&self, random: &mut Pcg64Mcg) -> Vec<f64> {
        let drawn = self.searched.iter().map(|index| {
            let power = random.random_range(-DECADES..DECADES);
            let sign = if random.random_bool(NEGATIVE) {
                -1.0
            } else {
                1.0
            };
            let size =
                self.component.given[*index].map_or(self.component.magnitudes[*index], f64::abs);
            sign * size * 10.0_f64.powf(power)
        });
        drawn.collect()
    }

    fn search(&mut self, from: &mut [f64]) -> Option<()> {
        self.misfit(from)?;
        self.mpfit(from).ok().map(|_| ())
    }

    /// The root mean square of what is left, with the best of the linear constants.
    fn misfit(&mut self, searched: &[f64]) -> Option<f64> {
        for (index, value) in self.searched.iter().zip(searched) {
            self.constants[*index] = *value;
        }
        let left = self.solve()?;
        let squares: f64 = left.iter().map(|value| value.powi(2)).sum();
        Some((squares / left.len() as f64).sqrt())
    }

    /// Finds the linear constants; what is left of the target, none where it is not finite.
    fn solve(&mut self) -> Option<Vec<f64>> {
        for index in &self.linear {
            self.constants[*index] = 0.0;
        }
        let without = self.integrals(&self.constants);
        let right = DVector::from_iterator(
            without.len(),
            self.target
                .iter()
                .zip(&without)
                .map(|(t, w)| (t - w) / self.size),
        );
        if self.linear.is_empty() {
            return finite(right.iter().copied().collect());
        }
        // Constants in their magnitudes, so that their size does not decide which of two alike ones is used.
        let mut matrix = DMatrix::zeros(without.len(), self.linear.len());
        let mut constants = self.constants.clone();
        for (column, index) in self.linear.iter().enumerate() {
            constants[*index] = self.component.magnitudes[*index];
            let with = self.integrals(&constants);
            constants[*index] = 0.0;
            for (row, (with, without)) in with.iter().zip(&without).enumerate() {
                matrix[(row, column)] = (with - without) / self.size;
            }
        }
        if !matrix.iter().chain(&right).all(|value| value.is_finite()) {
            return None;
        }
        let decomposed = matrix
            .clone()
            .try_svd(true, true, 5.0 * f64::EPSILON, MOST_SWEEPS)?;
        let largest = decomposed.singular_values.max();
        let found = decomposed.solve(&right, RANK * largest).ok()?;
        for (index, value) in self.linear.iter().zip(&found) {
            self.constants[*index] = value * self.component.magnitudes[*index];
        }
        finite((matrix * found - right).iter().copied().collect())
    }

    /// Integrals of the right-hand side.
    fn integrals(&self, constants: &[f64]) -> Array1<f64> {
        let states = self.data.states().view();
        let values = self.component.values(self.data.times(), states, constants);
        self.moments.of_function(values.view())
    }
}

fn finite(values: Vec<f64>) -> Option<Vec<f64>> {
    values
        .iter()
        .all(|value| value.is_finite())
        .then_some(values)
}

impl MPFitter for Matching<'_> {
    fn eval(&mut self, searched: &[f64], deviations: &mut [f64]) -> MPResult<()> {
        for (index, value) in self.searched.iter().zip(searched) {
            self.constants[*index] = *value;
        }
        match self.solve() {
            Some(left) => deviations.copy_from_slice(&left),
            None => deviations.fill(1e3),
        }
        Ok(())
    }

    fn number_of_points(&self) -> usize {
        self.moments.count()
    }

    fn config(&self) -> &MPConfig {
        &self.config
    }

    fn parameters(&self) -> &[MPPar] {
        &self.parameters
    }
}
