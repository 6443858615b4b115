//! What a label says: which of its parts are control, and which are targets.

use std::collections::HashSet;

use super::LabelSettings;
use crate::condition::{CONTROL, Condition, is_usual_control};

/// What it takes to understand a label.
pub(super) struct Understanding<'a> {
    settings: &'a LabelSettings,
    genes: HashSet<&'a str>,
    known: HashSet<&'a str>,
}

impl<'a> Understanding<'a> {
    pub(super) fn new(
        labels: &'a [String],
        genes: &'a [String],
        settings: &'a LabelSettings,
    ) -> Self {
        let genes: HashSet<&str> = genes.iter().map(String::as_str).collect();
        let mut known = genes.clone();
        for label in labels {
            // Parts that are certain are known from then on.
            known.extend(label.split(&*settings.separator).map(str::trim));
        }
        // A label of several parts that stands alone is not known to be one name.
        if !settings.weak_separator.is_empty() {
            known.retain(|name| genes.contains(name) || !name.contains(&*settings.weak_separator));
        }
        Self {
            settings,
            genes,
            known,
        }
    }

    pub(super) fn is_control(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        self.settings
            .control
            .iter()
            .any(|c| c.to_lowercase() == part)
    }

    pub(super) fn is_known(&self, part: &str) -> bool {
        self.known.contains(part) || self.is_control(part) || is_usual_control(part)
    }

    /// Why a name cannot be that of a target: written, it would be another condition.
    pub(super) fn confusion(&self, target: &str) -> Option<String> {
        if target.contains('+') {
            return Some(format!(
                "has {target:?} for a name, but + joins names in what is written; call it otherwise in the file"
            ));
        }
        if !is_usual_control(target) || (target != CONTROL && self.genes.contains(target)) {
            return None;
        }
        let control = &self.settings.control;
        let options = control.iter().map(|label| format!("--control {label}"));
        let options: Vec<String> = options.collect();
        Some(format!(
            "has {target:?} for a name, which usually is control, but only {} was named so; if such cells are unperturbed as well, \
             give {} --control {target}, else call them otherwise in the file or leave them out",
            control.join(", "),
            options.join(" ")
        ))
    }

    /// Why a part is none: what separates parts stands within the brackets of a name, as in (+)-JQ1.
    fn within_brackets(&self, part: &str) -> String {
        let separator = &self.settings.separator;
        let remedy = match separator.contains('+') {
            // With another separator as well.
            true => "call it otherwise in the file, since + joins names in what is written",
            false => "name another text that separates the parts of labels with --separator",
        };
        format!(
            "has {separator:?} within brackets, which would separate names, of which {part:?} is none; {remedy}"
        )
    }

    pub(super) fn parse(&self, label: &str) -> Result<Condition, String> {
        let settings = self.settings;
        let label = label.trim();
        let mut parts: Vec<&str> = label.split(&*settings.separator).map(str::trim).collect();
        if let [whole] = parts[..]
            && !settings.weak_separator.is_empty()
            && !self.is_known(whole)
        {
            let weak: Vec<&str> = whole
                .split(&*settings.weak_separator)
                .map(str::trim)
                .collect();
            if weak.iter().all(|part| self.is_known(part)) {
                parts = weak;
            }
        }
        if parts.iter().any(|part| part.is_empty()) {
            return Err(format!(
                "has an empty part, expected {} or names separated by {:?}",
                settings.control.join(", "),
                settings.separator
            ));
        }
        if let Some(part) = parts.iter().find(|part| !is_closed(part))
            && is_closed(label)
        {
            return Err(self.within_brackets(part));
        }
        let targets: Vec<&str> = parts.into_iter().filter(|p| !self.is_control(p)).collect();
        match targets.iter().find_map(|target| self.confusion(target)) {
            Some(reason) => Err(reason),
            None => Ok(Condition::of(targets)),
        }
    }
}

/// Whether every bracket of a text has its counterpart in it.
fn is_closed(text: &str) -> bool {
    let mut open = Vec::new();
    for letter in text.chars() {
        let counterpart = match letter {
            '(' | '[' | '{' => {
                open.push(letter);
                continue;
            }
            ')' => '(',
            ']' => '[',
            '}' => '{',
            _ => continue,
        };
        if open.pop() != Some(counterpart) {
            return false;
        }
    }
    open.is_empty()
}
