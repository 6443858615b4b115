//! What the parity suites of trained models share.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Gradients, Tensor};

/// The module with each parameter replaced by its gradient; zero where the loss does not depend on it.
pub fn gradients_of<M: Module>(model: M, gradients: Gradients) -> M {
    struct Replace(Gradients);
    impl ModuleMapper for Replace {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let gradient = param.val().grad(&self.0);
            param.map(|value| gradient.unwrap_or_else(|| value.inner().zeros_like()))
        }
    }
    model.map(&mut Replace(gradients))
}

/// The number behind `key` in a sentence.
pub fn number_after(text: &str, key: &str) -> Option<f64> {
    let rest = text[text.find(key)? + key.len()..].trim_start();
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+')))
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}
