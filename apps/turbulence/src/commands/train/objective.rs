//! What a training minimises and what a validation measures: the relative L2 error, in physical units.

use burn::tensor::{Device, Tensor, TensorData};
use rheome_cli::Failure;
use rheome_fields::{BatchReader, FieldReader, Window};
use rheome_flow::{FlowModel, GridFeatures, Normalization};
use rheome_layers::loss::{relative_l2, relative_l2_per_sample};

use super::batches::HostBatch;

/// Shape of a snapshot: `[x, y, z, component]`.
pub type SnapshotShape = [usize; 4];

/// Snapshots of a batch on the device: `[batch, length, x, y, z, component]`.
pub fn on_device(
    numbers: Vec<f32>,
    batch: usize,
    shape: SnapshotShape,
    device: &Device,
) -> Tensor<6> {
    let [nx, ny, nz, c] = shape;
    let length = numbers.len() / (batch * nx * ny * nz * c);
    Tensor::from_data(
        TensorData::new(numbers, [batch, length, nx, ny, nz, c]),
        device,
    )
}

/// Mean over the steps of an unrolled prediction of the relative L2 error: `[1]`. The first step is the published loss
/// (arXiv 2412.18840); each later one starts from the operator's own result.
pub fn unrolled_loss(
    model: &FlowModel,
    features: &GridFeatures,
    normalization: &Normalization,
    batch: HostBatch,
    shape: SnapshotShape,
    device: &Device,
) -> Tensor<1> {
    let mut window = on_device(batch.inputs, batch.size, shape, device);
    let targets = on_device(batch.targets, batch.size, shape, device);
    let [_, time_window, ..] = window.dims();
    let steps = targets.dims()[1];
    let mut sum = None;
    for step in 0..steps {
        let next =
            normalization.invert(model.forward(normalization.apply(window.clone()), features));
        let target = targets.clone().narrow(1, step, 1).squeeze_dim::<5>(1);
        let loss = relative_l2(next.clone(), target);
        sum = Some(sum.map_or_else(|| loss.clone(), |sum: Tensor<1>| sum + loss.clone()));
        if step + 1 < steps {
            let newest = next.unsqueeze_dim::<6>(1);
            window = match time_window {
                1 => newest,
                _ => Tensor::cat(vec![window.narrow(1, 1, time_window - 1), newest], 1),
            };
        }
    }
    // The settings make sure that there is a step.
    let sum = sum.unwrap_or_else(|| Tensor::zeros([1], device));
    sum.div_scalar(steps as f32)
}

/// Errors on windows that do not train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// Mean relative L2 error of one step.
    pub loss: f64,
    /// The same of the forecast that nothing changes.
    pub persistence: f64,
}

/// Measures one step from each of `windows`.
pub fn validate(
    model: &FlowModel,
    normalization: &Normalization,
    features: &GridFeatures,
    reader: &dyn FieldReader,
    (windows, stride, batch_size): (&[Window], usize, usize),
    device: &Device,
) -> Result<Validation, Failure> {
    let field = reader.shape();
    let [nx, ny, nz] = field.grid;
    let shape = [nx, ny, nz, field.components];
    let source = BatchReader::new(reader, model.time_window(), stride);
    let (mut loss, mut persistence) = (0.0, 0.0);
    for chunk in windows.chunks(batch_size) {
        let read = source.read(chunk)?;
        let window = on_device(read.inputs, chunk.len(), shape, device);
        let target = on_device(read.targets, chunk.len(), shape, device).squeeze_dim::<5>(1);
        let last = window
            .clone()
            .narrow(1, model.time_window() - 1, 1)
            .squeeze_dim::<5>(1);
        let next = normalization.invert(model.forward(normalization.apply(window), features));
        let sum = |field| -> f64 {
            let each = relative_l2_per_sample(field, target.clone()).into_data();
            each.iter::<f64>().sum()
        };
        loss += sum(next);
        persistence += sum(last);
    }
    let count = windows.len().max(1) as f64;
    Ok(Validation {
        loss: loss / count,
        persistence: persistence / count,
    })
}
