//! Rotary position embedding (Su et al. 2021, arXiv 2104.09864) of a physical coordinate.
//!
//! The angle of feature pair i at coordinate x is `(x / min_freq) * base^(-2i / dim)`. Layout "rotate half": the angles
//! of the first half of the features are repeated for the second, and `rotate_half(t) = concat(-t2, t1)`.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, FloatDType, Tensor, TensorData, assert_shape};

/// Configuration of [`Rotary`].
#[derive(Config, Debug)]
pub struct RotaryConfig {
    /// Features of a query or key; even.
    pub dim: usize,
    /// The smallest distance to tell apart, in units of the coordinate. 1/64 suits coordinates of order one.
    #[config(default = "1.0 / 64.0")]
    pub min_freq: f32,
    /// Ratio of the fastest to the slowest angle; 10000 throughout the literature.
    #[config(default = 10000.0)]
    pub base: f32,
}

/// Angular frequencies of a rotary embedding.
#[derive(Module, Debug)]
pub struct Rotary {
    /// `[dim / 2]`, fixed; kept as a parameter because PyTorch's files hold it.
    pub inv_freq: Param<Tensor<1>>,
    min_freq: f32,
}

/// Cosines and sines of a rotary embedding at the points of one axis.
#[derive(Debug, Clone)]
pub struct RotaryTable {
    /// `[n, dim]`
    cos: Tensor<2>,
    /// `[n, dim]`
    sin: Tensor<2>,
}

impl RotaryConfig {
    /// The embedding on `device`.
    pub fn init(&self, device: &Device) -> Rotary {
        let frequencies: Vec<f32> = (0..self.dim / 2)
            .map(|i| 1.0 / self.base.powf((2 * i) as f32 / self.dim as f32))
            .collect();
        let shape = [frequencies.len()];
        let inv_freq = Param::from_data(TensorData::new(frequencies, shape), device);
        Rotary {
            inv_freq: inv_freq.set_require_grad(false),
            min_freq: self.min_freq,
        }
    }
}

impl Rotary {
    /// The table for the coordinates `positions`.
    ///
    /// Angles reach hundreds of radians, where a float holds them to about 1e-5: they are formed on the host in the
    /// order PyTorch uses, so that every device has the same ones.
    pub fn table(&self, positions: &[f32]) -> RotaryTable {
        let inv_freq = self.inv_freq.val();
        let device = inv_freq.device();
        let frequencies: Vec<f32> = inv_freq.into_data().iter::<f32>().collect();
        let shape = [positions.len(), 2 * frequencies.len()];
        let angles: Vec<f32> = positions
            .iter()
            .flat_map(|x| {
                let scaled = x / self.min_freq;
                let half = frequencies.iter().map(move |f| scaled * f);
                half.clone().chain(half)
            })
            .collect();
        let tensor = |f: fn(f32) -> f32| {
            let numbers: Vec<f32> = angles.iter().map(|a| f(*a)).collect();
            Tensor::from_data(TensorData::new(numbers, shape), &device)
        };
        RotaryTable {
            cos: tensor(f32::cos),
            sin: tensor(f32::sin),
        }
    }
}

impl RotaryTable {
    /// The table in another precision: its angles were computed in the first one.
    #[must_use]
    pub fn cast(self, dtype: FloatDType) -> Self {
        Self {
            cos: self.cos.cast(dtype),
            sin: self.sin.cast(dtype),
        }
    }

    /// Rotates queries or keys.
    ///
    /// # Shapes
    /// - features: `[batch, heads, n, dim]`
    /// - output: `[batch, heads, n, dim]`
    pub fn rotate(&self, features: Tensor<4>) -> Tensor<4> {
        let [n, dim] = self.cos.dims();
        assert_shape!(features, [.., n, dim]);
        let first = features.clone().narrow(3, 0, dim / 2);
        let second = features.clone().narrow(3, dim / 2, dim / 2);
        let turned = Tensor::cat(vec![second.neg(), first], 3);
        features * self.cos.clone().unsqueeze() + turned * self.sin.clone().unsqueeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_turns_each_pair_by_its_angle() {
        let device = Device::flex();
        let rotary = RotaryConfig::new(4).with_min_freq(1.0).init(&device);
        let table = rotary.table(&[0.0, 2.0]);
        let x = Tensor::<4>::from_data([[[[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]]]], &device);
        let y: Vec<f32> = table.rotate(x).try_into_vec_as().unwrap();
        assert_eq!(&y[..4], &[1.0, 2.0, 3.0, 4.0], "no turn at the origin");
        // Pairs (1, 3) by 2 rad and (2, 4) by 2 / 100 rad.
        let turn = |a: f32, b: f32, t: f32| (a * t.cos() - b * t.sin(), b * t.cos() + a * t.sin());
        let ((p, r), (q, s)) = (turn(1.0, 3.0, 2.0), turn(2.0, 4.0, 0.02));
        for (found, expected) in y[4..].iter().zip([p, q, r, s]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn products_of_queries_and_keys_depend_on_the_distance_only() {
        let device = Device::flex();
        let rotary = RotaryConfig::new(8).init(&device);
        let q = Tensor::<4>::from_data([[[[0.3, -1.0, 0.7, 0.2, 1.1, -0.4, 0.9, 0.5]]]], &device);
        let product = |x: f32, y: f32| {
            let a = rotary.table(&[x]).rotate(q.clone());
            let b = rotary.table(&[y]).rotate(q.clone());
            (a * b).sum().into_scalar::<f32>()
        };
        assert!((product(0.25, 0.5) - product(1.0, 1.25)).abs() < 1e-4);
        assert!((product(0.25, 0.5) - product(0.25, 1.0)).abs() > 1e-2);
    }
}
