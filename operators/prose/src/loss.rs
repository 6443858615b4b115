//! What training minimises, and how far off a continuation is.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rheome_layers::loss::relative_l2_per_sample;

use crate::batch::Symbols;

/// Keeps the squared norm of a vanishing series from being divided by.
const SMALLEST_SQUARE: f64 = 1e-5;

/// Squared error of every series in units of its squared norm, over all times and components, mean over the batch:
/// `|found - expected|^2 / (|expected|^2 + 1e-5)`.
///
/// # Shapes
/// - found, expected: `[batch, times, dimension]`, or fields `[batch, frames, x, y, channel]`
/// - output: `[1]`
pub fn relative_squared_error<const D: usize>(found: Tensor<D>, expected: Tensor<D>) -> Tensor<1> {
    let sum = |t: Tensor<D>| -> Tensor<2> {
        let batch = t.dims()[0];
        t.square().reshape([batch as i32, -1]).sum_dim(1)
    };
    let norm = sum(expected.clone()).add_scalar(SMALLEST_SQUARE);
    (sum(found - expected) / norm).mean()
}

/// Mean cross-entropy of all words of the targets but the first ([`rheome_equations::BEGIN`]).
///
/// # Shapes
/// - scores: `[batch, n, words]`, at each place those of the word behind it
/// - targets: `[batch, n]`
/// - output: `[1]`, zero where no target has a second word
pub fn cross_entropy(scores: Tensor<3>, targets: &Symbols) -> Tensor<1> {
    let Some((scores, next)) = predicted(scores.clone(), targets) else {
        return scores.sum().mul_scalar(0.0);
    };
    let picked = log_softmax(scores, 1).gather(1, next.unsqueeze_dim::<2>(1));
    picked.mean().neg()
}

/// How many of the words that [`cross_entropy`] counts have the highest score, and how many there are.
///
/// # Shapes
/// - scores: `[batch, n, words]`
/// - targets: `[batch, n]`
pub fn right_words(scores: Tensor<3>, targets: &Symbols) -> (usize, usize) {
    let Some((scores, next)) = predicted(scores, targets) else {
        return (0, 0);
    };
    let all = next.dims()[0];
    let found = scores.argmax(1).squeeze_dim::<1>(1);
    let right = found.equal(next).int().sum().into_scalar::<i64>();
    (right as usize, all)
}

/// Scores at the places that predict a word of their target, `[places, words]`, and these words, `[places]`: only these are worth
/// the work. Nothing where no target has a second word.
fn predicted(scores: Tensor<3>, targets: &Symbols) -> Option<(Tensor<2>, Tensor<1, Int>)> {
    let [batch, n, words] = scores.dims();
    let lengths = targets.lengths.each.iter().enumerate();
    let places = lengths.flat_map(|(member, length)| {
        (1..*length).map(move |place| (member * n + place - 1) as i32)
    });
    let places: Vec<i32> = places.collect();
    let count = places.len();
    let places = TensorData::new(places, [count]);
    (count > 0).then(|| {
        let places = Tensor::<1, Int>::from_data(places, &scores.device());
        let next = targets.ids.clone().reshape([batch * n]);
        let next = next.select(0, places.clone().add_scalar(1));
        let scores = scores.reshape([batch * n, words]).select(0, places);
        (scores, next)
    })
}

/// Ones for the components that the systems of a batch have, zeros for the others: `[batch, 1, dimension]`.
pub fn component_mask(components: &[usize], dimension: usize, device: &Device) -> Tensor<3> {
    let numbers: Vec<f32> = components
        .iter()
        .flat_map(|has| (0..dimension).map(move |index| f32::from(u8::from(index < *has))))
        .collect();
    let shape = [components.len(), 1, dimension];
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// Relative L2 errors of continuations, one a series: the metrics of the paper.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuationErrors {
    /// Over all times.
    pub whole: Vec<f32>,
    /// Over the first half of the times.
    pub first_half: Vec<f32>,
    /// Over the second half.
    pub second_half: Vec<f32>,
}

