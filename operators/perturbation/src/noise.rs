//! Where cells start: the noise of the flow.

use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Poisson, StandardNormal};
use serde::{Deserialize, Serialize};

/// Where the flow starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Noise {
    /// Independent standard normal values. The published choice.
    #[default]
    Gaussian,
    /// Independent Poisson counts, their rates the values of the control cell: starts that are sparse where the cell is.
    Poisson,
}

impl Noise {
    /// Draws a start for every cell, on the host, so that a generator means the same noise on every device. Each cell has a
    /// generator of its own.
    ///
    /// # Shapes
    /// - control, output: `[batch, n]`
    pub fn draw<R: Rng>(
        self,
        control: &Tensor<2>,
        generators: impl Iterator<Item = R>,
    ) -> Tensor<2> {
        let [batch, genes] = control.dims();
        let rates: Vec<f32> = match self {
            Self::Gaussian => Vec::new(),
            Self::Poisson => control.clone().into_data().iter::<f32>().collect(),
        };
        let mut numbers = Vec::with_capacity(batch * genes);
        for (cell, mut generator) in (0..batch).zip(generators) {
            match self {
                Self::Gaussian => {
                    numbers.extend((0..genes).map(|_| generator.sample::<f32, _>(StandardNormal)))
                }
                Self::Poisson => numbers.extend(
                    rates[cell * genes..][..genes]
                        .iter()
                        .map(|rate| poisson(*rate, &mut generator)),
                ),
            }
        }
        Tensor::from_data(TensorData::new(numbers, [batch, genes]), &control.device())
    }
}

/// A count with that mean; 0 where the mean is not positive (or not a number).
fn poisson<R: Rng>(rate: f32, generator: &mut R) -> f32 {
    match Poisson::new(rate) {
        Ok(distribution) => distribution.sample(generator),
        Err(_) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use rheome_training::randomness::{Purpose, generator};

    fn draw(noise: Noise, control: &Tensor<2>) -> Vec<f32> {
        let cells = (0..).map(|cell| generator(5, Purpose::Noise, cell));
        noise.draw(control, cells).try_into_vec_as().unwrap()
    }

    fn mean_and_variance(values: &[f32]) -> (f32, f32) {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f32>();
        (mean, square / values.len() as f32)
    }

    #[test]
    fn gaussian_noise_is_standard_and_a_cell_keeps_its_own() {
        let device = Device::flex();
        let both = draw(Noise::Gaussian, &Tensor::zeros([2, 20_000], &device));
        let (mean, variance) = mean_and_variance(&both);
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05);
        let first = draw(Noise::Gaussian, &Tensor::zeros([1, 20_000], &device));
        assert_eq!(first, both[..20_000]);
        assert_ne!(both[..20_000], both[20_000..]);
    }

    #[test]
    fn poisson_noise_has_the_control_values_as_mean_and_variance() {
        let control = Tensor::full([1, 20_000], 2.5, &Device::flex());
        let counts = draw(Noise::Poisson, &control);
        let (mean, variance) = mean_and_variance(&counts);
        assert!((mean - 2.5).abs() < 0.06 && (variance - 2.5).abs() < 0.15);
        assert!(counts.iter().all(|x| *x >= 0.0 && x.fract() == 0.0));
        assert!(
            draw(Noise::Poisson, &control.zeros_like())
                .iter()
                .all(|x| *x == 0.0)
        );
    }
}
