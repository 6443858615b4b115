//! `prose families`: what there is to generate.

use rheome_cli::{Failure, say};
use rheome_equations::{
    Family, Parameters, families_from_file, families_to_toml, published_families,
};

use crate::arguments::FamiliesArguments;

/// Runs the command.
pub fn run(arguments: &FamiliesArguments) -> Result<(), Failure> {
    let families = match &arguments.file {
        Some(path) => families_from_file(path)?,
        None => published_families(true),
    };
    let Some(name) = &arguments.name else {
        if arguments.toml {
            say(families_to_toml(&families).trim_end());
        } else {
            families.iter().map(line).for_each(say);
        }
        return Ok(());
    };
    let found = families.iter().find(|family| family.name() == name);
    let family = found.ok_or_else(|| {
        let known: Vec<&str> = families.iter().map(Family::name).collect();
        Failure::new(format!(
            "no family is called {name:?}; known: {}",
            known.join(", ")
        ))
    })?;
    if arguments.toml {
        say(families_to_toml(std::slice::from_ref(family)).trim_end());
        return Ok(());
    }
    for line in description(family)? {
        say(line);
    }
    Ok(())
}

/// Name, components and reference values of the parameters.
fn line(family: &Family) -> String {
    format!(
        "{:15} {} components  {}",
        family.name(),
        family.dimension(),
        values(family.parameters())
    )
    .trim_end()
    .to_owned()
}

fn description(family: &Family) -> Result<Vec<String>, Failure> {
    let [low, high] = family.initial();
    let mut lines = vec![line(family)];
    if !family.source().is_empty() {
        lines.push(format!("source: {}", family.source()));
    }
    lines.push(format!("initial values: uniform from {low} to {high}"));
    lines.push("formulas:".to_owned());
    let formulas = family.equations().split(['\n', '|', ';']);
    let formulas = formulas
        .map(str::trim)
        .filter(|formula| !formula.is_empty());
    lines.extend(formulas.map(|formula| format!("  {formula}")));
    let system = family.system(family.parameters())?;
    lines.push("with the reference values, in words:".to_owned());
    lines.push(format!("  {}", system.words().join(" ")));
    Ok(lines)
}

/// Up to four decimals, as few as tell the value.
fn values(parameters: &Parameters) -> String {
    let value =
        |(name, value): (&String, &f64)| format!("{name} = {}", (value * 1e4).round() / 1e4);
    let values: Vec<String> = parameters.iter().map(value).collect();
    values.join(", ")
}
