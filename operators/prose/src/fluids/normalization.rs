//! Each channel of each sample to mean 0 and variance 1 over the frames that are given, and predicted frames back.

use burn::tensor::Tensor;

use super::batch::Frames;

/// Least standard deviation that is divided by: that of a channel which does not vary in single precision.
const SMALLEST_DEVIATION: f32 = 1e-6;

/// Mean and standard deviation of the channels of samples, over the frames that went in and their points.
#[derive(Debug, Clone)]
pub struct SampleScale {
    /// `[batch, 1, 1, 1, channel]`
    pub mean: Tensor<5>,
    /// `[batch, 1, 1, 1, channel]`, above 0.
    pub deviation: Tensor<5>,
    /// `[batch, 1, 1, 1, channel]`
    mask: Tensor<5>,
}

impl SampleScale {
    /// Of the frames that go in.
    pub fn of(frames: &Frames) -> Self {
        let average = |field: Tensor<5>| field.mean_dim(1).mean_dim(2).mean_dim(3);
        let mean = average(frames.values.clone());
        let variance = average((frames.values.clone() - mean.clone()).square());
        Self {
            mean,
            deviation: variance.sqrt().clamp_min(SMALLEST_DEVIATION),
            mask: frames.mask.clone(),
        }
    }

    /// Frames to mean 0 and variance 1; zeros in the channels that a sample lacks.
    ///
    /// # Shapes
    /// - fields, output: `[batch, frames, x, y, channel]`
    pub fn apply(&self, fields: Tensor<5>) -> Tensor<5> {
        (fields - self.mean.clone()) / self.deviation.clone() * self.mask.clone()
    }

    /// The way back; zeros in the channels that a sample lacks.
    ///
    /// # Shapes
    /// - fields, output: `[batch, frames, x, y, channel]`
    pub fn invert(&self, fields: Tensor<5>) -> Tensor<5> {
        (fields * self.deviation.clone() + self.mean.clone()) * self.mask.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn channels_have_mean_0_and_variance_1_and_come_back() {
        let device = Device::flex();
        let numbers: Vec<f32> = (0..2 * 3 * 2 * 2 * 2)
            .map(|i| if i % 2 == 0 { (i * i % 17) as f32 } else { 4.0 })
            .collect();
        let shape = [2, 3, 2, 2, 2];
        let frames = Frames {
            values: Tensor::from_data(TensorData::new(numbers.clone(), shape), &device),
            mask: Tensor::ones([2, 1, 1, 1, 2], &device),
        };
        let scale = SampleScale::of(&frames);
        let there: Vec<f32> = scale
            .apply(frames.values.clone())
            .try_into_vec_as()
            .unwrap();
        for sample in there.chunks(24) {
            let first: Vec<f32> = sample.iter().step_by(2).copied().collect();
            let mean = first.iter().sum::<f32>() / 12.0;
            let square = first.iter().map(|x| x * x).sum::<f32>() / 12.0;
            assert!(mean.abs() < 1e-5 && (square - 1.0).abs() < 1e-4);
            // A channel that does not vary is no channel of NaN.
            assert!(sample.iter().skip(1).step_by(2).all(|x| *x == 0.0));
        }
        let back: Vec<f32> = scale
            .invert(scale.apply(frames.values))
            .try_into_vec_as()
            .unwrap();
        assert!(back.iter().zip(&numbers).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}
