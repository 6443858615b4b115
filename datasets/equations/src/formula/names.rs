//! Names of one's own for the components of a system.

use super::lexer::{Kind, Token};
use crate::symbol::{Operator, Variable};
use crate::words::PLACEHOLDER;

/// The name that stands for an unknown number.
const UNKNOWN: &str = "C";

/// Whether formulas have another meaning for a name, whatever a component is called.
pub(super) fn is_word(text: &str) -> bool {
    text == UNKNOWN || text == PLACEHOLDER || Operator::from_word(text).is_some()
}

/// The tokens with `u_0`, `u_1`, ... for the components of these `names`, and `du_0` for `d` before a name.
pub(super) fn resolved(mut tokens: Vec<Token>, names: &[String]) -> Vec<Token> {
    let index = |text: &str| {
        let place = names.iter().position(|name| name == text);
        place.filter(|_| !is_word(text))
    };
    for token in &mut tokens {
        let Kind::Name(text) = &mut token.kind else {
            continue;
        };
        if let Some(index) = index(text) {
            *text = format!("u_{index}");
        } else if let Some(index) = text.strip_prefix('d').and_then(index)
            && Variable::from_word(text).is_none()
        {
            *text = format!("du_{index}");
        }
    }
    tokens
}
