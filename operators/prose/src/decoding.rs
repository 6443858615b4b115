//! From scores to equations, word by word, a batch at a time.
//!
//! Keys and values of the words so far are kept ([`crate::model::text_decoder::TextCache`]), so that a word costs the same
//! wherever it stands, but for the attention to those before it. Series whose equations have ended leave the batch.

mod beam;
mod grammar;
mod hypothesis;
mod single;

use rheome_equations::{BEGIN, END, EquationError, System, Vocabulary};
use serde::{Deserialize, Serialize};

pub use grammar::{Grammar, Prefix};

use crate::ProseError;
use crate::model::fusion::Fused;
use crate::model::prose::Prose;
use hypothesis::{Hypothesis, NetworkScores, Rules, WordScores};

/// Most words that can be asked for.
const MOST_WORDS: usize = 4096;

/// How the next words are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "a table: { kind = \"greedy\" }, { kind = \"beam\", width = 10, length_penalty = 0.0 } or { kind = \"sampling\", temperature = 1.0, seed = 0 }"
)]
pub enum Method {
    /// Always the likeliest. The published choice.
    Greedy,
    /// At random.
    Sampling {
        /// Scores are divided by it: below 1 likely words become likelier.
        temperature: f64,
        /// Only so many of the likeliest words are drawn from; 0 for all.
        #[serde(default)]
        top_k: usize,
        /// Only the likeliest words that together have this probability are drawn from; 1 for all (Holtzman et al. 2020,
        /// arXiv 1904.09751).
        #[serde(default = "all")]
        top_p: f64,
        /// What is drawn is a pure function of this and the place of a series in the batch.
        seed: u64,
    },
    /// The likeliest continuations are followed side by side, and several equations are found.
    Beam {
        /// How many. 10 is a good start.
        width: usize,
        /// Equations are ranked by their log-probability divided by their number of words to this power: 0 favours short
        /// ones, 1 is the mean.
        length_penalty: f64,
    },
}

fn all() -> f64 {
    1.0
}

/// How equations are decoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecodingSettings {
    /// Most words of an equation, [`BEGIN`] and [`END`] included.
    pub max_words: usize,
    /// How the next words are chosen.
    pub method: Method,
    /// Whether only words are chosen that lead to a valid equation of at most that length. The published decoding leaves it
    /// to the network.
    pub grammatical: bool,
}

impl Default for DecodingSettings {
    fn default() -> Self {
        Self {
            max_words: 200,
            method: Method::Greedy,
            grammatical: false,
        }
    }
}

/// A decoded equation.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Its words, without [`BEGIN`] and [`END`].
    pub ids: Vec<u32>,
    /// Logarithm of the probability that the network gives to its words and [`END`].
    pub log_probability: f64,
    /// What it is ranked by.
    pub score: f64,
    /// Whether the network ended it, and not the limit of words.
    pub ended: bool,
}

/// A way to decode, ready for any number of batches.
#[derive(Debug, Clone)]
pub struct Decoding {
    settings: DecodingSettings,
    vocabulary: Vocabulary,
    begin: u32,
    end: u32,
}

impl DecodingSettings {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ProseError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), ProseError> {
        let check = |key, good: bool, found: &dyn std::fmt::Debug, expected: &str| match good {
            true => Ok(()),
            false => Err(ProseError::config("decoding", key, found, expected)),
        };
        let words = self.max_words;
        let expected = format!("3 to {MOST_WORDS}");
        check(
            "max_words",
            (3..=MOST_WORDS).contains(&words),
            &words,
            &expected,
        )?;
        match self.method {
            Method::Greedy => Ok(()),
            Method::Sampling {
                temperature, top_p, ..
            } => {
                let good = temperature > 0.0 && temperature.is_finite();
                check("temperature", good, &temperature, "a positive number")?;
                let good = top_p > 0.0 && top_p <= 1.0;
                check("top_p", good, &top_p, "a probability above 0")
            }
            Method::Beam {
                width,
                length_penalty,
            } => {
                let good = (1..=1000).contains(&width);
                check("width", good, &width, "1 to 1000")?;
                let good = (0.0..=10.0).contains(&length_penalty);
                check("length_penalty", good, &length_penalty, "0 to 10")
            }
        }
    }
}

