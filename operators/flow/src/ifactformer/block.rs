//! The factorized attention block.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::gelu;
use rheome_backend::fused;
use rheome_backend::fused::factorized::mix_along_axes;
use rheome_backend::fused::heads::linear_to_heads;
use rheome_backend::fused::residual::add_gelu_linear;
use rheome_layers::initialization::Initialization;
use rheome_layers::instance_norm::normalized_linear;
use rheome_layers::layer_norm::layer_norm;
use rheome_layers::rotary::RotaryTable;

use super::config::{Composition, IFactFormerConfig};
use super::kernel::AxisKernel;

/// The factorized attention block: layer norm, one kernel per axis, values through the kernels, instance norm, output
/// network.
#[derive(Module, Debug)]
pub struct FactorizedAttention {
    /// Norm of the input.
    pub in_norm: LayerNorm,
    /// `[dim, heads * dim_head]`, the head being the slow index.
    pub to_v: Linear,
    /// `[dim, dim]`, in front of the pooling.
    pub to_in: Linear,
    /// The kernels of x, y and (in three dimensions) z.
    pub axes: Vec<AxisKernel>,
    /// `[heads * parts * dim_head, dim]`: the first map behind the instance norm, its rows head by head and, within a
    /// head, axis by axis (`parts` is the number of axes in -m, 1 in -o).
    pub mix: Linear,
    /// `[dim, dim]`
    pub out: Linear,
    heads: usize,
    #[module(skip)]
    composition: Composition,
}

impl FactorizedAttention {
    /// Draws the weights.
    pub fn init(
        config: &IFactFormerConfig,
        composition: Composition,
        start: &mut Initialization,
    ) -> Self {
        let inner = config.heads * config.dim_head;
        let parts = match composition {
            Composition::Parallel => config.axes(),
            Composition::Chained => 1,
        };
        Self {
            in_norm: start.layer_norm(config.dim),
            to_v: start.linear(config.dim, inner, false),
            to_in: start.linear(config.dim, config.dim, false),
            axes: (0..config.axes())
                .map(|_| AxisKernel::init(config, start))
                .collect(),
            mix: start.linear(parts * inner, config.dim, false),
            out: start.linear(config.dim, config.dim, false),
            heads: config.heads,
            composition,
        }
    }

    /// What one iteration adds to the features (before the division by their number).
    ///
    /// # Shapes
    /// - input: `[batch, nx, ny, nz, dim]`
    /// - output: `[batch, nx, ny, nz, dim]`
    pub fn forward(&self, input: Tensor<5>, tables: &[RotaryTable]) -> Tensor<5> {
        let shape = input.dims();
        self.out
            .forward(gelu(self.mixed(input, tables)))
            .reshape(shape)
    }

    /// The features after one iteration: `input + share forward(input)`.
    ///
    /// # Shapes
    /// - input, output: `[batch, nx, ny, nz, dim]`
    pub fn advance(&self, input: Tensor<5>, tables: &[RotaryTable], share: f64) -> Tensor<5> {
        if !fused::available(&input) || !fused::available(&self.out.weight.val()) {
            return input.clone() + self.forward(input, tables).mul_scalar(share);
        }
        let shape = input.dims();
        let dim = shape[4];
        let mixed = self.mixed(input.clone(), tables).reshape([-1, dim as i32]);
        let base = input.reshape([-1, dim as i32]);
        add_gelu_linear(base, mixed, self.out.weight.val(), share).reshape(shape)
    }

    /// What the output network acts on: `[batch, points, dim]`.
    fn mixed(&self, input: Tensor<5>, tables: &[RotaryTable]) -> Tensor<3> {
        let normal = layer_norm(&self.in_norm, input);
        let kernels = self.kernels_of(normal.clone(), tables);
        let values = self.values(normal);
        match self.composition {
            Composition::Parallel => self.mix_parallel(kernels, values),
            Composition::Chained => self.mix_chained(kernels, values),
        }
    }

    /// The kernels of all axes for an input of the block.
    ///
    /// # Shapes
    /// - input: `[batch, nx, ny, nz, dim]`
    /// - output: per axis `[batch, heads, n, n]`
    pub fn kernels(&self, input: Tensor<5>, tables: &[RotaryTable]) -> Vec<Tensor<4>> {
        self.kernels_of(layer_norm(&self.in_norm, input), tables)
    }

