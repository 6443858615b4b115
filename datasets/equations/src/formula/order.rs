//! Equations without left-hand sides: which is whose, where components have names.
//!
//! Right-hand sides are those of the components by position. Whoever writes a system in an order of their own, about columns that lie in
//! another, gets each right-hand side for the wrong component, with every name in it right.

use super::lexer::{self, Kind};
use super::names::place_of;
use super::system;
use crate::error::EquationError;

/// In which order a formula without left-hand sides speaks of components that have names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention {
    /// Every equation says whose it is, there is one only, or no name is used: nothing can be confused.
    Certain,
    /// The names appear in the order of the components.
    InOrder,
    /// The names appear in another order: this one, by component. It may be meant, or not: the first of an equation is often another
    /// component than its own.
    Otherwise(Vec<usize>),
    /// The names are `x`, `y`, `z`, `w` or `u_0`, `u_1`, …, whose order is known, and the components lie in another one. By
    /// component, in the order of their names.
    AgainstCustom(Vec<usize>),
}

/// Whether the order of equations without left-hand sides can be another than that of the components called `names`.
///
/// # Errors
/// Names the first character that cannot be understood.
pub fn order_of_names(formulas: &str, names: &[String]) -> Result<Mention, EquationError> {
    let tokens = lexer::tokens(formulas)?;
    let mut parts = system::parts(&tokens);
    let has_left = parts.all(|part| part.iter().any(|token| token.kind == Kind::Equals));
    let mut mentioned = Vec::new();
    for token in &tokens {
        if let Kind::Name(text) = &token.kind
            && let Some(place) = place_of(text, names)
            && !mentioned.contains(&place)
        {
            mentioned.push(place);
        }
    }
    if has_left || names.len() < 2 || mentioned.is_empty() {
        return Ok(Mention::Certain);
    }
    let custom = by(names, |name| system::state(&name.to_lowercase()));
    let alphabet = by(names, |name| Some(name.to_lowercase()));
    let as_they_lie: Vec<usize> = (0..names.len()).collect();
    Ok(match custom {
        Some(custom) if custom == as_they_lie => Mention::InOrder,
        // `w` before `x`: the alphabet's order is somebody's custom too.
        Some(custom) if alphabet.as_ref() != Some(&as_they_lie) => Mention::AgainstCustom(custom),
        _ if mentioned.is_sorted() => Mention::InOrder,
        _ => Mention::Otherwise(mentioned),
    })
}

/// The places of the names, sorted by a key that all have.
fn by<K: Ord>(names: &[String], key: impl Fn(&str) -> Option<K>) -> Option<Vec<usize>> {
    let keys: Vec<K> = names.iter().map(|name| key(name)).collect::<Option<_>>()?;
    let mut places: Vec<usize> = (0..names.len()).collect();
    places.sort_by(|a, b| keys[*a].cmp(&keys[*b]));
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(formulas: &str, names: &[&str]) -> Mention {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        order_of_names(formulas, &names).unwrap()
    }

    #[test]
    fn right_hand_sides_in_the_order_of_x_y_z_are_no_others() {
        let lorenz = "C y - C x | C x - C x z - C y | C x y - C z";
        assert_eq!(order(lorenz, &["x", "y", "z"]), Mention::InOrder);
        assert_eq!(
            order(lorenz, &["z", "y", "x"]),
            Mention::AgainstCustom(vec![2, 1, 0])
        );
        assert_eq!(order("C Y | C X", &["X", "Y"]), Mention::InOrder);
        // Whatever the case.
        let backwards = order("C x - C x y | C x y - C y", &["Y", "X"]);
        assert_eq!(backwards, Mention::AgainstCustom(vec![1, 0]));
        // The columns x and z, without y between, lie in order.
        assert_eq!(order("C z | C x", &["x", "z"]), Mention::InOrder);
        assert_eq!(order("C w - C x | C x", &["w", "x"]), Mention::InOrder);
        let numbered = order("C u_0 | C u_1", &["u_1", "u_0"]);
        assert_eq!(numbered, Mention::AgainstCustom(vec![1, 0]));
    }

    #[test]
    fn other_names_are_in_the_order_in_which_they_appear() {
        let pelts = "C Hare - C Hare Lynx | C Hare Lynx - C Lynx";
        assert_eq!(order(pelts, &["Hare", "Lynx"]), Mention::InOrder);
        assert_eq!(
            order(pelts, &["Lynx", "Hare"]),
            Mention::Otherwise(vec![1, 0])
        );
    }

    #[test]
    fn left_hand_sides_numbers_and_single_equations_are_certain() {
        let with = "dz/dt = C x; dy/dt = C y; dx/dt = C z";
        assert_eq!(order(with, &["z", "y", "x"]), Mention::Certain);
        // One without is taken by position.
        let without = "dz/dt = C x; dy/dt = C y; C z";
        assert!(matches!(
            order(without, &["z", "y", "x"]),
            Mention::AgainstCustom(_)
        ));
        assert_eq!(order("C x | C y", &["Lynx", "Hare"]), Mention::Certain);
        assert_eq!(order("C x", &["x"]), Mention::Certain);
        assert!(order_of_names("C ? x", &["x".to_owned()]).is_err());
    }
}
