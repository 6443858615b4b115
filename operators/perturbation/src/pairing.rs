//! Which noise goes with which cell in training: at random, as published, or by optimal transport.

use burn::tensor::{Tensor, TensorData};
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;
use serde::{Deserialize, Serialize};

/// Which noise flows to which target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// Whichever come together. The published choice.
    #[default]
    Random,
    /// The pairing of the batch with the least sum of squared distances: straighter paths (Tong et al. 2024, arXiv
    /// 2302.00482). Exact; the time grows with the cube of the batch, some milliseconds for 48 cells.
    OptimalTransport,
}

/// The largest cost in the whole numbers that the solver counts in: a step is far below single precision.
const RESOLUTION: f64 = (1_u64 << 40) as f64;

impl Pairing {
    /// The noise in the order of the targets that it flows to.
    ///
    /// # Shapes
    /// - noise, target, output: `[batch, n]`
    pub fn apply(self, noise: Tensor<2>, target: &Tensor<2>) -> Tensor<2> {
        match self {
            Self::Random => noise,
            Self::OptimalTransport => {
                let order = assignment(&noise, target);
                let count = order.len();
                let order: Vec<i32> = order.into_iter().map(|i| i as i32).collect();
                let order = TensorData::new(order, [count]);
                let order = Tensor::from_data(order, &noise.device());
                noise.select(0, order)
            }
        }
    }
}

/// For each target the noise that flows to it.
fn assignment(noise: &Tensor<2>, target: &Tensor<2>) -> Vec<usize> {
    let count = target.dims()[0];
    // The squared norms are the same in every pairing: the products decide.
    let products = target.clone().matmul(noise.clone().transpose());
    let gains: Vec<f64> = products.into_data().iter::<f64>().collect();
    let largest = gains.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    if count == 0 || !(largest > 0.0 && largest.is_finite()) {
        return (0..count).collect();
    }
    let cost = |gain: &f64| (-gain / largest * RESOLUTION).round() as i64;
    let costs: Vec<i64> = gains.iter().map(cost).collect();
    match Matrix::from_vec(count, count, costs) {
        Ok(costs) => kuhn_munkres_min(&costs).1,
        Err(_) => (0..count).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    fn cost(noise: &Tensor<2>, target: &Tensor<2>) -> f32 {
        (noise.clone() - target.clone())
            .square()
            .sum()
            .into_scalar()
    }

    /// All orders of `0..n`.
    fn orders(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![Vec::new()];
        }
        let shorter = orders(n - 1);
        let insert = |order: &Vec<usize>| {
            let order = order.clone();
            (0..n).map(move |at| {
                let mut longer = order.clone();
                longer.insert(at, n - 1);
                longer
            })
        };
        shorter.iter().flat_map(insert).collect()
    }

    #[test]
    fn no_other_pairing_is_shorter() {
        let device = Device::flex();
        device.seed(9);
        assert_eq!(orders(5).len(), 120);
        for n in [1, 2, 5] {
            for _ in 0..5 {
                let draw = || Tensor::<2>::random([n, 4], Distribution::Normal(0.0, 1.0), &device);
                let (noise, target) = (draw(), draw());
                let found = Pairing::OptimalTransport.apply(noise.clone(), &target);
                let shortest = orders(n).into_iter().map(|order| {
                    let order: Vec<i32> = order.into_iter().map(|i| i as i32).collect();
                    let order = Tensor::from_data(TensorData::new(order, [n]), &device);
                    cost(&noise.clone().select(0, order), &target)
                });
                let shortest = shortest.fold(f32::INFINITY, f32::min);
                assert!((cost(&found, &target) - shortest).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn random_pairing_changes_nothing_and_zeros_are_no_problem() {
        let device = Device::flex();
        let noise = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0]], &device);
        let target = Tensor::<2>::from_data([[3.0, 4.0], [1.0, 2.0]], &device);
        let same = Pairing::Random.apply(noise.clone(), &target);
        assert_eq!(same.into_data(), noise.clone().into_data());
        let zeros = Pairing::OptimalTransport.apply(noise.clone(), &target.zeros_like());
        assert_eq!(zeros.into_data(), noise.into_data());
    }
}
