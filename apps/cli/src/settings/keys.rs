//! Keys given on the command line: where they go, and what they take the place of.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Applies an override.
pub(super) fn set(table: &mut Table, text: &str) -> Result<(), String> {
    let (key, value) = text.split_once('=').ok_or("expected section.key=value")?;
    let value = value.trim();
    // A bare word is the string it looks like: `--set data.split.kind=paper`.
    let parsed = format!("value = {value}").parse::<Table>().ok();
    let value = parsed
        .and_then(|mut t| t.remove("value"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut parts: Vec<&str> = key.split('.').map(str::trim).collect();
    if parts.iter().any(|p| p.is_empty()) {
        return Err("the key has an empty part".into());
    }
    let last = parts.pop().ok_or("expected section.key=value")?;
    let mut at = table;
    for part in parts {
        let entry = at.entry(part).or_insert_with(|| Value::Table(Table::new()));
        at = entry
            .as_table_mut()
            .ok_or_else(|| format!("{part} is a value, not a section"))?;
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

/// A table as `T`; an override counts in place of what the file has under another name of the same key.
pub(super) fn read_table<T: DeserializeOwned>(
    mut table: Table,
    overrides: &[String],
) -> Result<T, String> {
    loop {
        let message = match read_as(&table) {
            Ok(found) => return Ok(found),
            Err(message) => message,
        };
        let other = overrides
            .iter()
            .rev()
            .find_map(|text| other_name::<T>(&table, text, &message));
        match other {
            Some(key) => drop(taken_out(&mut table, &key)),
            None => return Err(message),
        }
    }
}

fn read_as<T: DeserializeOwned>(table: &Table) -> Result<T, String> {
    let read = Value::Table(table.clone()).try_into();
    read.map_err(|e: toml::de::Error| e.to_string())
}

/// The whole key in the table that is another name of the key of an override, if `message` complains of two names for one: that
/// without which, and without that of the override as well, the complaint is gone.
fn other_name<T: DeserializeOwned>(table: &Table, text: &str, message: &str) -> Option<String> {
    if !message.starts_with("duplicate field") {
        return None;
    }
    let own = text.split('=').next()?.trim();
    let is_right_without = |key: &str| {
        let mut without = table.clone();
        taken_out(&mut without, key);
        read_as::<T>(&without).err().as_deref() != Some(message)
    };
    let (section, prefix) = match own.rsplit_once('.') {
        Some((section, _)) => (section_of(table, section)?, format!("{section}.")),
        None => (table, String::new()),
    };
    let keys = section.keys().map(|key| format!("{prefix}{key}"));
    let mut others = keys.filter(|key| key != own);
    is_right_without(own)
        .then(|| others.find(|key| is_right_without(key)))
        .flatten()
}

/// The table of a section (`training.optimizer`).
fn section_of<'a>(table: &'a Table, section: &str) -> Option<&'a Table> {
    let mut parts = section.split('.').map(str::trim);
    parts.try_fold(table, |at, part| at.get(part)?.as_table())
}

/// Takes a whole key out of a table.
pub(super) fn taken_out(table: &mut Table, key: &str) -> Option<Value> {
    let (sections, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut parts = sections.split('.').filter(|part| !part.is_empty());
    let section = parts.try_fold(table, |at, part| at.get_mut(part.trim())?.as_table_mut());
    section?.remove(last)
}
