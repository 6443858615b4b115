//! Fixed sinusoidal positions (Vaswani et al. 2017, arXiv 1706.03762, section 3.5).

use burn::tensor::{Device, Tensor, TensorData};

/// Rows of the tables in the authors' checkpoints.
pub const PUBLISHED_POSITIONS: usize = 512;

/// Row `p`, column `j`: `p / 10000^(2 floor(j / 2) / width)`, its sine in even columns, its cosine in odd ones.
///
/// # Shapes
/// - output: `[count, width]`, the rows `first` and following
pub fn sinusoidal_positions(first: usize, count: usize, width: usize) -> TensorData {
    let angle = |position: usize, column: usize| {
        let exponent = 2.0 * (column / 2) as f64 / width as f64;
        position as f64 / 10_000_f64.powf(exponent)
    };
    let value = |position, column: usize| match column % 2 {
        0 => angle(position, column).sin() as f32,
        _ => angle(position, column).cos() as f32,
    };
    let numbers: Vec<f32> = (first..first + count)
        .flat_map(|position| (0..width).map(move |column| value(position, column)))
        .collect();
    TensorData::new(numbers, [count, width])
}

/// [`sinusoidal_positions`] on a device, for any batch: `[1, count, width]`.
pub fn positions(first: usize, count: usize, width: usize, device: &Device) -> Tensor<3> {
    Tensor::<2>::from_data(sinusoidal_positions(first, count, width), device).unsqueeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_are_even_columns_and_rows_continue() {
        let rows: Vec<f32> = sinusoidal_positions(3, 1, 4).iter::<f32>().collect();
        let expected = [3.0_f32.sin(), 3.0_f32.cos(), 0.03_f32.sin(), 0.03_f32.cos()];
        for (found, expected) in rows.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6);
        }
        let whole: Vec<f32> = sinusoidal_positions(0, 5, 4).iter::<f32>().collect();
        assert_eq!(whole[12..16], rows[..]);
    }
}
