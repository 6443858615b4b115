//! Standardisation of fields by the statistics of a training set, and the file of it in a model folder.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use rheome_atomic::write_atomically;
use serde::{Deserialize, Serialize};

use crate::FlowError;

/// Statistics of a training set with which fields are standardised, per channel: the operator works on
/// `(x - input_mean) / input_std` and its result is `y * output_std + output_mean`.
///
/// Standard deviations are unbiased (divided by n - 1), as PyTorch and the authors have them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// Mean of each channel over the input fields.
    pub input_mean: Vec<f64>,
    /// Standard deviation of each channel over the input fields.
    pub input_std: Vec<f64>,
    /// Mean of each channel over the target fields.
    pub output_mean: Vec<f64>,
    /// Standard deviation of each channel over the target fields.
    pub output_std: Vec<f64>,
    /// How much the fields change from one step to the next in training, per channel: the guard rail of a rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_change: Option<Vec<EnergyChangeRange>>,
}

/// Smallest and largest step-to-step change of a channel's summed square, `sum (u_new^2) - sum (u_old^2)` over the
/// grid, seen in training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyChangeRange {
    /// Smallest change.
    pub min: f64,
    /// Largest change.
    pub max: f64,
}

impl Normalization {
    /// No change at all: for fields that are standardised already.
    pub fn identity(channels: usize) -> Self {
        Self {
            input_mean: vec![0.0; channels],
            input_std: vec![1.0; channels],
            output_mean: vec![0.0; channels],
            output_std: vec![1.0; channels],
            energy_change: None,
        }
    }

    /// Channels of the fields.
    pub fn channels(&self) -> usize {
        self.input_mean.len()
    }

    /// Checks that all vectors have an entry per channel and all spreads are positive.
    ///
    /// # Errors
    /// [`FlowError::Config`] naming the vector at fault.
    pub fn validate(&self) -> Result<(), FlowError> {
        let n = self.channels();
        let finite = |v: &f64| v.is_finite();
        let positive = |v: &f64| v.is_finite() && *v > 0.0;
        let vectors: [(&'static str, &Vec<f64>, bool); 4] = [
            (
                "input_mean",
                &self.input_mean,
                self.input_mean.iter().all(finite),
            ),
            (
                "input_std",
                &self.input_std,
                self.input_std.iter().all(positive),
            ),
            (
                "output_mean",
                &self.output_mean,
                self.output_mean.iter().all(finite),
            ),
            (
                "output_std",
                &self.output_std,
                self.output_std.iter().all(positive),
            ),
        ];
        for (key, vector, usable) in vectors {
            if vector.len() != n || n == 0 || !usable {
                let expected = format!("{} finite numbers, standard deviations above 0", n.max(1));
                return Err(unusable(key, vector, expected));
            }
        }
        if let Some(ranges) = &self.energy_change {
            let usable =
                |r: &EnergyChangeRange| r.min.is_finite() && r.min <= r.max && r.max.is_finite();
            if ranges.len() != n || !ranges.iter().all(usable) {
                let expected = format!("{n} ranges with min <= max");
                return Err(unusable("energy_change", ranges, expected));
            }
        }
        Ok(())
    }

    /// Reads statistics from a JSON file.
    ///
    /// # Errors
    /// [`FlowError::Normalization`] naming the file.
    pub fn load(path: &Path) -> Result<Self, FlowError> {
        let fail = |reason: String| FlowError::Normalization {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
        let read: Self = serde_json::from_str(&text).map_err(|e| fail(e.to_string()))?;
        read.validate().map_err(|e| fail(e.to_string()))?;
        Ok(read)
    }

    /// Writes the statistics as JSON, replacing the file as a whole.
    ///
    /// # Errors
    /// [`FlowError::Normalization`] naming the file.
    pub fn save(&self, path: &Path) -> Result<(), FlowError> {
        let fail = |reason: String| FlowError::Normalization {
            path: path.to_owned(),
            reason,
        };
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| fail(e.to_string()))?;
        text.push(b'\n');
        write_atomically(path, &text).map_err(|e| fail(e.to_string()))
    }

    /// `(field - input_mean) / input_std`, from physical units to what the operator works on.
    ///
    /// # Shapes
    /// - field, output: `[..., channels]`
    pub fn apply<const D: usize>(&self, field: Tensor<D>) -> Tensor<D> {
        let device = field.device();
        (field - along_channels(&self.input_mean, &device))
            / along_channels(&self.input_std, &device)
    }

    /// `field * output_std + output_mean`, from what the operator returns to physical units.
    ///
    /// # Shapes
    /// - field, output: `[..., channels]`
    pub fn invert<const D: usize>(&self, field: Tensor<D>) -> Tensor<D> {
        let device = field.device();
        field * along_channels(&self.output_std, &device)
            + along_channels(&self.output_mean, &device)
    }
}

fn unusable(key: &'static str, found: impl std::fmt::Debug, expected: String) -> FlowError {
    FlowError::Statistics {
        key,
        found: format!("{found:?}"),
        expected,
    }
}

fn along_channels<const D: usize>(values: &[f64], device: &Device) -> Tensor<D> {
    let numbers: Vec<f32> = values.iter().map(|v| *v as f32).collect();
    let shape = [numbers.len()];
    Tensor::<1>::from_data(TensorData::new(numbers, shape), device).unsqueeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Normalization {
        Normalization {
            input_mean: vec![10.0, 0.0, -1.0],
            input_std: vec![2.0, 1.0, 0.5],
            output_mean: vec![10.0, 0.0, -1.0],
            output_std: vec![2.0, 1.0, 0.5],
            energy_change: Some(vec![
                EnergyChangeRange {
                    min: -1.0,
                    max: 2.0
                };
                3
            ]),
        }
    }

    #[test]
    fn standardising_and_back() {
        let device = Device::flex();
        let field = Tensor::<2>::from_data([[12.0, 3.0, -1.0], [8.0, 0.0, 0.0]], &device);
        let normal = example().apply(field.clone());
        let numbers: Vec<f32> = normal.clone().into_data().iter::<f32>().collect();
        assert_eq!(numbers, [1.0, 3.0, 0.0, -1.0, 0.0, 2.0]);
        example()
            .invert(normal)
            .into_data()
            .assert_eq(&field.into_data(), true);
    }

    #[test]
    fn a_file_holds_them_and_a_wrong_one_is_named() {
        let folder =
            std::env::temp_dir().join(format!("rheome-normalization-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("normalization.json");
        example().save(&path).unwrap();
        assert_eq!(Normalization::load(&path).unwrap(), example());
        let zero = Normalization {
            input_std: vec![1.0, 0.0, 1.0],
            ..example()
        };
        zero.save(&path).unwrap();
        let message = Normalization::load(&path).unwrap_err().to_string();
        assert!(
            message.contains("normalization.json") && message.contains("input_std"),
            "{message}"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
