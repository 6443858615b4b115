//! Families: equations whose parameters vary.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::error::EquationError;
use crate::expression::Expression;
use crate::formula::Parameters;
use crate::symbol::Symbol;
use crate::system::System;

/// Published families in the published order.
const PUBLISHED: &str = include_str!("families.toml");
/// Families that are not among the twelve of the default set.
const BEYOND_DEFAULT: [&str; 3] = ["lorenz_96_4d", "lorenz_96_5d", "double_pendulum"];
/// Where initial values come from unless a family says otherwise.
const INITIAL: [f64; 2] = [-2.0, 2.0];

/// Equations with named parameters, their reference values, and where trajectories begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    name: String,
    source: String,
    equations: String,
    parameters: Parameters,
    initial: [f64; 2],
    dimension: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    family: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    equations: String,
    #[serde(default)]
    parameters: Parameters,
    #[serde(default = "initial")]
    initial: [f64; 2],
    #[serde(default)]
    source: String,
}

fn initial() -> [f64; 2] {
    INITIAL
}

/// The families of PROSE: the twelve three-dimensional ones, or all fifteen.
pub fn published_families(all: bool) -> Vec<Family> {
    let mut families = families_from_toml(PUBLISHED, "published families")
        .expect("the published families are tested");
    families.retain(|family| all || !BEYOND_DEFAULT.contains(&family.name()));
    families
}

/// Reads families from TOML: tables `[[family]]` with `name`, `equations` (formulas of [`crate::formula`]), `parameters`
/// (reference values by name, optional), `initial` (`[low, high]` of the initial values, default `[-2, 2]`) and `source`
/// (optional). `origin` names the file in messages.
///
/// # Errors
/// Names the family and what is wrong with it.
pub fn families_from_toml(text: &str, origin: &str) -> Result<Vec<Family>, EquationError> {
    let fail = |reason: String| EquationError::Families {
        origin: origin.to_owned(),
        reason,
    };
    let file: File = toml::from_str(text).map_err(|error| {
        // The first line says where, the last one what.
        let lines = error.to_string();
        let first = lines.lines().next().unwrap_or_default();
        fail(format!("{first}: {}", error.message()))
    })?;
    let mut names = BTreeSet::new();
    let mut families = Vec::with_capacity(file.family.len());
    for entry in file.family {
        if !names.insert(entry.name.clone()) {
            return Err(fail(format!("family {:?} is given twice", entry.name)));
        }
        let name = entry.name.clone();
        let family =
            Family::new(entry).map_err(|error| fail(format!("family {name:?}: {error}")))?;
        families.push(family);
    }
    Ok(families)
}

/// Families as [`families_from_toml`] reads them.
pub fn families_to_toml(families: &[Family]) -> String {
    let entry = |family: &Family| {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let number = |value: f64| toml::Value::Float(value).to_string();
        let parameters = family.parameters.iter();
        let parameters: Vec<String> = parameters
            .map(|(name, value)| format!("{name} = {}", number(*value)))
            .collect();
        let [low, high] = family.initial.map(number);
        let mut lines = vec![format!("[[family]]\nname = {}", text(&family.name))];
        if !family.source.is_empty() {
            lines.push(format!("source = {}", text(&family.source)));
        }
        if !parameters.is_empty() {
            lines.push(format!("parameters = {{ {} }}", parameters.join(", ")));
        }
        lines.push(format!("initial = [{low}, {high}]"));
        let equations = family.equations.trim();
        let is_plain = !equations.contains(['\\', '"']) && equations.contains('\n');
        lines.push(match is_plain {
            true => format!("equations = \"\"\"\n{equations}\n\"\"\""),
            false => format!("equations = {}", text(equations)),
        });
        lines.join("\n") + "\n"
    };
    let entries: Vec<String> = families.iter().map(entry).collect();
    entries.join("\n")
}

/// Reads families from a TOML file, as [`families_from_toml`] does.
///
/// # Errors
/// Names the file, and the family in it, and what is wrong.
pub fn families_from_file(path: &Path) -> Result<Vec<Family>, EquationError> {
    let text = std::fs::read_to_string(path).map_err(|error| EquationError::File {
        path: path.to_owned(),
        reason: format!("cannot read the families: {error}"),
    })?;
    families_from_toml(&text, &path.display().to_string())
}

impl Family {
    /// A family as a file describes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn described(
        name: &str,
        equations: &str,
        parameters: Parameters,
        initial: [f64; 2],
        source: &str,
    ) -> Result<Self, EquationError> {
        Self::new(Entry {
            name: name.to_owned(),
            equations: equations.to_owned(),
            parameters,
            initial,
            source: source.to_owned(),
        })
    }

    fn new(entry: Entry) -> Result<Self, EquationError> {
        let [low, high] = entry.initial;
        // Also refuses NaN, and numbers too far apart to draw between.
        if !(low < high && (high - low).is_finite()) {
            return Err(EquationError::Unsuitable {
                context: "initial".to_owned(),
                found: format!("[{low}, {high}]"),
                expected: "two finite numbers, the lower first, with a finite difference"
                    .to_owned(),
            });
        }
        let mut family = Self {
            name: entry.name,
            source: entry.source,
            equations: entry.equations,
            parameters: entry.parameters,
            initial: entry.initial,
            dimension: 0,
        };
        let system = family.system(&family.parameters)?;
        crate::Program::new(&system)?;
        family.dimension = system.dimension();
        Ok(family)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who described it; empty where nobody is named.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its formulas, with the names of the parameters.
    pub fn equations(&self) -> &str {
        &self.equations
    }

    /// Number of components.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Reference values of the parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The range from which each initial value is drawn.
    pub fn initial(&self) -> [f64; 2] {
        self.initial
    }

    /// The equations with these parameters: coefficients are computed, then rounded to the three significant digits that
    /// their words have.
    ///
    /// # Errors
    /// Where a parameter is missing or a coefficient is not finite.
    pub fn system(&self, parameters: &Parameters) -> Result<System, EquationError> {
        let system = System::parse(&self.equations, parameters)?;
        Ok(system.map(compute_coefficients).rounded())
    }
}

/// The expression with its constant parts computed, and nothing else changed.
fn compute_coefficients(expression: &Expression) -> Expression {
    let folded = expression.fold(|symbol, operands: &[Vec<Symbol>]| {
        let Symbol::Operator(operator) = symbol else {
            return vec![symbol];
        };
        let constants: Option<Vec<f64>> = operands
            .iter()
            .map(|operand| match operand.as_slice() {
                [constant] => constant.value(),
                _ => None,
            })
            .collect();
        let value = constants.map(|c| operator.apply(c[0], *c.last().unwrap_or(&c[0])));
        match value.filter(|value| value.is_finite()) {
            Some(value) => vec![Symbol::Number(value)],
            None => [&[symbol], operands.concat().as_slice()].concat(),
        }
    });
    // Never larger than before.
    Expression::new(folded).unwrap_or_else(|_| expression.clone())
}
