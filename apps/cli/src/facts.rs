//! What `info` tells: lines for people, one JSON object for programs.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::say;

/// Entries of a list that are told at most, outside of JSON.
const MOST_ENTRIES: usize = 12;

/// What a command found out, in the order in which it is told: lines for people, one JSON object for programs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    facts: Vec<(String, Value)>,
}

impl Facts {
    /// Adds a fact. What cannot be said in JSON (a map whose keys are no texts) becomes null.
    pub fn tell(&mut self, key: &str, value: impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.facts.push((key.to_owned(), value));
    }

    /// Adds a fact where it is known.
    pub fn tell_known(&mut self, key: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.tell(key, value);
        }
    }

    /// The facts as one object.
    pub fn into_object(self) -> Map<String, Value> {
        self.facts.into_iter().collect()
    }

    /// Prints them on standard output.
    pub fn print(self, json: bool) {
        match json {
            true => say(Value::Object(self.into_object())),
            false => self.facts.iter().for_each(|(k, v)| say(line(k, v))),
        }
    }
}

fn line(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) => format!("{key}: {}", text.trim().replace('\n', "\n  ")),
        Value::Object(inner) => {
            let lines = inner.iter().map(|(k, v)| line(k, v).replace('\n', "\n  "));
            format!("{key}:\n  {}", lines.collect::<Vec<_>>().join("\n  "))
        }
        Value::Array(all) => {
            let told = all.iter().take(MOST_ENTRIES).map(|one| match one {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            let told = told.collect::<Vec<_>>().join(", ");
            match all.len().checked_sub(MOST_ENTRIES) {
                None | Some(0) => format!("{key}: {told}"),
                Some(more) => format!("{key}: {told} and {more} more"),
            }
        }
        other => format!("{key}: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_facts_are_indented_and_long_lists_cut() {
        let mut inner = Facts::default();
        inner.tell("grid", [8, 17, 8]);
        inner.tell_known("time", None::<f64>);
        let inner = Value::Object(inner.into_object());
        assert_eq!(line("field", &inner), "field:\n  grid: 8, 17, 8");
        let names: Vec<String> = (0..14).map(|n| format!("g{n}")).collect();
        let told = line("genes", &serde_json::json!(names));
        assert!(told.ends_with("g10, g11 and 2 more"), "{told}");
        assert_eq!(line("by", &Value::from("a\nb\n")), "by: a\n  b");
    }
}
