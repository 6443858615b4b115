//! Signs that stand twice: `a - (-2*b)` is `a + 2*b`.

use crate::expression::Expression;
use crate::symbol::{Operator, Symbol};
use crate::system::System;

impl Expression {
    /// The same expression, where nothing that begins with a minus is added, subtracted or has another one before it: the sign becomes that
    /// of the operator. Values are exactly the same.
    pub fn signs_folded(&self) -> Self {
        let symbols = self.fold(|symbol, operands: &[Vec<Symbol>]| {
            let with = |operator, a: &[Symbol], b: &[Symbol]| {
                [&[Symbol::Operator(operator)][..], a, &negated(b)?]
                    .concat()
                    .into()
            };
            let turned: Option<Vec<Symbol>> = match (symbol, operands) {
                (Symbol::Operator(Operator::Add), [a, b]) => with(Operator::Sub, a, b),
                (Symbol::Operator(Operator::Sub), [a, b]) => with(Operator::Add, a, b),
                (Symbol::Operator(Operator::Neg), [a]) => negated(a),
                _ => None,
            };
            turned.unwrap_or_else(|| [&[symbol][..], &operands.concat()].concat())
        });
        Self::new(symbols).unwrap_or_else(|_| self.clone())
    }
}

impl System {
    /// The system with the signs of every component folded.
    pub fn signs_folded(&self) -> Self {
        self.map(Expression::signs_folded)
    }
}

/// A product whose first factor has a minus, without it; none of others.
fn negated(product: &[Symbol]) -> Option<Vec<Symbol>> {
    let is_product = |s: &&Symbol| matches!(s, Symbol::Operator(Operator::Mul | Operator::Div));
    let first = product.iter().take_while(is_product).count();
    let positive = match *product.get(first)? {
        Symbol::Number(number) if number < 0.0 => Some(Symbol::Number(-number)),
        Symbol::Integer(integer) if integer < 0 => Some(Symbol::Integer(integer.checked_neg()?)),
        Symbol::Operator(Operator::Neg) => None,
        _ => return None,
    };
    let (before, behind) = (&product[..first], &product[first + 1..]);
    Some([before, positive.as_slice(), behind].concat())
}

#[cfg(test)]
mod tests {
    use crate::system::System;

    #[test]
    fn a_minus_behind_an_operator_becomes_its_sign() {
        for (written, folded) in [
            ("0.6*u_0 - -0.02*u_0*u_1", "0.6*u_0 + 0.02*u_0*u_1"),
            ("u_0 + -2*u_1", "u_0 - 2*u_1"),
            ("-(-0.01)*u_0", "0.01*u_0"),
            ("-(-0.01*u_0) - u_1", "0.01*u_0 - u_1"),
            ("u_0 - (-u_1)", "u_0 + u_1"),
            ("u_0 - (-0.5/u_1 - -3)", "u_0 - (-0.5/u_1 + 3)"),
            ("sin(u_0 - (-0.1)*u_1)^2", "sin(u_0 + 0.1*u_1)^2"),
            ("-0.5*u_0 - 2*u_1", "-0.5*u_0 - 2*u_1"),
            ("u_0 - u_1*(-2)", "u_0 - u_1*(-2)"),
        ] {
            let pair = format!("{written} | u_1");
            let system: System = pair.parse().unwrap();
            let found = system.signs_folded();
            assert_eq!(found.to_string(), format!("{folded} | u_1"));
            assert_eq!(found.to_string().parse::<System>().unwrap(), found);
        }
    }

    #[test]
    fn the_folded_system_has_the_same_words_in_every_form() {
        let system: System = "x - (-0.02)*x*y | -0.9*y + -0.03*x*y".parse().unwrap();
        let folded = system.signs_folded();
        assert_eq!(
            folded.latex().matches("\\left(-").count(),
            0,
            "{}",
            folded.latex()
        );
        let prefix = folded.prefix().join(" ");
        let words: Vec<&str> = prefix.split(' ').collect();
        assert_eq!(System::from_words(&words).unwrap(), folded);
    }
}
