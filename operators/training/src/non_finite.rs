//! Which parameter, or whose gradient, is the first that is not finite: for the message of a run that stops.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The path in `model` of the first parameter that holds NaN or infinite values; none if all are finite.
pub(crate) fn parameter<M: Module>(model: &M) -> Option<String> {
    find(model, None)
}

/// The path in `model` of the first parameter whose gradient holds NaN or infinite values.
pub(crate) fn gradient<M: Module>(model: &M, gradients: &GradientsParams) -> Option<String> {
    find(model, Some(gradients))
}

fn find<M: Module>(model: &M, gradients: Option<&GradientsParams>) -> Option<String> {
    let mut search = Search {
        gradients,
        path: Vec::new(),
        found: None,
    };
    model.visit(&mut search);
    search.found
}

struct Search<'a> {
    /// To look at in place of the values.
    gradients: Option<&'a GradientsParams>,
    path: Vec<String>,
    found: Option<String>,
}

impl ModuleVisitor for Search<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.found.is_some() {
            return;
        }
        let values = match self.gradients {
            None => Some(param.val().detach()),
            Some(gradients) => gradients.get::<D>(param.id),
        };
        // A sum of absolute values is finite if each of them is (or if it overflows, which is no better).
        let sum = values.map(|values| values.abs().sum().into_scalar::<f32>());
        if sum.is_some_and(|sum| !sum.is_finite()) {
            self.found = Some(self.path.join("."));
        }
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}
