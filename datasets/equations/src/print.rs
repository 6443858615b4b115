//! Formulas of expressions: as people write them, for SymPy, in LaTeX, and in the authors' infix words.
//!
//! Every form keeps all digits and is read back as exactly the same expression.

use std::fmt;

use crate::expression::Expression;
use crate::number::shortest;
use crate::symbol::{Operator, Symbol, Variable};
use crate::system::System;
use crate::words::PLACEHOLDER;

/// How a formula looks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    Infix,
    Sympy,
    Latex,
}

/// How strongly the outermost operator of a printed part binds.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Sum,
    Product,
    Sign,
    Power,
    Atom,
}

/// A part of a formula.
struct Part {
    text: String,
    binding: Binding,
    /// A number without a sign: one in front would become part of it.
    bare_number: bool,
}

impl Expression {
    /// In Python for SymPy: `-0.185*u_0 + sin(u_1)`, powers as `u_0**2`.
    pub fn sympy(&self) -> String {
        self.print(Style::Sympy)
    }

    /// In LaTeX, for mathematics mode.
    pub fn latex(&self) -> String {
        self.print(Style::Latex)
    }

    /// In the authors' infix words: `((-0.185 mul u_0) add sin(u_1))`.
    pub fn infix_words(&self) -> String {
        self.fold(|symbol, operands: &[String]| match (symbol, operands) {
            (Symbol::Operator(operator), [a, b]) => format!("({a} {} {b})", operator.word()),
            (Symbol::Operator(operator), [a]) => format!("{}({a})", operator.word()),
            (Symbol::Placeholder, _) => PLACEHOLDER.to_owned(),
            (leaf, _) => Style::Infix.leaf(leaf).text,
        })
    }

    fn print(&self, style: Style) -> String {
        self.print_with(style, &[])
    }

    /// The formula with these names for as many components as there are names.
    fn print_with(&self, style: Style, names: &[String]) -> String {
        let name = |symbol| match symbol {
            Symbol::Variable(Variable::State(index)) => names.get(usize::from(index)),
            _ => None,
        };
        self.fold(|symbol, operands: &[Part]| match (symbol, operands) {
            (Symbol::Operator(operator), [a, b]) => style.binary(operator, a, b),
            (Symbol::Operator(operator), [a]) => style.unary(operator, a),
            (leaf, _) => name(leaf).map_or_else(|| style.leaf(leaf), |name| style.name(name)),
        })
        .text
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.print(Style::Infix))
    }
}

impl System {
    /// In Python for SymPy: a list of right-hand sides.
    pub fn sympy(&self) -> String {
        format!("[{}]", self.joined(", ", Expression::sympy))
    }

    /// In LaTeX: one equation a line, for the environment `gathered`.
    pub fn latex(&self) -> String {
        let equations = self.components().iter().enumerate();
        let lines: Vec<String> = equations
            .map(|(index, right)| format!("\\dot{{u_{{{index}}}}} = {}", right.latex()))
            .collect();
        lines.join(" \\\\\n")
    }

    /// The right-hand sides in formulas with these names for the components.
    pub(crate) fn formulas_with(&self, names: &[String]) -> Vec<String> {
        let components = self.components().iter();
        components
            .map(|right| right.print_with(Style::Infix, names))
            .collect()
    }

    /// In LaTeX with these names for the components, else as [`Self::latex`].
    pub fn latex_with_names(&self, names: &[String]) -> String {
        let equations = self.components().iter().zip(names);
        let lines: Vec<String> = equations
            .map(|(right, name)| {
                let left = Style::Latex.name(name).text;
                format!(
                    "\\dot{{{left}}} = {}",
                    right.print_with(Style::Latex, names)
                )
            })
            .collect();
        lines.join(" \\\\\n")
    }

    /// In the authors' infix words, components joined by ` | `.
    pub fn infix_words(&self) -> String {
        self.joined(" | ", Expression::infix_words)
    }

    fn joined(&self, separator: &str, print: impl Fn(&Expression) -> String) -> String {
        let components: Vec<String> = self.components().iter().map(print).collect();
        components.join(separator)
    }
}

impl fmt::Display for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.joined(" | ", Expression::to_string))
    }
}

