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
        let small = rest.to_lowercase();
        let is_name = names.iter().any(|name| name.to_lowercase() == small);
        rest == "t" || state(rest).is_some() || is_name
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

/// Whether a number such as `u_1` does not mean the component at its place: some are called by numbers, and not all by that of their
/// place.
pub(super) fn are_renumbered(names: &[String]) -> bool {
    let is_other = |(place, name): (usize, &String)| !is_number(name) || state(name) != Some(place);
    names.iter().any(|name| is_number(name)) && names.iter().enumerate().any(is_other)
}

fn is_number(name: &str) -> bool {
    name.starts_with("u_") && state(name).is_some()
}

/// Whether a letter, or a number such as `u_1`, that is no name may be taken for another component than the one at its place, called `name`:
/// one has a letter for a name, or any of `names` is such a number.
fn is_taken_for_another(letter: &str, name: &str, names: &[String]) -> bool {
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
    let derivatives = derivatives(&tokens);
    for (place, token) in tokens.iter_mut().enumerate() {
        let Kind::Name(text) = &mut token.kind else {
            continue;
        };
        // `dt` below the line is no component, whatever is called so, and `dx` above it is that of x.
        let (is_over, is_under) = (
            derivatives.iter().any(|[over, _]| *over == place),
            derivatives.iter().any(|[_, under]| *under == place),
        );
        let is_parameter = parameters.contains_key(text) && !names.contains(text);
        if is_under || is_parameter && !is_over {
            continue;
        }
        if let Some(index) = place_of(text, names).filter(|_| !is_over) {
            *text = format!("u_{index}");
            continue;
        }
        let left = text
            .strip_prefix('d')
            .filter(|_| is_over || Variable::from_word(text).is_none());
        if let Some(index) = left.and_then(|name| place_of(name, names)) {
            *text = format!("du_{index}");
            continue;
        }
        let by_place = [Some(&**text).filter(|_| !is_over), left]
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

/// Where the two names of each derivative before an equals sign are: `dx/dt`, `\frac{dx}{dt}`.
fn derivatives(tokens: &[Token]) -> Vec<[usize; 2]> {
    let name = |place: usize| match &tokens[place].kind {
        Kind::Name(name) => Some(name.as_str()),
        _ => None,
    };
    let equals = (0..tokens.len()).filter(|place| tokens[*place].kind == Kind::Equals);
    let before = |equals: usize| {
        let begin = tokens[..equals]
            .iter()
            .rposition(|token| matches!(token.kind, Kind::Separator | Kind::Bar));
        let begin = begin.map_or(0, |place| place + 1);
        let kinds: Vec<&Kind> = tokens[begin..equals].iter().map(|t| &t.kind).collect();
        let [over, under] = super::system::derivative(&kinds)?.map(|place| begin + place);
        let is_one = name(over)?.starts_with('d') && name(under)? == "dt";
        is_one.then_some([over, under])
    };
    equals.filter_map(before).collect()
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
            ("da", &["A", "DA"], None),
            ("DA", &["A", "DA"], Some(1)),
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
    fn a_derivative_before_an_equals_sign_is_one_whatever_components_are_called() {
        let read = |formula: &str, names: &[&str]| {
            let none = Parameters::new();
            crate::System::parse_with_names(formula, &none, &owned(names)).map(|s| s.to_string())
        };
        for (formula, names, expected) in [
            (
                "dx/dt = 2 dt; ddt/dt = 3 x",
                &["x", "dt"][..],
                "2*u_1 | 3*u_0",
            ),
            ("dx/dt = 2 dx; ddx/dt = 3 x", &["x", "dx"], "2*u_1 | 3*u_0"),
            (
                "\\frac{dx}{dt} = 2 dx; dx' = 3 x",
                &["x", "dx"],
                "2*u_1 | 3*u_0",
            ),
            (
                "dx/dt = 2 dx; \\dot{dx} = dx/dt",
                &["x", "dx", "dt"],
                "2*u_1 | u_1/u_2",
            ),
            ("da/dt = 2 DA; dDA/dt = 3 a", &["A", "DA"], "2*u_1 | 3*u_0"),
            // x by its place.
            (
                "dx/dt = 2 dx; ddx/dt = 3 x",
                &["Hare", "dx"],
                "2*u_1 | 3*u_0",
            ),
        ] {
            let found = match names.len() {
                3 => read(&format!("{formula}; ddt/dt = dt"), names),
                _ => read(formula, names),
            };
            let expected = match names.len() {
                3 => format!("{expected} | u_2"),
                _ => expected.to_owned(),
            };
            assert_eq!(found, Ok(expected), "{formula} {names:?}");
        }
        let message = read("dx/dt = y; dy/dt = x", &["y", "z"])
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("found \"dx\", which is no name"),
            "{message}"
        );
    }

    #[test]
    fn what_is_printed_with_own_names_is_read_as_the_same() {
        for (names, formulas) in [
            (
                &["u_1", "u_2"][..],
                Some("2.0*u_1 - 3*u_1*u_2 | C*sin(u_2)"),
            ),
            (&["u_2", "u_0"], Some("2.0*u_2 - 3*u_2*u_0 | C*sin(u_0)")),
            (&["u_1", "Hare"], Some("2.0*u_1 - 3*u_1*Hare | C*sin(Hare)")),
            // Numbers mean what they say.
            (&["u_0", "u_1"], None),
            (&["Hare", "Lynx"], None),
            (&["Hare", "u_1"], Some("2.0*Hare - 3*Hare*u_1 | C*sin(u_1)")),
            // No name of a formula.
            (&["u_1", "Hare (1000s)"], None),
            (&["u_1", "C"], None),
        ] {
            let system: crate::System = "2.0 x - 3 x y | C sin(y)".parse().unwrap();
            let names = owned(names);
            let printed = system.with_own_names(&names).map(|all| all.join(" | "));
            assert_eq!(printed.as_deref(), formulas, "{names:?}");
            let printed = printed.unwrap_or_else(|| system.to_string());
            let none = Parameters::new();
            match crate::System::parse_with_names(&printed, &none, &names) {
                Ok(read) => assert_eq!(read, system, "{names:?}"),
                Err(_) => assert!(formulas.is_none() && names[0] == "u_1"),
            }
        }
        let system: crate::System = "x y | y^2".parse().unwrap();
        let latex = system.latex_with_names(&owned(&["u_2", "snow_hare"]));
        let expected = "\\dot{u_{2}} = u_{2} \\cdot \\mathrm{snow\\_hare} \\\\\n\\dot{\\mathrm{snow\\_hare}} = \\mathrm{snow\\_hare}^2";
        assert_eq!(latex, expected);
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
