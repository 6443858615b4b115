//! `prose tokens` as a person uses it: every form of an equation from every other.

mod command;

use command::{fails, with};
use predicates::prelude::*;
use serde_json::Value;

fn tokens(arguments: &[&str]) -> Value {
    let mut command = with(&["tokens", "--json"]);
    let told = command.args(arguments).assert().success();
    serde_json::from_slice(&told.get_output().stdout).unwrap()
}

const LORENZ: &str = "10.0 (y - x) | x (28.0 - z) - y | x y - 2.667 z";

#[test]
fn every_form_leads_to_the_same_equation() {
    let told = tokens(&[LORENZ]);
    assert_eq!(told["components"], 3);
    let words = told["words"].as_str().unwrap();
    assert!(
        words.starts_with("mul + N100 E-1 sub u_1 u_0 | "),
        "{words}"
    );
    assert_eq!(
        told["skeleton"].as_str().unwrap().split(' ').next(),
        Some("mul")
    );
    assert!(told["latex"].as_str().unwrap().contains("\\dot{u_{1}} = "));
    assert!(told["sympy"].as_str().unwrap().starts_with("[10.0*("));
    // Three digits are all that words keep.
    assert!(told["infix"].as_str().unwrap().contains("2.667*u_2"));
    assert!(told["from_ids"].as_str().unwrap().contains("2.67*u_2"));

    let ids = told["ids"].as_str().unwrap();
    let by_ids = tokens(&["--ids", ids]);
    let by_commas = tokens(&["--ids", &ids.replace(' ', ",")]);
    let by_words = tokens(&["--words", words]);
    assert_eq!(by_ids, by_words);
    assert_eq!(by_ids, by_commas);
    assert_eq!(by_ids["infix"], told["from_ids"]);
    assert_eq!(by_ids["ids"], told["ids"]);
    assert_eq!(by_ids["from_ids"], Value::Null);
    let by_sympy = told["sympy"].as_str().unwrap().trim_matches(['[', ']']);
    let by_sympy = tokens(&[&by_sympy.replace(", ", " | ")]);
    assert_eq!(by_sympy, told);
}

#[test]
fn ids_are_the_published_ones_and_depend_on_the_dimension() {
    // Published: <PLACEHOLDER> 48, "-1" 4, "2" 17, in the vocabulary of three components.
    let ids = |more: &[&str]| {
        let told = tokens(&[&["2 C"], more].concat());
        told["ids"].as_str().unwrap().to_owned()
    };
    let three = ids(&[]);
    assert!(three.ends_with("17 48"), "{three}");
    assert_ne!(ids(&["--dimension", "5"]), three);
    let four = tokens(&["u_3 | u_2 | u_1 | -u_0"]);
    assert_eq!(
        four["vocabulary"].as_u64().unwrap(),
        1 + tokens(&["u_0"])["vocabulary"].as_u64().unwrap()
    );
}

#[test]
fn names_get_their_values() {
    let told = tokens(&["a x - 1", "--parameter", "a=-2.5"]);
    assert_eq!(told["infix"], "-2.5*u_0 - 1");
    let told = tokens(&["-x"]);
    assert_eq!(told["words"], "neg u_0");
}

#[test]
fn what_has_no_ids_is_said_beside_what_there_is() {
    with(&["tokens", "x + 11"])
        .assert()
        .success()
        .stdout(predicate::str::contains("words: add u_0 11"))
        .stdout(predicate::str::contains("no_ids: word \"11\""))
        .stdout(predicate::str::contains("write 11.0"))
        .stdout(predicate::str::contains("\nids:").not());
}

/// The example of the help shows ids, which is what the command is for.
#[test]
fn the_example_of_the_help_has_ids() {
    let help = with(&["tokens", "--help"]).assert().success();
    let help = String::from_utf8(help.get_output().stdout.clone()).unwrap();
    let (_, example) = help.split_once("  prose tokens \"").unwrap();
    let (equation, _) = example.split_once('"').unwrap();
    let told = tokens(&[equation]);
    assert!(told["ids"].as_str().is_some(), "{told}");
    assert_eq!(told["from_ids"], Value::Null, "nothing is rounded away");
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let cases: [(&[&str], &[&str]); 8] = [
        (&["x + * y"], &["formula, character 5", "expected"]),
        (&["x + (y"], &["formula, character"]),
        (&["x | q"], &["formula, character 5", "\"q\""]),
        (&["--words", "add u_0"], &["--words: word 3", "the end"]),
        (&["--words", "add u_0 foo"], &["--words: word 3", "\"foo\""]),
        (&["--ids", "41,x"], &["--ids: entry 2", "\"x\""]),
        (&["--ids", "99999"], &["--ids: id 99999"]),
        (
            &["a x", "--parameter", "a=b"],
            &["--parameter a=b", "NAME=VALUE"],
        ),
    ];
    for (arguments, words) in cases {
        fails(with(&[&["tokens"], arguments].concat()), 1, words);
    }
    with(&["tokens"]).assert().code(2);
    with(&["tokens", "x", "--ids", "3"]).assert().code(2);
    with(&["tokens", "x", "--dimension", "0"]).assert().code(2);
}
