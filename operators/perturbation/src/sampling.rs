//! Sampling: from control cells to perturbed cells.

use burn::tensor::Tensor;
use rheome_backend::memory::give_back_freed_memory;
use rheome_layers::ode::tableau::{DORMAND_PRINCE, EULER, HEUN, RK4, RK4_THREE_EIGHTHS};
use rheome_layers::ode::{self, Tableau, Tolerance, integrate, integrate_adaptive};
use rheome_training::randomness::{Purpose, generator};
use serde::{Deserialize, Serialize};

use crate::model::prepared::{Conditions, ControlCells};
use crate::{GeneQuery, Noise, PadTransformer, PerturbationError};

/// How the flow is integrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Order 1, one evaluation a step.
    Euler,
    /// Order 2, two evaluations a step.
    Heun,
    /// The classical order 4, four evaluations a step.
    Rk4,
    /// The 3/8 rule of order 4, four evaluations a step. The published choice.
    #[default]
    Rk4ThreeEighths,
    /// Order 5 with steps that follow the error, six evaluations a step.
    DormandPrince,
}

impl Method {
    /// Its coefficients.
    pub fn tableau(self) -> &'static Tableau {
        match self {
            Self::Euler => &EULER,
            Self::Heun => &HEUN,
            Self::Rk4 => &RK4,
            Self::Rk4ThreeEighths => &RK4_THREE_EIGHTHS,
            Self::DormandPrince => &DORMAND_PRINCE,
        }
    }
}

/// How cells are sampled. The defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamplingSettings {
    /// How the flow is integrated.
    pub method: Method,
    /// Equally spaced times from 0 to 1, both included: one step less. Published: 20. Unused by "dormand-prince".
    pub points: usize,
    /// Relative error of a step of "dormand-prince".
    pub relative_tolerance: f64,
    /// Absolute error of a step of "dormand-prince".
    pub absolute_tolerance: f64,
    /// Where the flow starts: as in the training.
    pub noise: Noise,
    /// Cells that are integrated together: memory is proportional to it. Steps of "dormand-prince" are chosen for all of
    /// them at once.
    pub cells_at_once: usize,
}

impl Default for SamplingSettings {
    fn default() -> Self {
        Self {
            method: Method::Rk4ThreeEighths,
            points: 20,
            relative_tolerance: 1e-4,
            absolute_tolerance: 1e-4,
            noise: Noise::Gaussian,
            cells_at_once: 16,
        }
    }
}

/// Steps after which an adaptive integration gives up; no other may have more either.
const MAX_STEPS: usize = 10_000;
/// Most cells that are integrated together.
const MOST_CELLS: usize = 1 << 20;

impl SamplingSettings {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`PerturbationError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), PerturbationError> {
        let wrong = |key, found: &dyn std::fmt::Debug, expected: &str| {
            Err(PerturbationError::config("sampling", key, found, expected))
        };
        if !(2..=MAX_STEPS).contains(&self.points) {
            return wrong("points", &self.points, &format!("2 to {MAX_STEPS}"));
        }
        if !(1..=MOST_CELLS).contains(&self.cells_at_once) {
            let expected = format!("1 to {MOST_CELLS}");
            return wrong("cells_at_once", &self.cells_at_once, &expected);
        }
        for (key, value) in [
            ("relative_tolerance", self.relative_tolerance),
            ("absolute_tolerance", self.absolute_tolerance),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return wrong(key, &value, "a positive number");
            }
        }
        Ok(())
    }

    fn times(&self) -> Vec<f64> {
        let steps = (self.points - 1) as f64;
        (0..self.points).map(|i| i as f64 / steps).collect()
    }
}

/// A run of the flow for one perturbation and one set of genes.
///
/// What depends on genes and perturbation is computed when the run is made, what depends on control cells once a batch of
/// them; the noise of a cell is a pure function of the seed and of the cell's number in the run. Memory does not grow with
/// the number of cells.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use rheome_perturbation::graph::VocabularyGraph;
/// use rheome_perturbation::{GeneQuery, PadTransformer, SamplingRun};
///
/// # fn main() -> Result<(), rheome_perturbation::PerturbationError> {
/// # let config = serde_json::from_str(r#"{"vocabulary": 9, "width": 8, "heads": 2, "blocks": 1}"#).unwrap();
/// let device = Device::flex();
/// let model = PadTransformer::init(&config, 1234, &device)?;
/// let graph = VocabularyGraph::isolated(9);
/// let genes = GeneQuery::new(&graph, &[4, 5, 6, 7, 8], &device)?;
/// let perturbed = GeneQuery::new(&graph, &[6, 8], &device)?;
/// let mut run = SamplingRun::new(&model, &genes, &perturbed, &Default::default(), 7)?;
/// let control = Tensor::zeros([3, 5], &device);
/// assert_eq!(run.predict(control)?.dims(), [3, 5]);
/// # Ok(())
/// # }
/// ```
pub struct SamplingRun<'a> {
    model: &'a PadTransformer,
    conditions: Conditions,
    settings: SamplingSettings,
    seed: u64,
    next_cell: u64,
}

