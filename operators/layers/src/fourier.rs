//! Gaussian Fourier features of positions (Tancik et al. 2020, arXiv 2006.10739).
//!
//! `p -> concat(sin z, cos z)` with `z = 2 pi p B` and a fixed random matrix B.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData, assert_shape};

use crate::initialization::Initialization;

/// Configuration of [`GaussianFourierFeatures`].
#[derive(Config, Debug)]
pub struct GaussianFourierFeaturesConfig {
    /// Coordinates of a position.
    pub axes: usize,
    /// Features produced; even.
    pub features: usize,
    /// Standard deviation of the entries of B: the finer the structures to tell apart, the larger. 8 suits coordinates
    /// of order one.
    #[config(default = 8.0)]
    pub standard_deviation: f64,
}

/// The fixed matrix of Gaussian Fourier features.
#[derive(Module, Debug)]
pub struct GaussianFourierFeatures {
    /// B, `[axes, features / 2]`, never trained.
    pub matrix: Param<Tensor<2>>,
}

impl GaussianFourierFeaturesConfig {
    /// Draws the matrix.
    pub fn init(&self, start: &mut Initialization) -> GaussianFourierFeatures {
        let matrix = start.normal([self.axes, self.features / 2], self.standard_deviation);
        GaussianFourierFeatures {
            matrix: matrix.set_require_grad(false),
        }
    }
}

impl GaussianFourierFeatures {
    /// Features of every point of the grid spanned by one coordinate vector per axis, the last axis fastest.
    ///
    /// The phases reach a thousand radians, where a float holds them to about 1e-4: they are formed on the host, the
    /// products first and then the factor 2 pi as PyTorch does, so that every device has the same ones.
    ///
    /// # Shapes
    /// - positions: one slice per axis, lengths `n_1, n_2, ...`
    /// - output: `[n_1 * n_2 * ..., features]`
    pub fn features(&self, positions: &[&[f32]]) -> Tensor<2> {
        let matrix = self.matrix.val();
        let [axes, half] = matrix.dims();
        assert_shape!(matrix, [positions.len(), half]);
        let device = matrix.device();
        let rows: Vec<f32> = matrix.into_data().iter::<f32>().collect();
        let points: usize = positions.iter().map(|p| p.len()).product();
        let mut numbers = vec![0.0; points * 2 * half];
        for (point, features) in numbers.chunks_exact_mut(2 * half).enumerate() {
            let (sines, cosines) = features.split_at_mut(half);
            let mut rest = point;
            let mut coordinates = vec![0.0; axes];
            for axis in (0..axes).rev() {
                let n = positions[axis].len();
                coordinates[axis] = positions[axis][rest % n];
                rest /= n;
            }
            for (axis, coordinate) in coordinates.iter().enumerate() {
                for (z, b) in sines.iter_mut().zip(&rows[axis * half..]) {
                    *z += coordinate * b;
                }
            }
            for (s, c) in sines.iter_mut().zip(cosines) {
                (*s, *c) = (std::f32::consts::TAU * *s).sin_cos();
            }
        }
        Tensor::from_data(TensorData::new(numbers, [points, 2 * half]), &device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn features_are_the_sines_and_cosines_of_the_phases_with_the_last_axis_fastest() {
        let device = Device::flex();
        let features = GaussianFourierFeatures {
            matrix: Param::from_data([[0.1, 0.2], [0.3, -0.4]], &device),
        };
        let (xs, ys) = ([0.0, 0.5], [0.0, 1.0, 2.0]);
        let out = features.features(&[&xs, &ys]);
        assert_eq!(out.dims(), [6, 4]);
        let out: Vec<f32> = out.try_into_vec_as().unwrap();
        for (i, x) in xs.iter().enumerate() {
            for (j, y) in ys.iter().enumerate() {
                let z = [0.1 * x + 0.3 * y, 0.2 * x - 0.4 * y].map(|z| z * std::f32::consts::TAU);
                let expected = [z[0].sin(), z[1].sin(), z[0].cos(), z[1].cos()];
                for (a, b) in out[(i * 3 + j) * 4..].iter().zip(expected) {
                    assert!((a - b).abs() < 1e-5, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn the_matrix_is_not_trained() {
        let device = Device::flex().autodiff();
        let mut start = Initialization::new(1, &device);
        let features = GaussianFourierFeaturesConfig::new(3, 8).init(&mut start);
        assert!(!features.matrix.val().is_require_grad());
        assert_eq!(features.matrix.dims(), [3, 4]);
    }
}
