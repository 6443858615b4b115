//! The published vocabulary: words and their ids.
//!
//! Special words and symbols (sorted) come first, then the vocabulary of numbers, which repeats the special words: the later
//! id counts, so that ids 0 to 3 are never given. Ids depend on the largest dimension through the words `u_i`.
//!
//! Equations of fields have the words of partial derivatives besides ([`Vocabulary::of_fields`]), behind all others: every published
//! id stays. Those ids are our own.

use std::collections::HashMap;

use crate::derivative;
use crate::error::EquationError;
use crate::number::POWERS;
use crate::symbol::Operator;
use crate::system::{MAX_COMPONENTS, System};
use crate::words::{PLACEHOLDER, SEPARATOR};

/// The word before an equation.
pub const BEGIN: &str = "<BOS>";
/// The word after an equation.
pub const END: &str = "<EOS>";
/// The word that fills a batch.
pub const PADDING: &str = "<PAD>";

const SPECIAL: [&str; 4] = [BEGIN, END, PADDING, PLACEHOLDER];
/// Words of the published vocabulary that no published equation uses.
const RESERVED: [&str; 7] = [
    "CONSTANT", "FLOAT+", "FLOAT-", "INT+", "INT-", "pow", "rand",
];

/// Words and ids of equations with at most `dimension` components.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    dimension: usize,
    words: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    /// The vocabulary of equations with at most `dimension` components (3 for the default families, 5 for all).
    ///
    /// # Errors
    /// Where the dimension is 0 or above [`MAX_COMPONENTS`].
    pub fn new(dimension: usize) -> Result<Self, EquationError> {
        if !(1..=MAX_COMPONENTS).contains(&dimension) {
            return Err(EquationError::Unsuitable {
                context: "dimension of the vocabulary".to_owned(),
                found: dimension.to_string(),
                expected: format!("1 to {MAX_COMPONENTS}"),
            });
        }
        let mut words: Vec<String> = SPECIAL.map(str::to_owned).into();
        words.extend(symbol_words(dimension));
        words.extend(SPECIAL.map(str::to_owned));
        words.extend(number_words());
        // Later ids overwrite earlier ones.
        let ids = words.iter().cloned().zip(0..).collect();
        Ok(Self {
            dimension,
            words,
            ids,
        })
    }

    /// The vocabulary of equations of fields with at most `dimension` components: that of [`Vocabulary::new`], then for each
    /// component the words of its derivatives (`u_0_t`, `u_0_x`, ...).
    ///
    /// # Errors
    /// As [`Vocabulary::new`].
    pub fn of_fields(dimension: usize) -> Result<Self, EquationError> {
        let mut this = Self::new(dimension)?;
        for word in derivative::words(dimension) {
            this.ids.insert(word.clone(), this.words.len() as u32);
            this.words.push(word);
        }
        Ok(this)
    }

    /// Number of ids, the size of the network's embedding; four of them are never given.
    pub fn size(&self) -> usize {
        self.words.len()
    }

    /// The words in the order of their ids; of a word that is there twice the later id counts.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The largest dimension of an equation.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The id of a word.
    ///
    /// # Errors
    /// Where the vocabulary does not have it.
    pub fn id(&self, word: &str) -> Result<u32, EquationError> {
        let id = self.ids.get(word).copied();
        id.ok_or_else(|| EquationError::UnknownWord {
            word: word.chars().take(40).collect(),
            dimension: self.dimension,
        })
    }

    /// The word of an id.
    ///
    /// # Errors
    /// Where the vocabulary does not have it.
    pub fn word(&self, id: u32) -> Result<&str, EquationError> {
        let word = self.words.get(id as usize);
        word.map(String::as_str).ok_or(EquationError::UnknownId {
            id,
            size: self.words.len(),
        })
    }

    /// The ids of a system's words, without [`BEGIN`] and [`END`]; numbers are rounded to three significant digits.
    ///
    /// # Errors
    /// Where the system has a word that the vocabulary lacks: a greater dimension, x_i or t, integers beyond ±10, numbers
    /// of 1e13 and more.
    pub fn encode(&self, system: &System) -> Result<Vec<u32>, EquationError> {
        system.words().iter().map(|word| self.id(word)).collect()
    }

    /// The system of ids: from the one after [`BEGIN`] (or the first) up to [`END`] (or the last).
    ///
    /// # Errors
    /// Where an id is unknown or the words are no system.
    pub fn decode(&self, ids: &[u32]) -> Result<System, EquationError> {
        let words: Vec<&str> = ids
            .iter()
            .map(|&id| self.word(id))
            .collect::<Result<_, _>>()?;
        let words = words.strip_prefix(&[BEGIN]).unwrap_or(&words);
        let end = words.iter().position(|&word| word == END);
        System::from_words(&words[..end.unwrap_or(words.len())])
    }
}

/// Operators, variables, integers and the separator, sorted by their bytes.
fn symbol_words(dimension: usize) -> Vec<String> {
    let mut words: Vec<String> = Operator::ALL.map(|o| o.word().to_owned()).into();
    words.extend(RESERVED.map(str::to_owned));
    words.extend((-10..=10).map(|integer: i32| integer.to_string()));
    words.extend((0..dimension).map(|index| format!("u_{index}")));
    words.push(SEPARATOR.to_owned());
    words.sort();
    words
}

/// Signs, powers and digits, each kind sorted by its bytes.
fn number_words() -> Vec<String> {
    let mut words = vec!["+".to_owned(), "-".to_owned()];
    words.extend(POWERS.map(|power| format!("E{power}")));
    words.extend((0..1000).map(|digits| format!("N{digits:03}")));
    words.sort();
    words
}
