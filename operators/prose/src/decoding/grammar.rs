//! Which words may follow so that a valid equation comes out within a number of words.
//!
//! The words of a system are those of its components, each one tree in prefix order, with a separator between them; a number
//! is a sign, three digits and a power. A right-hand side refers to states that the system has.

use rheome_equations::words::SEPARATOR;
use rheome_equations::{END, MAX_DEPTH, Operator, Variable, Vocabulary};

/// What a word is to the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WordKind {
    Operator(usize),
    State(usize),
    Integer,
    Sign,
    Digits,
    Power,
    Separator,
    End,
    /// No part of an equation with numbers: special and reserved words.
    Never,
}

/// The grammar of a vocabulary.
#[derive(Debug, Clone)]
pub struct Grammar {
    kinds: Vec<WordKind>,
    dimension: usize,
}

/// Where in a number the next word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    BehindSign,
    BehindDigits,
}

/// What the words of an equation up to here leave open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// Operands that each operator around the next word still lacks, the outermost first; the component itself is one.
    open: Vec<usize>,
    place: Place,
    /// Components begun.
    begun: usize,
    /// One past the greatest index of the states.
    states: usize,
    /// Components that the system has, if that is known.
    components: Option<usize>,
    /// Components that it may have at most.
    most: usize,
}

impl Grammar {
    /// The grammar of the words of `vocabulary`.
    pub fn new(vocabulary: &Vocabulary) -> Self {
        let kind = |id: u32| match vocabulary.word(id) {
            // Of the special words the later id counts.
            Ok(word) if vocabulary.id(word) == Ok(id) => word_kind(word),
            _ => WordKind::Never,
        };
        Self {
            kinds: (0..vocabulary.size() as u32).map(kind).collect(),
            dimension: vocabulary.dimension(),
        }
    }

    /// Before the first word of a system with that many components, or any number of them.
    pub fn start(&self, components: Option<usize>) -> Prefix {
        Prefix {
            open: vec![1],
            place: Place::Outside,
            begun: 1,
            states: 0,
            components,
            most: components.unwrap_or(self.dimension),
        }
    }

    /// Whether the word `id` may follow if at most `left` words do, it and [`END`] included.
    pub fn allows(&self, prefix: &Prefix, id: u32, left: usize) -> bool {
        match self.kinds.get(id as usize) {
            Some(&kind) => prefix.allows(kind) && prefix.needed_with(kind) <= left,
            None => false,
        }
    }

    /// Takes an allowed word.
    pub fn push(&self, prefix: &mut Prefix, id: u32) {
        match self.kinds.get(id as usize) {
            Some(WordKind::Operator(operands)) => prefix.open.push(*operands),
            Some(WordKind::State(index)) => {
                prefix.states = prefix.states.max(index + 1);
                prefix.close_operand();
            }
            Some(WordKind::Integer) => prefix.close_operand(),
            Some(WordKind::Sign) => prefix.place = Place::BehindSign,
            Some(WordKind::Digits) => prefix.place = Place::BehindDigits,
            Some(WordKind::Power) => {
                prefix.place = Place::Outside;
                prefix.close_operand();
            }
            Some(WordKind::Separator) => {
                prefix.begun += 1;
                prefix.open.push(1);
            }
            Some(WordKind::End | WordKind::Never) | None => {}
        }
    }
}

fn word_kind(word: &str) -> WordKind {
    if let Some(operator) = Operator::from_word(word) {
        return WordKind::Operator(operator.arity());
    }
    if let Some(Variable::State(index)) = Variable::from_word(word) {
        return WordKind::State(index.into());
    }
    let is_number = |text: &str| text.parse::<i32>().is_ok();
    match word {
        "+" | "-" => WordKind::Sign,
        SEPARATOR => WordKind::Separator,
        END => WordKind::End,
        _ if word.strip_prefix('N').is_some_and(is_number) => WordKind::Digits,
        _ if word.strip_prefix('E').is_some_and(is_number) => WordKind::Power,
        _ if is_number(word) => WordKind::Integer,
        _ => WordKind::Never,
    }
}

impl Prefix {
    fn allows(&self, kind: WordKind) -> bool {
        let is_complete = self.open.is_empty();
        match (self.place, kind) {
            (Place::BehindSign, kind) => kind == WordKind::Digits,
            (Place::BehindDigits, kind) => kind == WordKind::Power,
            (_, WordKind::Separator) => is_complete && self.begun < self.most,
            (_, WordKind::End) => is_complete && self.begun >= self.wanted(),
            (_, WordKind::Operator(_)) => !is_complete && self.open.len() <= MAX_DEPTH,
            (_, WordKind::State(index)) => !is_complete && index < self.most,
            (_, WordKind::Integer | WordKind::Sign) => !is_complete,
            _ => false,
        }
    }