    fn kernels_of(&self, normal: Tensor<5>, tables: &[RotaryTable]) -> Vec<Tensor<4>> {
        let pooled = pool(normal);
        self.axes
            .iter()
            .zip(pooled)
            .zip(tables)
            .map(|((axis, pooled), table)| axis.forward(self.to_in.forward(pooled), table))
            .collect()
    }

    /// Values head by head: `[batch, nx, ny, nz, dim]` to `[batch, heads, nx, ny, nz, dim_head]`.
    fn values(&self, normal: Tensor<5>) -> Tensor<6> {
        let [batch, nx, ny, nz, dim] = normal.dims();
        let weight = self.to_v.weight.val();
        let dim_head = weight.dims()[1] / self.heads;
        if fused::available(&normal) && fused::available(&weight) {
            let normal = normal.reshape([batch, nx * ny * nz, dim]);
            return linear_to_heads(normal, weight, self.heads)
                .reshape([batch, self.heads, nx, ny, nz, dim_head]);
        }
        let weight = weight
            .reshape([1, dim, self.heads, dim_head])
            .swap_dims(1, 2);
        normal
            .reshape([batch, 1, nx * ny * nz, dim])
            .matmul(weight)
            .reshape([batch, self.heads, nx, ny, nz, dim_head])
    }

    fn mix_parallel(&self, kernels: Vec<Tensor<4>>, values: Tensor<6>) -> Tensor<3> {
        let weight = self.mix.weight.val();
        let [inner, dim] = weight.dims();
        let parts = self.axes.len();
        let dim_head = inner / (self.heads * parts);
        let weight = weight.reshape([self.heads, parts, dim_head, dim]);
        if fused::available(&values) && fused::available(&weight) {
            return mix_along_axes(kernels, values, weight);
        }
        kernels
            .into_iter()
            .enumerate()
            .map(|(axis, kernel)| {
                let part = apply_along(axis, kernel, values.clone());
                let weight = weight.clone().narrow(1, axis, 1).squeeze_dim::<3>(1);
                normalized_linear(over_points(part), weight)
            })
            .reduce(Tensor::add)
            // A block has two or three axes.
            .unwrap_or_else(|| unreachable!("a block without axes"))
    }

    fn mix_chained(&self, kernels: Vec<Tensor<4>>, values: Tensor<6>) -> Tensor<3> {
        let last = kernels
            .into_iter()
            .enumerate()
            .fold(values, |values, (axis, kernel)| {
                apply_along(axis, kernel, values)
            });
        let weight = self.mix.weight.val();
        let [inner, dim] = weight.dims();
        let weight = weight.reshape([self.heads, inner / self.heads, dim]);
        normalized_linear(over_points(last), weight)
    }
}

/// Means over the other axes: `[batch, nx, ny, nz, dim]` to `[batch, n, dim]` for x, y and z.
fn pool(normal: Tensor<5>) -> [Tensor<3>; 3] {
    let [batch, nx, ny, nz, dim] = normal.dims();
    let over_z = normal.clone().mean_dim(3);
    [
        over_z.clone().mean_dim(2).reshape([batch, nx, dim]),
        over_z.mean_dim(1).reshape([batch, ny, dim]),
        normal.mean_dim(1).mean_dim(2).reshape([batch, nz, dim]),
    ]
}

/// Applies a kernel along one axis of the values.
///
/// # Shapes
/// - kernel: `[batch, heads, n, n]`
/// - values, output: `[batch, heads, nx, ny, nz, dim_head]`
fn apply_along(axis: usize, kernel: Tensor<4>, values: Tensor<6>) -> Tensor<6> {
    let shape = values.dims();
    let [batch, heads, nx, ny, nz, dim_head] = shape;
    match axis {
        0 => kernel
            .matmul(values.reshape([batch, heads, nx, ny * nz * dim_head]))
            .reshape(shape),
        1 => kernel
            .unsqueeze_dim::<5>(2)
            .matmul(values.reshape([batch, heads, nx, ny, nz * dim_head]))
            .reshape(shape),
        _ => kernel
            .unsqueeze_dim::<5>(2)
            .matmul(values.reshape([batch, heads, nx * ny, nz, dim_head]))
            .reshape(shape),
    }
}

fn over_points(values: Tensor<6>) -> Tensor<4> {
    let [batch, heads, nx, ny, nz, dim_head] = values.dims();
    values.reshape([batch, heads, nx * ny * nz, dim_head])
}