impl<'a> SamplingRun<'a> {
    /// A run that starts with cell 0. The model should not be on an autodiff device, which would keep every step.
    ///
    /// # Errors
    /// [`PerturbationError::Config`] if a setting cannot work.
    pub fn new(
        model: &'a PadTransformer,
        genes: &GeneQuery,
        perturbed: &GeneQuery,
        settings: &SamplingSettings,
        seed: u64,
    ) -> Result<Self, PerturbationError> {
        let perturbation = model.embed_perturbation(perturbed);
        let genes = model.gene_encoder.forward(genes);
        Self::from_encodings(model, genes, perturbation, settings, seed)
    }

    /// The same from encodings in hand: many perturbations need those of the genes once.
    ///
    /// # Shapes
    /// - genes: `[n, width]`
    /// - perturbation: `[1, width]`
    ///
    /// # Errors
    /// [`PerturbationError::Config`] if a setting cannot work.
    pub fn from_encodings(
        model: &'a PadTransformer,
        genes: Tensor<2>,
        perturbation: Tensor<2>,
        settings: &SamplingSettings,
        seed: u64,
    ) -> Result<Self, PerturbationError> {
        settings.validate()?;
        let conditions = model.prepare(genes, perturbation);
        // Encoding the genes took memory that no evaluation asks for in pieces of this size.
        give_back_freed_memory();
        Ok(Self {
            model,
            conditions,
            settings: settings.clone(),
            seed,
            next_cell: 0,
        })
    }

    /// Lets the next cell be number `cell`: to go on with a run that was stopped.
    #[must_use]
    pub fn starting_at(mut self, cell: u64) -> Self {
        self.next_cell = cell;
        self
    }

    /// The perturbed cells of these control cells, the next of the run; values are 0 or more.
    ///
    /// # Shapes
    /// - control, output: `[cells, n]`
    ///
    /// # Errors
    /// [`PerturbationError::Shape`] for other genes than those of the run; [`PerturbationError::Ode`] if the steps cannot be
    /// adapted; [`PerturbationError::NonFinite`] if a sample is not finite.
    pub fn predict(&mut self, control: Tensor<2>) -> Result<Tensor<2>, PerturbationError> {
        let [cells, genes] = control.dims();
        if cells == 0 || genes != self.conditions.num_genes() {
            return Err(PerturbationError::Shape {
                what: "control cells",
                found: vec![cells, genes],
                expected: vec![cells.max(1), self.conditions.num_genes()],
            });
        }
        let mut predicted = Vec::new();
        for start in (0..cells).step_by(self.settings.cells_at_once) {
            let count = self.settings.cells_at_once.min(cells - start);
            predicted.push(self.predict_together(control.clone().narrow(0, start, count))?);
        }
        Ok(Tensor::cat(predicted, 0))
    }