    /// The components that the system has at least.
    fn wanted(&self) -> usize {
        self.components.unwrap_or(self.states)
    }

    /// Words that a valid equation needs at least from here, if the next is of that kind, it and [`END`] included.
    fn needed_with(&self, kind: WordKind) -> usize {
        let states = match kind {
            WordKind::State(index) => self.wanted().max(self.components.unwrap_or(index + 1)),
            _ => self.wanted(),
        };
        let begun = self.begun + usize::from(kind == WordKind::Separator);
        // A separator and a word for each component that is not begun, and the end.
        let behind = 2 * states.saturating_sub(begun) + 1;
        let (_, missing) = self.missing();
        match kind {
            WordKind::Operator(operands) => missing + operands + behind,
            WordKind::Separator => 2 + behind,
            WordKind::Sign => missing + 2 + behind,
            WordKind::Digits => missing + 1 + behind,
            WordKind::End => 1,
            _ => missing + behind,
        }
    }

    /// Operators around the next word, and operands that the component lacks.
    fn missing(&self) -> (usize, usize) {
        let depth = self.open.len().saturating_sub(1);
        // All but the innermost count the operand that is under way.
        (depth, self.open.iter().sum::<usize>() - depth)
    }

    fn close_operand(&mut self) {
        while let Some(innermost) = self.open.last_mut() {
            *innermost -= 1;
            if *innermost > 0 {
                return;
            }
            self.open.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::RngExt;
    use rheome_training::randomness::{Purpose, generator};

    /// Words drawn at random from those allowed, up to the end.
    fn draw(components: Option<usize>, words: usize, seed: u64) -> Vec<u32> {
        let vocabulary = Vocabulary::new(3).unwrap();
        let grammar = Grammar::new(&vocabulary);
        let mut random = generator(seed, Purpose::Words, 0);
        let (mut prefix, mut ids) = (grammar.start(components), Vec::new());
        let end = vocabulary.id(END).unwrap();
        while ids.last() != Some(&end) {
            let left = words - ids.len();
            let open: Vec<u32> = (0..vocabulary.size() as u32)
                .filter(|id| grammar.allows(&prefix, *id, left))
                .collect();
            assert!(!open.is_empty(), "a dead end after {ids:?}");
            // Operators are few among the words: every other word is one, so that trees grow.
            let few: Vec<u32> = open.iter().copied().filter(|id| *id < 50).collect();
            let from = if few.is_empty() || random.random_bool(0.3) {
                &open
            } else {
                &few
            };
            let id = from[random.random_range(0..from.len())];
            grammar.push(&mut prefix, id);
            ids.push(id);
        }
        ids
    }

    proptest! {
        #[test]
        fn whatever_is_drawn_ends_in_time_and_is_a_valid_closed_system(
            components in prop::option::of(1_usize..=3),
            extra in 0_usize..80,
            seed: u64,
        ) {
            let words = 2 * components.unwrap_or(1) + extra;
            let ids = draw(components, words, seed);
            prop_assert!(ids.len() <= words);
            let system = Vocabulary::new(3).unwrap().decode(&ids);
            prop_assert!(system.is_ok(), "{system:?}");
            let system = system.unwrap();
            prop_assert!(system.check_closed().is_ok());
            if let Some(components) = components {
                prop_assert_eq!(system.dimension(), components);
            }
        }
    }

    #[test]
    fn a_published_equation_is_allowed_word_by_word() {
        let vocabulary = Vocabulary::new(3).unwrap();
        let grammar = Grammar::new(&vocabulary);
        let text = "add mul - N185 E-3 u_0 sin u_1 | sub u_2 u_0 | mul + N280 E-1 pow2 u_2 <EOS>";
        let words: Vec<&str> = text.split(' ').collect();
        for components in [None, Some(3)] {
            let mut prefix = grammar.start(components);
            for (index, word) in words.iter().enumerate() {
                let id = vocabulary.id(word).unwrap();
                assert!(grammar.allows(&prefix, id, words.len() - index), "{word}");
                assert!(index + 1 == words.len() || !grammar.allows(&prefix, id, 0));
                grammar.push(&mut prefix, id);
            }
        }
        let mut prefix = grammar.start(Some(2));
        assert!(!grammar.allows(&prefix, vocabulary.id("u_2").unwrap(), 99));
        grammar.push(&mut prefix, vocabulary.id("u_1").unwrap());
        assert!(!grammar.allows(&prefix, vocabulary.id(END).unwrap(), 99));
    }
}