impl Style {
    /// A component by its name.
    fn name(self, name: &str) -> Part {
        let text = match (self, Variable::from_word(name)) {
            (Self::Latex, Some(variable)) => latex_variable(variable),
            (Self::Latex, None) => format!("\\mathrm{{{}}}", name.replace('_', "\\_")),
            _ => name.to_owned(),
        };
        Part {
            text,
            binding: Binding::Atom,
            bare_number: false,
        }
    }

    fn leaf(self, symbol: Symbol) -> Part {
        let text = match symbol {
            Symbol::Number(number) => return self.number(shortest(number)),
            Symbol::Integer(integer) => return self.number(integer.to_string()),
            Symbol::Variable(variable) if self == Self::Latex => latex_variable(variable),
            Symbol::Variable(variable) => variable.to_string(),
            _ => "C".to_owned(),
        };
        Part {
            text,
            binding: Binding::Atom,
            bare_number: false,
        }
    }

    fn number(self, digits: String) -> Part {
        let scientific = digits.split_once('e').filter(|_| self == Self::Latex);
        let (text, unsigned) = match scientific {
            Some((mantissa, power)) => {
                let power: i32 = power.parse().unwrap_or(0);
                let text = format!("{mantissa} \\times 10^{{{power}}}");
                (text, Binding::Product)
            }
            None => (digits, Binding::Atom),
        };
        let negative = text.starts_with('-');
        let binding = if negative && unsigned == Binding::Atom {
            Binding::Sign
        } else {
            unsigned
        };
        Part {
            text,
            binding,
            bare_number: !negative,
        }
    }

    fn binary(self, operator: Operator, a: &Part, b: &Part) -> Part {
        if operator == Operator::Div && self == Self::Latex {
            return compound(
                format!("\\frac{{{}}}{{{}}}", a.text, b.text),
                Binding::Power,
            );
        }
        let (sign, binding) = match operator {
            Operator::Add => (" + ", Binding::Sum),
            Operator::Sub => (" - ", Binding::Sum),
            Operator::Div => ("/", Binding::Product),
            _ if self == Self::Latex => (" \\cdot ", Binding::Product),
            _ => ("*", Binding::Product),
        };
        let left = self.bracketed(a, a.binding < binding);
        let right = self.bracketed(b, b.binding <= binding || b.text.starts_with('-'));
        compound(left + sign + &right, binding)
    }

    fn unary(self, operator: Operator, a: &Part) -> Part {
        let power = |exponent: &str| {
            let base = self.bracketed(a, a.binding < Binding::Atom);
            compound(base + exponent, Binding::Power)
        };
        match (operator, self) {
            (Operator::Neg, _) => {
                let operand = self.bracketed(a, a.binding < Binding::Power || a.bare_number);
                compound(format!("-{operand}"), Binding::Sign)
            }
            (Operator::Pow2, Self::Infix | Self::Latex) => power("^2"),
            (Operator::Pow2, Self::Sympy) => power("**2"),
            (Operator::Inv, Self::Infix) => power("^(-1)"),
            (Operator::Inv, Self::Sympy) => power("**(-1)"),
            (Operator::Inv, Self::Latex) => power("^{-1}"),
            (function, _) => {
                let command = if self == Self::Latex { "\\" } else { "" };
                let operand = self.bracketed(a, true);
                compound(
                    format!("{command}{}{operand}", function.word()),
                    Binding::Atom,
                )
            }
        }
    }

    fn bracketed(self, part: &Part, needed: bool) -> String {
        match (needed, self) {
            (false, _) => part.text.clone(),
            (true, Self::Latex) => format!("\\left({}\\right)", part.text),
            (true, _) => format!("({})", part.text),
        }
    }
}

fn compound(text: String, binding: Binding) -> Part {
    Part {
        text,
        binding,
        bare_number: false,
    }
}

fn latex_variable(variable: Variable) -> String {
    match variable {
        Variable::State(index) => format!("u_{{{index}}}"),
        Variable::Space(index) => format!("x_{{{index}}}"),
        Variable::Time => "t".to_owned(),
        Variable::Derivative(index, along) => {
            format!("u_{{{index},{}}}", along.suffix())
        }
    }
}
