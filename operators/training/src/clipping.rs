//! Clipping of gradients by their joint norm, as PyTorch's `clip_grad_norm_` does (Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063).

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Scales all gradients of `model` together so that their joint Euclidean norm is at most `limit`, and returns the norm
/// before (PyTorch's `clip_grad_norm_`; burn's own clipping works on each parameter apart). `limit = None` only measures.
///
/// The norm is NaN or infinite if any gradient is; nothing is scaled then.
pub fn clip_global_norm<M: Module>(
    model: &M,
    gradients: &mut GradientsParams,
    limit: Option<f32>,
) -> f32 {
    let mut measure = SquaredNorm {
        gradients,
        total: None,
    };
    model.visit(&mut measure);
    let Some(total) = measure.total else {
        return 0.0;
    };
    let norm = total.sqrt().into_scalar::<f32>();
    if let Some(limit) = limit
        && norm.is_finite()
        && norm > limit
    {
        model.visit(&mut Scale {
            gradients,
            factor: limit / norm,
        });
    }
    norm
}

/// Sums squares on the device, so that one number crosses to the host.
struct SquaredNorm<'a> {
    gradients: &'a GradientsParams,
    total: Option<Tensor<1>>,
}

impl ModuleVisitor for SquaredNorm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let squares = gradient.square().sum();
            self.total = Some(match self.total.take() {
                Some(total) => total + squares,
                None => squares,
            });
        }
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f32,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients
                .register(param.id, gradient.mul_scalar(self.factor));
        }
    }
}