    fn predict_together(&mut self, control: Tensor<2>) -> Result<Tensor<2>, PerturbationError> {
        let first = self.next_cell;
        let count = control.dims()[0] as u64;
        let cells = (first..).map(|cell| generator(self.seed, Purpose::Noise, cell));
        let noise = self.settings.noise.draw(&control, cells);
        let sample = self
            .integrate(noise, control, |_, _| ())
            .map_err(|source| PerturbationError::Ode {
                first,
                last: first + count - 1,
                source,
            })?;
        // A sum is finite if every value is (or if it overflows, which is no better).
        let sums = sample.clone().abs().sum_dim(1).into_data();
        if let Some(cell) = sums.iter::<f32>().position(|sum| !sum.is_finite()) {
            return Err(PerturbationError::NonFinite {
                cell: first + cell as u64,
            });
        }
        self.next_cell += count;
        Ok(sample)
    }

    /// The flow from `noise` for `control`, clamped at 0; `observe(i, x)` sees the state at the i-th time, before clamping
    /// (of an adaptive method the first and the last alone).
    ///
    /// # Shapes
    /// - noise, control, output: `[batch, n]`
    ///
    /// # Errors
    /// [`ode::OdeError`] if the steps cannot be adapted.
    pub fn integrate(
        &self,
        noise: Tensor<2>,
        control: Tensor<2>,
        mut observe: impl FnMut(usize, &Tensor<2>),
    ) -> Result<Tensor<2>, ode::OdeError> {
        let control = self.model.prepare_cells(control, &self.conditions);
        let slope = |time: f64, state: &Tensor<2>| self.velocity(time, state, &control);
        let settings = &self.settings;
        let tableau = settings.method.tableau();
        let end = if settings.method == Method::DormandPrince {
            let tolerance = Tolerance {
                relative: settings.relative_tolerance,
                absolute: settings.absolute_tolerance,
                max_steps: MAX_STEPS,
            };
            observe(0, &noise);
            let (end, _) = integrate_adaptive(tableau, (0.0, 1.0), noise, tolerance, slope)?;
            observe(1, &end);
            end
        } else {
            integrate(tableau, &settings.times(), noise, slope, observe)
        };
        Ok(end.clamp_min(0.0))
    }