impl ContinuationErrors {
    /// Measures continuations.
    ///
    /// # Shapes
    /// - found, expected: `[batch, times, dimension]`; components that a system lacks are zero in both
    ///
    /// # Panics
    /// If the shapes differ, or there are fewer than two times.
    pub fn new(found: &Tensor<3>, expected: &Tensor<3>) -> Self {
        let times = expected.dims()[1];
        assert!(times > 1, "{times} time(s): two halves need two");
        let errors = |start, length| {
            let part = |t: &Tensor<3>| t.clone().narrow(1, start, length);
            let each = relative_l2_per_sample(part(found), part(expected));
            each.into_data().iter::<f32>().collect()
        };
        let half = times / 2;
        Self {
            whole: errors(0, times),
            first_half: errors(0, half),
            second_half: errors(half, times - half),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_squared_error_is_relative_to_its_own_series() {
        let device = Device::flex();
        let expected = Tensor::<3>::from_data([[[3.0, 4.0]], [[0.0, 10.0]]], &device);
        let found = Tensor::<3>::from_data([[[3.0, 5.0]], [[0.0, 0.0]]], &device);
        let loss = relative_squared_error(found, expected).into_scalar::<f32>();
        assert!((loss - (1.0 / 25.0 + 1.0) / 2.0).abs() < 1e-5);
    }

    #[test]
    fn the_cross_entropy_counts_every_word_but_the_first_and_no_padding() {
        let device = Device::flex();
        let targets = Symbols::new(&[vec![0, 2, 1], vec![0, 1]], 3, 0, &device).unwrap();
        let row = [0.0_f32, 1.0, 3.0];
        // The last place of each target, and padding, predict nothing: their scores must not matter.
        let rows = [row, row, [9.0, 0.0, 0.0], row, [0.0, 0.0, 50.0], [7.0; 3]].concat();
        let scores = Tensor::from_data(TensorData::new(rows, [2, 3, 3]), &device);
        let found = cross_entropy(scores, &targets).into_scalar::<f32>();
        let total = row.iter().map(|x| x.exp()).sum::<f32>().ln();
        let expected = total - (3.0 + 1.0 + 1.0) / 3.0;
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn words_with_the_highest_score_are_right() {
        let device = Device::flex();
        let targets = Symbols::new(&[vec![0, 2, 1], vec![0, 1]], 3, 0, &device).unwrap();
        let rows = [
            [0.0_f32, 1.0, 3.0],
            [4.0, 1.0, 3.0],
            [9.0; 3],
            [0.0, 5.0, 1.0],
        ];
        let rows = [rows.concat(), vec![7.0; 6]].concat();
        let scores = Tensor::from_data(TensorData::new(rows, [2, 3, 3]), &device);
        assert_eq!(right_words(scores, &targets), (2, 3));
        let nothing = Symbols::new(&[vec![0]], 3, 0, &device).unwrap();
        assert_eq!(
            right_words(Tensor::zeros([1, 1, 3], &device), &nothing),
            (0, 0)
        );
    }

    #[test]
    fn halves_are_measured_apart() {
        let device = Device::flex();
        let expected = Tensor::<3>::from_data([[[1.0], [1.0], [2.0], [2.0]]], &device);
        let found = Tensor::<3>::from_data([[[1.0], [1.0], [3.0], [1.0]]], &device);
        let errors = ContinuationErrors::new(&found, &expected);
        assert!(errors.first_half[0] < 1e-12);
        assert!((errors.second_half[0] - 0.5).abs() < 1e-6);
        assert!((errors.whole[0] - (0.2_f32).sqrt()).abs() < 1e-6);
    }

    #[test]
    fn components_beyond_a_system_are_masked() {
        let mask = component_mask(&[1, 3], 3, &Device::flex());
        let numbers: Vec<f32> = mask.try_into_vec_as().unwrap();
        assert_eq!(numbers, [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    }
}
