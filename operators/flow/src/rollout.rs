//! Autoregressive prediction: normalise, forward, denormalise, feed back, under two guards.

use burn::tensor::Tensor;

use crate::{FlowError, FlowModel, GridFeatures, Normalization};

/// An operator that feeds on its own results: each step's field is part of the next step's input.
///
/// The state is the window of the last snapshots in physical units; memory does not grow with the number of steps. An
/// ensemble is the batch dimension.
///
/// Two guards look at every step: a field with NaN or infinite values ends the rollout with an error, and a step whose
/// energy changes by more than any did in training is reported (it is what a diverging rollout does first).
pub struct Rollout<'a> {
    model: &'a FlowModel,
    grid: &'a GridFeatures,
    normalization: &'a Normalization,
    window: Tensor<6>,
    steps: u64,
    /// `[1, batch * channels]`: the summed squares of the last step that was checked.
    energy: Tensor<2>,
    /// The same of every step since.
    unchecked: Vec<Tensor<2>>,
    warnings: Vec<EnergyWarning>,
}

/// The energy of a component, its square summed over the grid, changed by more or less than it ever did in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnergyWarning {
    /// The step, counted from 1.
    pub step: u64,
    /// Member of the ensemble, counted from 0; none where there is but one flow.
    pub member: Option<usize>,
    /// Channel, counted from 0 (u, v, w).
    pub channel: usize,
    /// Change of the channel's summed square in that step.
    pub change: f64,
    /// Smallest change seen in training.
    pub min: f64,
    /// Largest change seen in training.
    pub max: f64,
}

/// A component, as fields of a flow have them in this order, and the member of the ensemble, if there are several: `v of member 3`.
pub(crate) fn place(channel: usize, member: Option<usize>) -> String {
    let component = match ["u", "v", "w", "p"].get(channel) {
        Some(name) => (*name).to_owned(),
        None => format!("component {channel}"),
    };
    match member {
        Some(member) => format!("{component} of member {member}"),
        None => component,
    }
}

impl std::fmt::Display for EnergyWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            step,
            member,
            channel,
            change,
            min,
            max,
        } = self;
        write!(
            f,
            "step {step}: the energy of {} (its square, summed over the grid) changed by {change:.4e}, outside [{min:.4e}, {max:.4e}], \
             the range of such changes in training",
            place(*channel, *member)
        )
    }
}

impl<'a> Rollout<'a> {
    /// A rollout from `window`, the last snapshots in physical units, oldest first.
    ///
    /// # Shapes
    /// - window: `[batch, time_window, nx, ny, nz, channels]`
    ///
    /// # Errors
    /// [`FlowError::Shape`] if the window is not that of `grid` and `normalization`; [`FlowError::Config`] if the
    /// normalisation cannot work.
    pub fn new(
        model: &'a FlowModel,
        grid: &'a GridFeatures,
        normalization: &'a Normalization,
        window: Tensor<6>,
    ) -> Result<Self, FlowError> {
        normalization.validate()?;
        let [batch, time_window, found @ ..] = window.dims();
        let [nx, ny, nz] = grid.shape();
        let expected = [nx, ny, nz, normalization.channels()];
        let wanted = model.time_window();
        if found != expected || time_window != wanted || batch == 0 {
            let full = [batch.max(1), wanted, nx, ny, nz, normalization.channels()];
            return Err(FlowError::Shape {
                what: "first fields of the rollout",
                found: window.dims().to_vec(),
                expected: full.to_vec(),
            });
        }
        let last = window.clone().narrow(1, time_window - 1, 1);
        Ok(Self {
            model,
            grid,
            normalization,
            energy: energy(last.squeeze_dim::<5>(1)),
            unchecked: Vec::new(),
            window,
            steps: 0,
            warnings: Vec::new(),
        })
    }

    /// Advances by one step, checks it, and returns the new field, in physical units and on the device.
    ///
    /// # Shapes
    /// - output: `[batch, nx, ny, nz, channels]`
    ///
    /// # Errors
    /// [`FlowError::NonFinite`] if the new field holds NaN or infinite values: the state is then that before the step; or if one that
    /// [`Self::advance`] made before does.
    pub fn step(&mut self) -> Result<Tensor<5>, FlowError> {
        // What an `advance` left unchecked is none of this step's.
        self.check()?;
        let (window, energy) = (self.window.clone(), self.energy.clone());
        let next = self.advance();
        if let Err(error) = self.check() {
            (self.window, self.energy) = (window, energy);
            self.steps -= 1;
            return Err(error);
        }
        Ok(next)
    }