impl Decoding {
    /// Decoding with the words of `vocabulary`.
    ///
    /// # Errors
    /// [`ProseError::Config`].
    pub fn new(settings: &DecodingSettings, vocabulary: Vocabulary) -> Result<Self, ProseError> {
        settings.validate()?;
        Ok(Self {
            settings: settings.clone(),
            begin: vocabulary.id(BEGIN)?,
            end: vocabulary.id(END)?,
            vocabulary,
        })
    }

    /// The equations of every series of a batch, the best first: one each, or as many as the beam is wide.
    ///
    /// `components` are the numbers of components of the systems, which a grammatical decoding then has; where it is empty,
    /// any number up to the vocabulary's dimension is found.
    ///
    /// # Errors
    /// [`ProseError::Modalities`] where the network writes no symbols; [`ProseError::Config`] where so many components need
    /// more words than are allowed; [`ProseError::Batch`] for impossible numbers of components; [`ProseError::NonFinite`].
    pub fn run(
        &self,
        model: &Prose,
        fused: &Fused,
        components: &[usize],
    ) -> Result<Vec<Vec<Decoded>>, ProseError> {
        let (decoder, cache) = model.begin_words(fused)?;
        let series = fused.data.values.dims()[0];
        let scores = &mut NetworkScores::new(decoder, cache, model.device());
        self.search(scores, series, components)
    }

    /// The same with any source of scores.
    fn search(
        &self,
        scores: &mut impl WordScores,
        series: usize,
        components: &[usize],
    ) -> Result<Vec<Vec<Decoded>>, ProseError> {
        self.check(series, components)?;
        let grammar = self
            .settings
            .grammatical
            .then(|| Grammar::new(&self.vocabulary));
        let starts = (0..series).map(|index| Hypothesis {
            series: index,
            ids: vec![self.begin],
            log_probability: 0.0,
            prefix: grammar
                .as_ref()
                .map(|grammar| grammar.start(components.get(index).copied())),
        });
        let rules = Rules {
            end: self.end,
            max_words: self.settings.max_words,
            grammar: grammar.as_ref(),
        };
        match self.settings.method {
            Method::Beam {
                width,
                length_penalty,
            } => beam::search(scores, &rules, starts.collect(), width, length_penalty),
            method => single::search(scores, &rules, starts.collect(), method),
        }
    }

    fn check(&self, series: usize, components: &[usize]) -> Result<(), ProseError> {
        if !components.is_empty() && components.len() != series {
            return Err(ProseError::Batch {
                what: "numbers of components, entry",
                index: components.len().min(series),
                found: format!("{} numbers", components.len()),
                expected: format!("none, or {series}, as many as series"),
            });
        }
        let most = self.vocabulary.dimension();
        let wrong = components.iter().position(|n| !(1..=most).contains(n));
        if let Some(index) = wrong {
            return Err(ProseError::Batch {
                what: "number of components",
                index,
                found: components[index].to_string(),
                expected: format!("1 to {most}"),
            });
        }
        // BEGIN, a word for each component, separators between them, END.
        let needed = 2 * components.iter().copied().max().unwrap_or(1) + 1;
        if self.settings.grammatical && self.settings.max_words < needed {
            let expected = format!("{needed} or more, for so many components");
            let found = self.settings.max_words;
            return Err(ProseError::config("decoding", "max_words", found, expected));
        }
        Ok(())
    }

    /// The system of a decoded equation.
    ///
    /// # Errors
    /// Where its words are no system; never after a grammatical decoding.
    pub fn system(&self, decoded: &Decoded) -> Result<System, EquationError> {
        self.vocabulary.decode(&decoded.ids)
    }
}
