use burn::tensor::{Tensor, TensorData};

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
    warnings: Vec<EnergyWarning>,
}

/// A channel's energy changed by more or less than it ever did in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnergyWarning {
    /// The step, counted from 1.
    pub step: u64,
    /// Member of the ensemble, counted from 0.
    pub member: usize,
    /// Channel, counted from 0 (u, v, w).
    pub channel: usize,
    /// Change of the channel's summed square in that step.
    pub change: f64,
    /// Smallest change seen in training.
    pub min: f64,
    /// Largest change seen in training.
    pub max: f64,
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
            "step {step}: the summed square of channel {channel} of member {member} changed by {change:.4e}, \
             outside [{min:.4e}, {max:.4e}] seen in training"
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
        Ok(Self {
            model,
            grid,
            normalization,
            window,
            steps: 0,
            warnings: Vec::new(),
        })
    }

    /// Advances by one step and returns the new field, in physical units and on the device.
    ///
    /// # Shapes
    /// - output: `[batch, nx, ny, nz, channels]`
    ///
    /// # Errors
    /// [`FlowError::NonFinite`] if the new field holds NaN or infinite values; the state is then that before the step.
    pub fn step(&mut self) -> Result<Tensor<5>, FlowError> {
        let input = self.normalization.apply(self.window.clone());
        let next = self
            .normalization
            .invert(self.model.forward(input, self.grid));
        let length = self.window.dims()[1];
        let last = self
            .window
            .clone()
            .narrow(1, length - 1, 1)
            .squeeze_dim::<5>(1);
        let changes = energy(next.clone()).into_iter().zip(energy(last));
        let changes: Vec<f64> = changes.map(|(new, old)| new - old).collect();
        let channels = self.normalization.channels();
        // The sum of squares is finite exactly if every value is (or if it overflows, which is no better).
        if let Some(at) = changes.iter().position(|c| !c.is_finite()) {
            return Err(FlowError::NonFinite {
                step: self.steps + 1,
                member: at / channels,
                channel: at % channels,
            });
        }
        self.steps += 1;
        self.warnings = self.outside(&changes);
        let newest = next.clone().unsqueeze_dim::<6>(1);
        self.window = if length == 1 {
            newest
        } else {
            let kept = self.window.clone().narrow(1, 1, length - 1);
            Tensor::cat(vec![kept, newest], 1)
        };
        Ok(next)
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The channels whose energy left the range of the training in the last step.
    pub fn warnings(&self) -> &[EnergyWarning] {
        &self.warnings
    }

    /// The last snapshots in physical units, oldest first: `[batch, time_window, nx, ny, nz, channels]`.
    pub fn window(&self) -> &Tensor<6> {
        &self.window
    }

    fn outside(&self, changes: &[f64]) -> Vec<EnergyWarning> {
        let Some(ranges) = &self.normalization.energy_change else {
            return Vec::new();
        };
        let outside = |(at, change): (usize, &f64)| {
            let channel = at % ranges.len();
            let range = ranges[channel];
            (*change < range.min || *change > range.max).then_some(EnergyWarning {
                step: self.steps,
                member: at / ranges.len(),
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
fn energy(field: Tensor<5>) -> Vec<f64> {
    let [batch, nx, ny, nz, channels] = field.dims();
    let sum = field
        .reshape([batch, nx * ny * nz, channels])
        .square()
        .sum_dim(1);
    let data: TensorData = sum.into_data();
    data.iter::<f64>().collect()
}
