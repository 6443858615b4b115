//! `prose tokens`: an equation as formula, prefix words and ids, from any of these to the others.

use rheome_cli::{Facts, Failure};
use rheome_equations::{EquationError, Parameters, System, Vocabulary};

use crate::arguments::TokensArguments;

/// Components of the published default vocabulary.
const PUBLISHED_DIMENSION: usize = 3;

/// Runs the command.
pub fn run(arguments: &TokensArguments) -> Result<(), Failure> {
    let system = read(arguments)?;
    let dimension = arguments.dimension.unwrap_or_else(|| {
        let states = system.components().iter().map(|c| c.states());
        let states = states.max().unwrap_or(0).max(system.dimension());
        states.max(PUBLISHED_DIMENSION)
    });
    let vocabulary = Vocabulary::new(dimension)?;
    let ids = vocabulary.encode(&system);
    let mut facts = Facts::default();
    facts.tell("components", system.dimension());
    facts.tell("infix", system.to_string());
    facts.tell("words", system.words().join(" "));
    match &ids {
        Ok(ids) => tell_ids(&mut facts, ids, &vocabulary, &system)?,
        Err(error) => facts.tell("no_ids", reason(error)),
    }
    facts.tell("sympy", system.sympy());
    facts.tell("latex", system.latex());
    facts.tell("skeleton", system.skeleton().words().join(" "));
    facts.print(arguments.json);
    Ok(())
}

/// Why there are no ids, and what gives some.
fn reason(error: &EquationError) -> String {
    match error {
        EquationError::UnknownWord { word, .. } if word.parse::<i64>().is_ok() => format!(
            "{error}, which has whole numbers without a point from -10 to 10: write {word}.0 for a number of three digits"
        ),
        _ => error.to_string(),
    }
}

/// The ids, and what the network can tell by them: three digits of every number.
fn tell_ids(
    facts: &mut Facts,
    ids: &[u32],
    vocabulary: &Vocabulary,
    system: &System,
) -> Result<(), EquationError> {
    let listed: Vec<String> = ids.iter().map(u32::to_string).collect();
    facts.tell("ids", listed.join(" "));
    facts.tell("vocabulary", vocabulary.size());
    let back = vocabulary.decode(ids)?;
    if back != *system {
        facts.tell("from_ids", back.to_string());
    }
    Ok(())
}

fn read(arguments: &TokensArguments) -> Result<System, Failure> {
    if let Some(words) = &arguments.words {
        let words: Vec<&str> = words.split_whitespace().collect();
        return System::from_words(&words).map_err(|e| Failure::new(format!("--words: {e}")));
    }
    if let Some(ids) = &arguments.ids {
        let vocabulary = Vocabulary::new(arguments.dimension.unwrap_or(PUBLISHED_DIMENSION))?;
        let system = vocabulary.decode(&numbers(ids)?);
        return system.map_err(|e| Failure::new(format!("--ids: {e}")));
    }
    let parameters = parameters(&arguments.parameters)?;
    let equation = arguments.equation.as_deref().unwrap_or_default();
    Ok(System::parse(equation, &parameters)?)
}

fn numbers(ids: &str) -> Result<Vec<u32>, Failure> {
    let texts = ids.split(|c: char| c == ',' || c.is_whitespace());
    let texts = texts.filter(|text| !text.is_empty()).enumerate();
    let number = |(index, text): (usize, &str)| {
        text.parse().map_err(|_| {
            Failure::new(format!(
                "--ids: entry {}: found {:?}, expected a whole number",
                index + 1,
                text.chars().take(40).collect::<String>()
            ))
        })
    };
    texts.map(number).collect()
}

fn parameters(given: &[String]) -> Result<Parameters, Failure> {
    let parameter = |text: &String| {
        let pair = text.split_once('=').and_then(|(name, value)| {
            let value = value.trim().parse().ok();
            let value = value.filter(|value: &f64| value.is_finite())?;
            Some((name.trim().to_owned(), value))
        });
        pair.ok_or_else(|| {
            Failure::new(format!(
                "--parameter {text}: expected NAME=VALUE with a finite number, e.g. sigma=10"
            ))
        })
    };
    given.iter().map(parameter).collect()
}
