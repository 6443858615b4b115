//! Words in prefix order, the form in which the network reads and writes equations.
//!
//! `add mul - N185 E-3 u_0 sin u_1 | ...`: operators before their operands, numbers as three words, components joined by `|`.
//! [`System::prefix`] gives the same with each number as one word (`-0.185`) and all its digits. Either form can be read.

use crate::error::EquationError;
use crate::expression::{Expression, MAX_SYMBOLS};
use crate::number::{NumberWords, shortest};
use crate::symbol::{Operator, Symbol, Variable};
use crate::system::{MAX_COMPONENTS, System};

/// The word between two components.
pub const SEPARATOR: &str = "|";
/// The word for a number that is not known.
pub const PLACEHOLDER: &str = "<PLACEHOLDER>";

/// Most words of a system: three for each number.
const MAX_WORDS: usize = 3 * MAX_SYMBOLS * MAX_COMPONENTS;

impl Expression {
    /// The words the network sees: numbers as sign, digits and power.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::with_capacity(self.symbols().len());
        for symbol in self.symbols() {
            match symbol {
                Symbol::Number(number) => words.extend(NumberWords::encode(*number).words()),
                other => words.push(word(*other)),
            }
        }
        words
    }

    /// Words with each number in one, with all its digits.
    pub fn prefix(&self) -> Vec<String> {
        self.symbols().iter().copied().map(word).collect()
    }

    /// Reads words of either form.
    ///
    /// # Errors
    /// Names the first word that is unknown or out of place.
    pub fn from_words<W: AsRef<str>>(words: &[W]) -> Result<Self, EquationError> {
        read_component(words, 0)
    }
}

impl System {
    /// The words the network sees: numbers as sign, digits and power, components joined by [`SEPARATOR`].
    pub fn words(&self) -> Vec<String> {
        self.join(Expression::words)
    }

    /// Words with each number in one, with all its digits.
    pub fn prefix(&self) -> Vec<String> {
        self.join(Expression::prefix)
    }

    /// Reads words of either form.
    ///
    /// # Errors
    /// Names the first word that is unknown or out of place.
    pub fn from_words<W: AsRef<str>>(words: &[W]) -> Result<Self, EquationError> {
        if words.len() > MAX_WORDS {
            return Err(EquationError::TooLarge {
                quantity: "words",
                found: words.len(),
                limit: MAX_WORDS,
            });
        }
        let mut first = 0;
        let mut components = Vec::new();
        for component in words.split(|word| word.as_ref() == SEPARATOR) {
            components.push(read_component(component, first)?);
            first += component.len() + 1;
        }
        Self::new(components)
    }

    fn join(&self, words: impl Fn(&Expression) -> Vec<String>) -> Vec<String> {
        let mut joined = Vec::new();
        for (index, component) in self.components().iter().enumerate() {
            if index > 0 {
                joined.push(SEPARATOR.to_owned());
            }
            joined.extend(words(component));
        }
        joined
    }
}

fn word(symbol: Symbol) -> String {
    match symbol {
        Symbol::Operator(operator) => operator.word().to_owned(),
        Symbol::Variable(variable) => variable.to_string(),
        Symbol::Integer(integer) => integer.to_string(),
        Symbol::Number(number) => shortest(number),
        Symbol::Placeholder => PLACEHOLDER.to_owned(),
    }
}

/// Reads one component, whose first word is number `first` of the whole list.
fn read_component<W: AsRef<str>>(words: &[W], first: usize) -> Result<Expression, EquationError> {
    let mut symbols = Vec::new();
    let mut index = 0;
    while let Some(word) = words.get(index).map(AsRef::as_ref) {
        let symbol = match word {
            "+" | "-" => {
                let number = read_number(&words[index..], first + index)?;
                index += 2;
                Symbol::Number(number.value())
            }
            _ => read_symbol(word).ok_or_else(|| EquationError::Words {
                position: first + index + 1,
                found: excerpt(word),
                expected: "an operator, a variable or a number".to_owned(),
            })?,
        };
        symbols.push(symbol);
        index += 1;
        if symbols.len() > MAX_SYMBOLS {
            break;
        }
    }
    Expression::new(symbols).map_err(|error| shift(error, first))
}

fn read_number<W: AsRef<str>>(words: &[W], first: usize) -> Result<NumberWords, EquationError> {
    let word = |index: usize| words.get(index).map_or("", AsRef::as_ref);
    NumberWords::parse(word(0), word(1), word(2)).ok_or_else(|| EquationError::Words {
        position: first + 1,
        found: excerpt(&[word(0), word(1), word(2)].join(" ")),
        expected: "a sign, N with three digits and E with a power from -10 to 10".to_owned(),
    })
}

fn read_symbol(word: &str) -> Option<Symbol> {
    if word == PLACEHOLDER {
        return Some(Symbol::Placeholder);
    }
    if let Some(operator) = Operator::from_word(word) {
        return Some(Symbol::Operator(operator));
    }
    if let Some(variable) = Variable::from_word(word) {
        return Some(Symbol::Variable(variable));
    }
    let digits = word.strip_prefix('-').unwrap_or(word);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.parse().ok().map(Symbol::Integer);
    }
    let number: f64 = word.parse().ok()?;
    number.is_finite().then_some(Symbol::Number(number))
}

/// The error of a component as one of the whole list.
fn shift(error: EquationError, first: usize) -> EquationError {
    match error {
        EquationError::Words {
            position,
            found,
            expected,
        } => EquationError::Words {
            position: position + first,
            found,
            expected,
        },
        other => other,
    }
}

/// The beginning of a word, quoted: words from a file may be of any length.
fn excerpt(word: &str) -> String {
    let mut text: String = word.chars().take(40).collect();
    if text.len() < word.len() {
        text.push('…');
    }
    format!("{text:?}")
}