    fn velocity(&self, time: f64, state: &Tensor<2>, control: &ControlCells) -> Tensor<2> {
        let times = Tensor::from_data([time as f32], &state.device());
        self.model
            .velocity(state.clone(), times, &self.conditions, control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BACKBONES, GENES, Small, largest_difference};
    use burn::tensor::Device;

    fn settings(method: Method, points: usize) -> SamplingSettings {
        SamplingSettings {
            method,
            points,
            relative_tolerance: 1e-5,
            absolute_tolerance: 1e-5,
            ..SamplingSettings::default()
        }
    }

    fn run<'a>(small: &'a Small, settings: &SamplingSettings) -> SamplingRun<'a> {
        SamplingRun::new(&small.model, &small.genes, &small.perturbed, settings, 5).unwrap()
    }

    #[test]
    fn a_cell_is_the_same_in_every_batch() {
        let small = Small::new(BACKBONES[0], 0.1, &Device::flex());
        let control = small.cells(5, 1);
        let predict = |cells_at_once, portions: &[usize]| {
            let mut run = run(
                &small,
                &SamplingSettings {
                    cells_at_once,
                    ..settings(Method::Rk4ThreeEighths, 4)
                },
            );
            let mut start = 0;
            let parts = portions.iter().map(|count| {
                let part = control.clone().narrow(0, start, *count);
                start += count;
                run.predict(part).unwrap()
            });
            Tensor::cat(parts.collect(), 0)
        };
        let whole = predict(5, &[5]);
        let mut resumed = run(&small, &settings(Method::Rk4ThreeEighths, 4)).starting_at(3);
        let last = resumed.predict(control.clone().narrow(0, 3, 2)).unwrap();
        assert!(largest_difference(&last, &whole.clone().narrow(0, 3, 2)) < 1e-5);
        assert!(largest_difference(&predict(2, &[5]), &whole) < 1e-5);
        assert!(largest_difference(&predict(5, &[1, 3, 1]), &whole) < 1e-5);
        let lowest = whole.clone().min().into_scalar::<f32>();
        assert!(lowest == 0.0, "clamped at zero, found {lowest}");
        let other = predict(5, &[4, 1]).narrow(0, 0, 1) - whole.narrow(0, 1, 1);
        assert!(
            other.abs().max().into_scalar::<f32>() > 1e-2,
            "cells differ"
        );
    }

    #[test]
    fn what_is_prepared_once_equals_what_is_computed_at_every_evaluation() {
        for backbone in BACKBONES {
            let small = Small::new(backbone, 0.0, &Device::flex());
            let (model, control) = (&small.model, small.cells(3, 1));
            let noise = small.cells(3, 2);
            let settings = settings(Method::Rk4ThreeEighths, 4);
            let run = run(&small, &settings);
            let found = run
                .integrate(noise.clone(), control.clone(), |_, _| ())
                .unwrap();
            let afresh = |time: f64, state: &Tensor<2>| {
                let genes = model.gene_encoder.forward(&small.genes);
                let perturbation = model.embed_perturbation(&small.perturbed);
                // One row a cell and one time a cell instead of one for all.
                let conditions = model.prepare(genes, perturbation.repeat_dim(0, 3));
                let cells = model.prepare_cells(control.clone(), &conditions);
                let times = Tensor::full([3], time as f32, &small.device);
                model.velocity(state.clone(), times, &conditions, &cells)
            };
            let times = settings.times();
            let expected = integrate(&RK4_THREE_EIGHTHS, &times, noise, afresh, |_, _| ());
            assert!(largest_difference(&found, &expected.clamp_min(0.0)) < 1e-5);
        }
    }

    #[test]
    fn all_methods_agree_where_steps_are_small() {
        let small = Small::new(BACKBONES[1], 0.0, &Device::flex());
        let (control, noise) = (small.cells(2, 1), small.cells(2, 2));
        let sample = |method, points| {
            run(&small, &settings(method, points))
                .integrate(noise.clone(), control.clone(), |_, _| ())
                .unwrap()
        };
        let reference = sample(Method::Rk4, 33);
        for (method, points, tolerance) in [
            (Method::Euler, 257, 2e-2),
            (Method::Heun, 65, 1e-3),
            (Method::Rk4ThreeEighths, 33, 1e-4),
            (Method::DormandPrince, 2, 1e-3),
        ] {
            let difference = largest_difference(&sample(method, points), &reference);
            assert!(difference < tolerance, "{method:?}: {difference}");
        }
    }

    #[test]
    fn unusable_cells_and_settings_are_errors() {
        let small = Small::new(BACKBONES[2], 0.0, &Device::flex());
        let mut run = run(&small, &settings(Method::Euler, 3));
        let other = Tensor::zeros([1, GENES + 1], &small.device);
        assert!(matches!(
            run.predict(other),
            Err(PerturbationError::Shape { .. })
        ));
        run.predict(small.cells(2, 1)).unwrap();
        let poisoned = Tensor::cat(vec![small.cells(1, 1), small.cells(1, 2) * f32::NAN], 0);
        assert!(matches!(
            run.predict(poisoned),
            Err(PerturbationError::NonFinite { cell: 3 })
        ));
        for (key, text) in [
            ("points", r#"{"points": 1}"#),
            ("cells_at_once", r#"{"cells_at_once": 0}"#),
            ("relative_tolerance", r#"{"relative_tolerance": -1}"#),
            ("absolute_tolerance", r#"{"absolute_tolerance": 0}"#),
        ] {
            let settings: SamplingSettings = serde_json::from_str(text).unwrap();
            let message = settings.validate().unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("sampling.{key}: ")),
                "{message}"
            );
        }
    }
}
