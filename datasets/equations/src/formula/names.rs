//! Names of one's own for the components of a system.

use super::lexer::{Kind, Token};
use super::system::state;
use super::{Parameters, parser};
use crate::error::EquationError;
use crate::symbol::{Operator, Variable};
use crate::words::PLACEHOLDER;

/// The name that stands for an unknown number.
const UNKNOWN: &str = "C";

/// Whether formulas have another meaning for a name, whatever a component is called.
fn is_word(text: &str) -> bool {
    text == UNKNOWN || text == PLACEHOLDER || Operator::from_word(text).is_some()
}

/// The component that formulas mean by a name, where components are called by `names`: the one of this name; or of this name in capital
/// letters or small ones, if there is only one and this one means nothing else (`t` is the time, whatever T is); or, of `u_0`, `u_1`, …,
/// the one that `x`, `y`, `z` or `w` stands for. A component that is called as a word of formulas is not found.
pub(crate) fn place_of(text: &str, names: &[String]) -> Option<usize> {
    if is_word(text) {
        return None;
    }
    let small = text.to_lowercase();
    // `dt` and `dx` are parts of a left-hand side, whatever DT and DX are.
    let is_derivative = text.strip_prefix('d').is_some_and(|rest| {
        rest == "t" || state(rest).is_some() || names.iter().any(|name| name == rest)
    });
    let means_else = is_derivative || parser::symbol(text).is_some() && state(text).is_none();
    let alike = |name: &String| !means_else && name.to_lowercase() == small;
    let only = || match names.iter().filter(|name| alike(name)).count() {
        1 => names.iter().position(alike),
        _ => None,
    };
    let numbered = || {
        let called = format!("u_{}", state(text)?);
        names.iter().position(|name| *name == called)
    };
    let exact = names.iter().position(|name| name == text);
    exact.or_else(only).or_else(numbered)
}

/// Names of components that formulas take for something else (`C` is a number that is not known), as far as `formulas` have them.
///
/// # Errors
/// Names the first character that cannot be understood.
pub fn words_among(formulas: &str, names: &[String]) -> Result<Vec<usize>, EquationError> {
    let tokens = super::lexer::tokens(formulas)?;
    let is_there = |name: &String| {
        let is_name = |text: &str| text == name || text.strip_prefix('d') == Some(name);
        let says = |token: &Token| matches!(&token.kind, Kind::Name(text) if is_name(text));
        is_word(name) && tokens.iter().any(says)
    };
    let places = (0..names.len()).filter(|place| is_there(&names[*place]));
    Ok(places.collect())
}

/// Whether a letter, or a number such as `u_1`, that is no name may be taken for another component than the one at its place, called `name`:
/// one has a letter for a name, or any of `names` is such a number.
fn is_taken_for_another(letter: &str, name: &str, names: &[String]) -> bool {
    let is_number = |name: &str| name.starts_with("u_") && state(name).is_some();
    match is_number(letter) {
        true => names.iter().any(|name| is_number(name)),
        false => state(&name.to_lowercase()).is_some(),
    }
}

