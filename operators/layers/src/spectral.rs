//! Spectral convolution (Li et al. 2021, arXiv 2010.08895, section 4): a convolution over the whole domain whose kernel
//! is learned in Fourier space, for its lowest modes.
//!
//! `y = F^-1 (R_k F(u)_k)`: the Fourier coefficients of all features at mode k are multiplied by a complex matrix R_k, and
//! the modes that are not kept count as zero. The weights do not depend on the grid: a layer acts on any.
//!
//! The transform is one-sided along the *first* axis, x: being the slowest in memory it is transformed by one large
//! product, which halves everything behind it. (PyTorch's `rfftn` halves the last axis; the operators are the same ones,
//! with other names for their modes.) The further axes keep positive and negative frequencies, which makes the
//! "corners" of the published code: two in two dimensions, four in three. Here they lie in one weight, in the order of an
//! FFT. In PyTorch, with `w` the weight out of a safetensors file:
//!
//! ```text
//! f = torch.fft.fftn(torch.fft.rfft(u, dim=1, norm="forward"), dim=(2, 3), norm="forward")    # u: [b, x, y, z, inputs]
//! keep = lambda n, m: [*range(m), *range(n - m, n)]
//! f = f[:, :mx][:, :, keep(ny, my)][:, :, :, keep(nz, mz)]
//! g = torch.einsum("bxyzi,xyzio->bxyzo", f, torch.complex(w[..., 0, :], w[..., 1, :]))
//! ```

pub mod transform;

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Tensor, assert_shape};

use crate::initialization::Initialization;
use transform::{TruncatedTransform, frequency_count};

/// Configuration of [`SpectralConvolution`].
#[derive(Config, Debug)]
pub struct SpectralConvolutionConfig {
    /// Features in.
    pub inputs: usize,
    /// Features out.
    pub outputs: usize,
    /// Modes kept per axis: m of the first (frequencies 0 ... m-1), 2 m of each further one (-m ... m-1). Two numbers for
    /// fields with nz = 1, or three. Structures shorter than length / m are left to other layers.
    pub modes: Vec<usize>,
}

/// A convolution with a learned kernel of few Fourier modes.
#[derive(Module, Debug)]
pub struct SpectralConvolution {
    /// R, `[frequencies of x, of y, of z, inputs, 2, outputs]`: real parts, then imaginary parts.
    pub weight: Param<Tensor<6>>,
}

impl SpectralConvolutionConfig {
    /// Draws the weights as the published code does: real and imaginary parts uniform in `[0, 1 / (inputs * outputs))`.
    ///
    /// # Panics
    /// Unless there are one to three numbers of modes.
    pub fn init(&self, start: &mut Initialization) -> SpectralConvolution {
        assert!(
            (1..=3).contains(&self.modes.len()),
            "modes of one to three axes"
        );
        let [kx, ky, kz] = [0, 1, 2].map(|axis| {
            let modes = self.modes.get(axis);
            modes.map_or(1, |modes| frequency_count(axis, *modes))
        });
        let shape = [kx, ky, kz, self.inputs, 2, self.outputs];
        let bound = 1.0 / (self.inputs * self.outputs) as f64;
        SpectralConvolution {
            weight: start.uniform_positive(shape, bound),
        }
    }
}

impl SpectralConvolution {
    /// Convolves every sample over its domain.
    ///
    /// The complex products of all modes are one batched product: per mode, the real and imaginary parts of the samples
    /// as rows, those of the weights as columns, so that the weights are read once.
    ///
    /// # Shapes
    /// - input: `[batch, nx, ny, nz, inputs]`
    /// - output: `[batch, nx, ny, nz, outputs]`
    ///
    /// # Panics
    /// If `transform` is not that of the input's grid and of this layer's modes.
    pub fn forward(&self, input: Tensor<5>, transform: &TruncatedTransform) -> Tensor<5> {
        let weight = self.weight.val();
        let [kx, ky, kz, inputs, _, outputs] = weight.dims();
        let (batch, modes) = (input.dims()[0], kx * ky * kz);
        let spectrum = transform.forward(input);
        assert_shape!(spectrum, [batch, modes, 2, inputs]);
        let products = spectrum
            .swap_dims(0, 1)
            .reshape([modes, batch * 2, inputs])
            .matmul(weight.reshape([modes, inputs, 2 * outputs]))
            .reshape([modes, batch, 4, outputs])
            .swap_dims(0, 1);
        transform.inverse(products)
    }
}
