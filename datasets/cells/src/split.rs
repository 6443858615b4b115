//! Which conditions are held out to test what was learnt.

mod draw;
mod settings;

use std::collections::BTreeSet;
use std::fmt;

use rheome_anndata::{Array, Categorical, Column, Value, Values};

pub use settings::{COMBOSCIPLEX_HELD_OUT, SplitMethod, SplitSettings};

use crate::condition::Condition;
use crate::conditions::Conditions;
use crate::error::CellsError;
use crate::protocol::Protocol;

/// Where a condition belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It is learnt; control always is.
    Train,
    /// It is held out.
    Test,
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Self::Train => "train",
            Self::Test => "test",
        })
    }
}

/// Conditions that are learnt and conditions that are held out.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    settings: SplitSettings,
    protocol: Protocol,
    test: BTreeSet<Condition>,
}

impl Split {
    /// Draws a split of these conditions. The order in which they come does not matter.
    ///
    /// # Errors
    /// [`CellsError::Setting`] if there is nothing to hold out, or nothing would be left to learn.
    pub fn new(
        conditions: &[Condition],
        settings: &SplitSettings,
        protocol: Protocol,
    ) -> Result<Self, CellsError> {
        let all: BTreeSet<&Condition> = conditions.iter().filter(|c| !c.is_control()).collect();
        let test = draw::held_out(&all, settings, protocol)?;
        if test.len() == all.len() {
            let expected = "a split that leaves some conditions to be learnt";
            return Err(CellsError::setting(
                "split.method",
                format!("all {} conditions held out", all.len()),
                expected,
            ));
        }
        Ok(Self {
            settings: settings.clone(),
            protocol,
            test,
        })
    }

    /// How it was drawn.
    pub fn settings(&self) -> &SplitSettings {
        &self.settings
    }

    /// The protocol that it was drawn under.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The conditions that are held out, in order.
    pub fn test(&self) -> &BTreeSet<Condition> {
        &self.test
    }

    /// Where a condition belongs.
    pub fn part(&self, condition: &Condition) -> Part {
        match self.test.contains(condition) {
            true => Part::Test,
            false => Part::Train,
        }
    }

    /// Where the cells of a file belong, as a column of categories.
    pub fn to_column(&self, conditions: &Conditions) -> Column {
        let parts: Vec<Part> = conditions
            .conditions()
            .iter()
            .map(|c| self.part(c))
            .collect();
        let code = |condition: &u32| i32::from(parts[*condition as usize] == Part::Test);
        let codes = conditions.of_cells().iter().map(code).collect();
        match Categorical::new(codes, vec!["train", "test"].into(), false) {
            Ok(categorical) => categorical.into(),
            Err(_) => unreachable!("codes are 0 and 1"),
        }
    }

    /// How it was drawn and what is held out, to be stored in `uns`.
    pub fn to_value(&self) -> Value {
        let settings = &self.settings;
        let names: Vec<String> = self.test.iter().map(ToString::to_string).collect();
        Value::Dict(vec![
            ("method".into(), settings.method.name().into()),
            ("protocol".into(), self.protocol.name().into()),
            ("fold".into(), (settings.fold as i64).into()),
            ("seed".into(), (settings.seed as i64).into()),
            ("share".into(), settings.share.into()),
            (
                "test".into(),
                Value::Array(Array {
                    shape: vec![names.len()],
                    values: Values::Text(names),
                }),
            ),
        ])
    }

    /// What [`Split::to_value`] stored: the conditions that are held out. None if this is no such value.
    pub fn held_out(value: &Value) -> Option<BTreeSet<Condition>> {
        let Some(Value::Array(Array {
            values: Values::Text(names),
            ..
        })) = value.get("test")
        else {
            return None;
        };
        names
            .iter()
            .map(|name| Condition::printed(name).ok())
            .collect()
    }
}
