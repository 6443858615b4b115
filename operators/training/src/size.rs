//! How large a model is.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Numbers of a model that training changes: its parameters without the fixed matrices among them (frequencies, random features), which
/// have no gradient. The model is on a device that records gradients.
pub fn num_trained<M: Module>(model: &M) -> usize {
    let mut count = Count(0);
    model.visit(&mut count);
    count.0
}

struct Count(usize);

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val();
        if values.is_require_grad() {
            self.0 += values.shape().num_elements();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Net {
        fixed: Param<Tensor<2>>,
        map: Linear,
    }

    #[test]
    fn fixed_matrices_are_not_counted() {
        let device = Device::flex().autodiff();
        let matrix = Param::from_tensor(Tensor::<2>::ones([7, 5], &device));
        let net = Net {
            fixed: matrix.set_require_grad(false),
            map: LinearConfig::new(3, 4).init(&device),
        };
        assert_eq!(num_trained(&net), 3 * 4 + 4);
        assert_eq!(net.num_params(), 35 + 16);
    }
}
