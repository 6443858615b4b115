//! Components of a system and their left-hand sides.

use super::Parameters;
use super::lexer::{Kind, Token};
use super::parser;
use crate::error::EquationError;
use crate::expression::limit;
use crate::symbol::Variable;
use crate::system::{MAX_COMPONENTS, System};

/// The system that the tokens form.
pub(super) fn system(tokens: &[Token], parameters: &Parameters) -> Result<System, EquationError> {
    check_bars(tokens)?;
    let parts: Vec<&[Token]> = parts(tokens).collect();
    limit("components", parts.len(), MAX_COMPONENTS)?;
    let mut places = vec![None; parts.len()];
    for (index, part) in parts.iter().enumerate() {
        let equals = part.iter().position(|token| token.kind == Kind::Equals);
        let (place, right) = match equals {
            Some(equals) => (left_hand_side(&part[..equals], part)?, &part[equals + 1..]),
            None => (index, *part),
        };
        let component = parser::expression(right, parameters)?;
        match places.get_mut(place) {
            Some(free @ None) => *free = Some(component),
            Some(Some(_)) => return Err(misplaced(part, place, "one equation for each component")),
            None => return Err(misplaced(part, place, "no more components than equations")),
        }
    }
    // As many components as places, none of them twice.
    System::new(places.into_iter().flatten().collect())
}

/// The equations between bars, separators and line breaks.
pub(super) fn parts(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    tokens
        .split(|token| matches!(token.kind, Kind::Separator | Kind::Bar))
        // Line breaks may lie around a separator.
        .filter(|part| !part.is_empty())
}

/// Checks that there is an equation on either side of each bar.
fn check_bars(tokens: &[Token]) -> Result<(), EquationError> {
    let mut is_open = true;
    let mut bar = None;
    for token in tokens.iter().filter(|token| token.kind != Kind::Separator) {
        let is_bar = token.kind == Kind::Bar;
        if is_bar {
            bar = Some(token.position);
        }
        if is_bar && is_open {
            break;
        }
        is_open = is_bar;
    }
    match bar {
        Some(position) if is_open => Err(EquationError::Formula {
            position,
            found: "'|' with nothing on one side".to_owned(),
            expected: "an equation before and behind it".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Which tokens before an equals sign are the names of a derivative, above the line and below it: `dx/dt`, `\frac{dx}{dt}`.
pub(super) fn derivative(left: &[&Kind]) -> Option<[usize; 2]> {
    match left {
        [Kind::Name(_), Kind::Divide, Kind::Name(_)] => Some([0, 2]),
        [
            Kind::Fraction,
            Kind::Open(_),
            Kind::Name(_),
            Kind::Close(_),
            Kind::Open(_),
            Kind::Name(_),
            Kind::Close(_),
        ] => Some([2, 5]),
        _ => None,
    }
}

/// The component whose derivative stands before the equals sign: `dx/dt`, `x'`, `\dot{x}`, `\frac{dx}{dt}`.
fn left_hand_side(left: &[Token], part: &[Token]) -> Result<usize, EquationError> {
    let kinds: Vec<&Kind> = left.iter().map(|token| &token.kind).collect();
    let name = match (kinds.as_slice(), derivative(&kinds)) {
        (
            [Kind::Name(name), Kind::Prime]
            | [Kind::Dot, Kind::Open(_), Kind::Name(name), Kind::Close(_)],
            _,
        ) => Some(name.as_str()),
        (_, Some(places)) => match places.map(|place| kinds[place]) {
            [Kind::Name(over), Kind::Name(under)] if under == "dt" => over.strip_prefix('d'),
            _ => None,
        },
        _ => None,
    };
    let component = name.and_then(state);
    component.ok_or_else(|| EquationError::Formula {
        position: part[0].position,
        found: "another left-hand side".to_owned(),
        expected: "dx/dt, x' or \\dot{x} of a state".to_owned(),
    })
}

/// The component that a formula means by `x`, `y`, `z`, `w`, or `u_0`, `u_1`, ….
pub(super) fn state(name: &str) -> Option<usize> {
    match name {
        "x" => Some(0),
        "y" => Some(1),
        "z" => Some(2),
        "w" => Some(3),
        _ => match Variable::from_word(name) {
            Some(Variable::State(index)) => Some(usize::from(index)),
            _ => None,
        },
    }
}

fn misplaced(part: &[Token], place: usize, expected: &str) -> EquationError {
    EquationError::Formula {
        position: part[0].position,
        found: format!("the equation of u_{place}"),
        expected: expected.to_owned(),
    }
}