    /// Advances by one step without waiting for the device: what it found is known at the next [`Self::check`]. Between two
    /// checks the memory grows by some numbers a step.
    ///
    /// # Shapes
    /// - output: `[batch, nx, ny, nz, channels]`
    pub fn advance(&mut self) -> Tensor<5> {
        let input = self.normalization.apply(self.window.clone());
        let next = self
            .normalization
            .invert(self.model.forward(input, self.grid));
        self.steps += 1;
        self.unchecked.push(energy(next.clone()));
        let newest = next.clone().unsqueeze_dim::<6>(1);
        let length = self.window.dims()[1];
        self.window = if length == 1 {
            newest
        } else {
            let kept = self.window.clone().narrow(1, 1, length - 1);
            Tensor::cat(vec![kept, newest], 1)
        };
        next
    }

    /// Looks at every step since the last check: one transfer from the device for all of them. [`Self::warnings`] are then
    /// theirs.
    ///
    /// # Errors
    /// [`FlowError::NonFinite`] with the first step whose field holds NaN or infinite values: the fields before it are good,
    /// [`Self::warnings`] are theirs, and the rollout is over.
    pub fn check(&mut self) -> Result<(), FlowError> {
        self.warnings.clear();
        let steps = std::mem::take(&mut self.unchecked);
        let Some(newest) = steps.last() else {
            return Ok(());
        };
        let first = self.steps - steps.len() as u64 + 1;
        let before = std::mem::replace(&mut self.energy, newest.clone());
        let energies = Tensor::cat([vec![before], steps].concat(), 0).into_data();
        let energies: Vec<f64> = energies.iter::<f64>().collect();
        let row = self.window.dims()[0] * self.normalization.channels();
        for (step, pair) in (first..).zip(energies.windows(2 * row).step_by(row)) {
            let (old, new) = pair.split_at(row);
            let changes: Vec<f64> = new.iter().zip(old).map(|(new, old)| new - old).collect();
            // The sum of squares is finite exactly if every value is (or if it overflows, which is no better).
            if let Some(at) = changes.iter().position(|c| !c.is_finite()) {
                let channels = self.normalization.channels();
                return Err(FlowError::NonFinite {
                    step,
                    member: self.member(at / channels),
                    channel: at % channels,
                });
            }
            let warnings = self.outside(step, &changes);
            self.warnings.extend(warnings);
        }
        Ok(())
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The channels whose energy left the range of the training in the steps that the last check saw.
    pub fn warnings(&self) -> &[EnergyWarning] {
        &self.warnings
    }

    /// The last snapshots in physical units, oldest first: `[batch, time_window, nx, ny, nz, channels]`.
    pub fn window(&self) -> &Tensor<6> {
        &self.window
    }

    /// The number of a member, if there are several.
    fn member(&self, number: usize) -> Option<usize> {
        (self.window.dims()[0] > 1).then_some(number)
    }

    fn outside(&self, step: u64, changes: &[f64]) -> Vec<EnergyWarning> {
        let Some(ranges) = &self.normalization.energy_change else {
            return Vec::new();
        };
        let outside = |(at, change): (usize, &f64)| {
            let channel = at % ranges.len();
            let range = ranges[channel];
            (*change < range.min || *change > range.max).then_some(EnergyWarning {
                step,
                member: self.member(at / ranges.len()),
                channel,
                change: *change,
                min: range.min,
                max: range.max,
            })
        };
        changes.iter().enumerate().filter_map(outside).collect()
    }
}

/// Sum of squares over the grid, `[batch, channels]` flattened.
fn energy(field: Tensor<5>) -> Tensor<2> {
    let [batch, nx, ny, nz, channels] = field.dims();
    field
        .reshape([batch, nx * ny * nz, channels])
        .square()
        .sum_dim(1)
        .reshape([1, batch * channels])
}