/// The tokens with `u_0`, `u_1`, ... for the components of these `names`, and `du_0` for `d` before a name.
///
/// # Errors
/// Names a letter, or a number of a component, that stands by its place for a component that is called by another one of these: with the
/// columns y and z, x would be the first component, which is y.
pub(super) fn resolved(
    mut tokens: Vec<Token>,
    names: &[String],
    parameters: &Parameters,
) -> Result<Vec<Token>, EquationError> {
    for token in &mut tokens {
        let Kind::Name(text) = &mut token.kind else {
            continue;
        };
        let is_parameter = parameters.contains_key(text) && !names.contains(text);
        if is_parameter {
            continue;
        }
        if let Some(index) = place_of(text, names) {
            *text = format!("u_{index}");
            continue;
        }
        let left = text
            .strip_prefix('d')
            .filter(|_| Variable::from_word(text).is_none());
        if let Some(index) = left.and_then(|name| place_of(name, names)) {
            *text = format!("du_{index}");
            continue;
        }
        let by_place = [Some(&**text), left]
            .into_iter()
            .flatten()
            .find(|name| state(name).is_some());
        if let Some(letter) = by_place
            && let Some(name) = state(letter).and_then(|index| names.get(index))
            && is_taken_for_another(letter, name, names)
        {
            return Err(EquationError::Formula {
                position: token.position,
                found: format!("{text:?}, which is no name of a component"),
                expected: format!("names alone, since {name:?} is one"),
            });
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::lexer;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_name_is_found_whatever_its_case() {
        for (text, names, place) in [
            ("x", &["Y", "X"][..], Some(1)),
            ("hare", &["Hare", "Lynx"], Some(0)),
            // Both are there.
            ("N", &["n", "N"], Some(1)),
            ("AB", &["ab", "Ab"], None),
            // Of numbered components, as formulas number them.
            ("z", &["u_2", "u_0"], Some(0)),
            ("x", &["u_2", "u_0"], Some(1)),
            ("y", &["u_2", "u_0"], None),
            ("x", &["Hare", "Lynx"], None),
            // The time, and the number.
            ("t", &["T", "x"], None),
            ("T", &["T", "x"], Some(0)),
            ("pi", &["PI"], None),
            // A number that is not known.
            ("C", &["C", "E"], None),
            ("c", &["C", "E"], Some(0)),
            // Parts of left-hand sides.
            ("dt", &["x", "DT"], None),
            ("dx", &["x", "Dx"], None),
            ("DT", &["x", "DT"], Some(1)),
        ] {
            assert_eq!(place_of(text, &owned(names)), place, "{text} {names:?}");
        }
    }

    #[test]
    fn a_letter_by_place_is_refused_where_that_place_has_another_letter() {
        let read = |formula: &str, names: &[&str]| {
            let tokens = lexer::tokens(formula).unwrap();
            resolved(tokens, &owned(names), &Parameters::new())
        };
        for (formula, names, letter) in [
            ("C x - C x y | C x y - C y", &["y", "z"][..], "\"x\""),
            ("C y | C z", &["z", "x"], "\"y\""),
            ("dx/dt = C y; dz/dt = C y", &["y", "z"], "\"dx\""),
            ("C y | C z", &["u_2", "u_0"], "\"y\""),
            ("C u_1 | C u_0", &["u_2", "u_0"], "\"u_1\""),
        ] {
            let message = read(formula, names).unwrap_err().to_string();
            assert!(
                message.contains(&format!("found {letter}")),
                "{formula}: {message}"
            );
        }
        let parameters = Parameters::from([("a".to_owned(), 2.0), ("y".to_owned(), 3.0)]);
        let tokens = lexer::tokens("a A | y").unwrap();
        let read_with = resolved(tokens.clone(), &owned(&["A", "x"]), &parameters).unwrap();
        assert_eq!((&read_with[0], &read_with[2..]), (&tokens[0], &tokens[2..]));
        assert_eq!(read_with[1].kind, Kind::Name("u_0".to_owned()));
        for (formula, names) in [
            ("C x - C x y | C x y - C y", &["x", "y"][..]),
            ("C x - C x y | C x y - C y", &["Hare", "Lynx"]),
            ("C Hare - C x y | C x y - C y", &["Hare", "Lynx"]),
            // A place and a speed.
            ("C y | C x", &["x", "v"]),
            ("C z | C x", &["u_2", "u_0"]),
            ("C u_0 - C u_0 E | C E", &["C", "E"]),
            // As results are printed.
            ("C u_0 - C u_0 u_1 | C u_0 u_1 - C u_1", &["x", "y"]),
            ("C u_2 | C w | C", &["u", "v", "w"]),
            ("dx/dt = C x - C x y; dy/dt = C y", &["x", "DT"]),
        ] {
            assert!(read(formula, names).is_ok(), "{formula} {names:?}");
        }
    }

    #[test]
    fn components_called_as_words_are_told() {
        let names = owned(&["C", "E", "sin"]);
        assert_eq!(words_among("C E | C", &names), Ok(vec![0]));
        assert_eq!(words_among("sin(E) | 2 E", &names), Ok(vec![2]));
        assert_eq!(words_among("2 u_0 | 3 E", &names), Ok(vec![]));
        assert_eq!(words_among("dC/dt = 2; dE/dt = 3", &names), Ok(vec![0]));
        assert!(words_among("C ? E", &names).is_err());
    }
}
