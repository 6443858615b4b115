//! What the programs are built of: licences, sources and duplicates as `.cargo/deny.toml` allows them, what each crate depends on, and
//! where code is unsafe or knows a backend.
//!
//! `make deny` has cargo-deny look at the same file; this needs nothing but cargo, so that every `make test` does it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use rheome_testing::root;
use rheome_tests::repository::each_file;
use serde_json::Value;

/// What `.cargo/deny.toml` allows.
fn rules() -> toml::Table {
    let text = std::fs::read_to_string(root().join(".cargo/deny.toml")).unwrap();
    text.parse().unwrap()
}

/// What cargo prints when it is asked offline for everything that is built on Linux.
fn cargo(arguments: &[&str]) -> Vec<u8> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(arguments)
        .args(["--locked", "--offline", "--features", "libtorch"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    output.stdout
}

const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The packages that a build may take, with features that it does not ask for.
fn packages() -> Vec<Value> {
    let told = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--filter-platform",
        PLATFORM,
    ]);
    let told: Value = serde_json::from_slice(&told).unwrap();
    let packages = told["packages"].as_array().unwrap().clone();
    assert!(packages.len() > 100);
    packages
}

/// Names and versions of the packages that are compiled.
fn compiled() -> BTreeSet<(String, String)> {
    let everything = ["tree", "--workspace", "--target", PLATFORM];
    let plain = [
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let told = String::from_utf8(cargo(&[&everything[..], &plain].concat())).unwrap();
    let packages: BTreeSet<_> = told
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" v")?;
            let version = rest.split_whitespace().next()?;
            Some((name.to_owned(), version.to_owned()))
        })
        .collect();
    assert!(packages.len() > 100);
    packages
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[test]
fn every_licence_is_allowed_and_every_source_is_the_registry() {
    let rules = rules();
    let licenses = rules["licenses"].as_table().unwrap();
    let names = licenses["allow"].as_array().unwrap().iter();
    let allowed: BTreeSet<&str> = names.map(|name| name.as_str().unwrap()).collect();
    let clarified: BTreeMap<&str, &str> = licenses["clarify"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["crate"].as_str().unwrap(),
                one["expression"].as_str().unwrap(),
            )
        })
        .collect();
    for package in packages() {
        let name = text(&package, "name");
        let told = package["license"].as_str();
        let expression = told.or(clarified.get(name).copied());
        let expression = expression.unwrap_or_else(|| panic!("{name} names no licence"));
        assert!(is_allowed(expression, &allowed), "{name}: {expression}");
        // Those of this repository have none.
        if let Some(source) = package["source"].as_str() {
            let registry = "registry+https://github.com/rust-lang/crates.io-index";
            assert_eq!(source, registry, "{name}");
        }
    }
}

#[test]
fn crates_in_several_versions_are_those_that_are_known() {
    let rules = rules();
    let known = rules["bans"]["skip"].as_array().unwrap().iter();
    let known: BTreeSet<String> = known
        .map(|one| one["crate"].as_str().unwrap().to_owned())
        .collect();
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version) in compiled() {
        versions.entry(name).or_default().insert(version);
    }
    let mut several = BTreeSet::new();
    for (name, versions) in &versions {
        let places = versions.iter().map(|version| format!("{name}@{version}"));
        let unknown: Vec<String> = places.clone().filter(|p| !known.contains(p)).collect();
        assert!(
            unknown.len() <= 1,
            "{unknown:?}: one is enough; a second needs a line in .cargo/deny.toml"
        );
        if versions.len() > 1 {
            several.extend(places);
        }
    }
    let gone: Vec<_> = known.difference(&several).collect();
    assert!(
        gone.is_empty(),
        ".cargo/deny.toml: no longer there: {gone:?}"
    );
}

/// Whether an SPDX expression can be satisfied: a choice by one side, a sum by both.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.trim();
    // `/` is the older way to write a choice.
    for (operator, any) in [(" OR ", true), ("/", true), (" AND ", false)] {
        let parts = split_outside(expression, operator);
        if parts.len() > 1 {
            let mut parts = parts.into_iter();
            return match any {
                true => parts.any(|part| is_allowed(part, allowed)),
                false => parts.all(|part| is_allowed(part, allowed)),
            };
        }
    }
    match expression
        .strip_prefix('(')
        .and_then(|e| e.strip_suffix(')'))
    {
        Some(inner) => is_allowed(inner, allowed),
        None => allowed.contains(expression),
    }
}

/// The parts between an operator, where it is not within parentheses.
fn split_outside<'a>(expression: &'a str, operator: &str) -> Vec<&'a str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= start && expression[at..].starts_with(operator) => {
                parts.push(&expression[start..at]);
                start = at + operator.len();
            }
            _ => (),
        }
    }
    parts.push(&expression[start..]);
    parts
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    for yes in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/Apache-2.0",
        "MIT / GPL-2.0",
        "(MIT OR GPL-3.0) AND ISC",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_allowed(yes, &allowed), "{yes}");
    }
    for no in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR ISC) AND GPL-3.0",
        "Apache-2.0",
        "",
    ] {
        assert!(!is_allowed(no, &allowed), "{no}");
    }
}

/// The compiler refuses unsafe code (`unsafe_code` in Cargo.toml), clippy an exception without a reason and a block without a
/// comment on why it is sound; this holds crates to those lints and the exceptions to the list in ARCHITECTURE.md.
#[test]
fn unsafe_code_is_where_architecture_md_says() {
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, listed) = architecture.split_once("## Unsafe code").unwrap();
    let listed: BTreeSet<PathBuf> = listed
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("- `")?.split_once('`'))
        .map(|(path, _)| path.into())
        .collect();
    let mut found = BTreeSet::new();
    for room in ["apps", "datasets", "operators", "tests"] {
        each_file(&root().join(room), &mut |path| {
            let name = path.file_name().unwrap().to_string_lossy();
            let text = || std::fs::read_to_string(path).unwrap();
            if name == "Cargo.toml" {
                let inherits = text().contains("[lints]\nworkspace = true");
                assert!(inherits, "{}: does not take the lints", path.display());
            } else if name.ends_with(".rs") && allows_unsafe(&text()) {
                found.insert(path.strip_prefix(root()).unwrap().to_owned());
            }
        });
    }
    assert!(!found.is_empty());
    assert_eq!(found, listed, "found (left), listed (right)");
}

/// Whether a file lifts the lint: `allow`, with the lint's name on that line or the next.
fn allows_unsafe(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let lifts = |line: &str| line.starts_with("#[allow(") || line.starts_with("#![allow(");
    let names = |line: &&str| line.contains(concat!("unsafe", "_code"));
    (0..lines.len()).any(|at| lifts(lines[at]) && lines[at..].iter().take(2).any(names))
}

/// The rows of the table of rooms in ARCHITECTURE.md: the folder, and what it depends on in words.
fn rows() -> BTreeMap<String, String> {
    let architecture = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = architecture.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.strip_suffix('|')?.split('|');
        let (room, _) = cells.next()?.split_once('`')?;
        let depends = cells.next_back()?.trim().to_owned();
        room.contains('/').then(|| (room.to_owned(), depends))
    });
    rows.collect()
}

#[test]
fn crates_depend_on_what_architecture_md_says() {
    let manifest = |folder: &str| -> toml::Table {
        let path = root().join(folder).join("Cargo.toml");
        let text = std::fs::read_to_string(&path);
        let text = text.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        text.parse().unwrap()
    };
    // Every crate of the workspace, by the name that it is depended on by.
    let workspace = manifest("");
    let folders: BTreeMap<&str, &str> = workspace["workspace"]["dependencies"]
        .as_table()
        .unwrap()
        .iter()
        .filter_map(|(name, told)| Some((name.as_str(), told.get("path")?.as_str()?)))
        .collect();
    let rows = rows();
    for room in ["apps", "datasets", "operators"] {
        for entry in std::fs::read_dir(root().join(room)).unwrap() {
            let path = entry.unwrap().path();
            let folder = path.strip_prefix(root()).unwrap().to_str().unwrap();
            let is_named = folders.values().any(|named| *named == folder);
            let is_crate = path.join("Cargo.toml").exists();
            assert!(is_named || !is_crate, "Cargo.toml: no line for {folder}");
        }
    }
    for folder in folders.values() {
        assert!(
            rows.contains_key(*folder),
            "ARCHITECTURE.md: no row for {folder}"
        );
    }
    for (room, told) in &rows {
        let manifest = manifest(room);
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        let (rooms, libraries): (Vec<&str>, Vec<&str>) = dependencies
            .into_iter()
            .flat_map(toml::Table::keys)
            .map(String::as_str)
            .partition(|name| folders.contains_key(name));
        let rooms: BTreeSet<&str> = rooms.iter().map(|name| folders[name]).collect();
        let words = |part: &str| -> Vec<String> {
            let words = part.split(',').map(|word| word.trim().to_owned());
            words.filter(|word| !word.is_empty()).collect()
        };
        let (first, second) = told.split_once(';').unwrap_or(match rooms.is_empty() {
            true => ("", told.as_str()),
            false => (told.as_str(), ""),
        });
        let named: BTreeSet<&str> = words(first)
            .iter()
            .map(|word| room_called(word, &folders))
            .collect();
        assert_eq!(
            named, rooms,
            "{room}: ARCHITECTURE.md (left), its Cargo.toml (right)"
        );
        for library in words(second) {
            let known = libraries.contains(&library.as_str());
            assert!(
                known,
                "{room}: ARCHITECTURE.md names {library}, its Cargo.toml does not"
            );
        }
    }
}

/// The folder of a room that is called by its last part, or in full where two are called alike.
fn room_called<'a>(name: &str, folders: &BTreeMap<&str, &'a str>) -> &'a str {
    let is_called = |folder: &&&str| **folder == name || folder.rsplit('/').next() == Some(name);
    let found: Vec<&&str> = folders.values().filter(is_called).collect();
    match found[..] {
        [folder] => folder,
        _ => panic!("ARCHITECTURE.md: {name:?} is one of {found:?}"),
    }
}

/// Model code knows no backend: ARCHITECTURE.md, rules that hold everywhere.
#[test]
fn backends_are_named_in_one_room_and_libtorch_in_one_file() {
    let home = root().join("operators/backend/src");
    let mut homely = 0;
    for room in ["apps", "datasets", "operators"] {
        each_file(&root().join(room), &mut |path| {
            if path.extension().is_none_or(|ending| ending != "rs") {
                return;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let names_backend = ["burn::backend", "DispatchDevice", "backend_extension"]
                .iter()
                .any(|name| text.contains(name));
            let at_home = path.starts_with(&home);
            homely += usize::from(names_backend && at_home);
            assert!(
                at_home || !names_backend,
                "{}: names a backend",
                path.display()
            );
            let calls_libtorch = names_crate(&text, "tch") && !path.ends_with("libtorch.rs");
            assert!(!calls_libtorch, "{}: calls libtorch", path.display());
        });
    }
    assert!(homely > 5, "{homely}");
}

/// Whether a text has a path that begins with a crate.
fn names_crate(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let starts = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(&path).any(|(at, _)| starts(at))
}
