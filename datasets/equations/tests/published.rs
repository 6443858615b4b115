//! Words, ids, skeletons, formulas and numbers against those of the published code (arXiv:2309.16816).

use rheome_equations::{Expression, NumberWords, System, Vocabulary, round_to_words};
use serde::Deserialize;

#[derive(Deserialize)]
struct Published {
    families: Vec<Equation>,
    vocabulary: std::collections::BTreeMap<String, u32>,
    n_words: usize,
    floats: Vec<Float>,
}

#[derive(Deserialize)]
struct Equation {
    family: String,
    dimension: usize,
    prefix: String,
    infix: String,
    words: String,
    ids: Vec<u32>,
    skeleton: String,
    decoded_infix: String,
}

#[derive(Deserialize)]
struct Float {
    /// As text: the last bit counts.
    value: String,
    words: [String; 3],
    decoded: String,
    in_vocabulary: bool,
}

fn published() -> Published {
    serde_json::from_str(include_str!("fixtures/symbols.json")).unwrap()
}

fn words(prefix: &str) -> Vec<&str> {
    prefix.split(',').collect()
}

#[test]
fn every_word_has_its_published_id() {
    let published = published();
    let vocabulary = Vocabulary::new(5).unwrap();
    assert_eq!(vocabulary.size(), published.n_words);
    // All ids but those of the first copies of the four special words.
    assert_eq!(published.vocabulary.len(), published.n_words - 4);
    for (word, id) in published.vocabulary {
        assert_eq!(vocabulary.id(&word).unwrap(), id, "{word}");
        assert_eq!(vocabulary.word(id).unwrap(), word);
    }
}

#[test]
fn ids_depend_on_the_dimension_as_published() {
    // The three-dimensional vocabulary of the published networks.
    let vocabulary = Vocabulary::new(3).unwrap();
    assert_eq!(vocabulary.size(), 1072);
    let ids = [
        ("-1", 4),
        ("u_2", 43),
        ("|", 44),
        ("<BOS>", 45),
        ("<PLACEHOLDER>", 48),
        ("+", 49),
        ("E10", 63),
        ("N999", 1071),
    ];
    for (word, id) in ids {
        assert_eq!(vocabulary.id(word).unwrap(), id, "{word}");
    }
}

#[test]
fn every_family_has_its_published_words_ids_and_skeleton() {
    let vocabulary = Vocabulary::new(5).unwrap();
    let families = published().families;
    assert_eq!(families.len(), 15);
    for equation in families {
        let system = System::from_words(&words(&equation.prefix)).unwrap();
        assert_eq!(
            system.dimension(),
            equation.dimension,
            "{}",
            equation.family
        );
        assert_eq!(
            system.prefix(),
            words(&equation.prefix),
            "{}",
            equation.family
        );
        assert_eq!(
            system.words().join(" "),
            equation.words,
            "{}",
            equation.family
        );
        assert_eq!(
            system.skeleton().words().join(" "),
            equation.skeleton,
            "{}",
            equation.family
        );
        assert_eq!(
            vocabulary.encode(&system).unwrap(),
            equation.ids,
            "{}",
            equation.family
        );
        let decoded = vocabulary.decode(&equation.ids).unwrap();
        assert_eq!(decoded, system, "{}", equation.family);
    }
}

#[test]
fn every_family_has_its_published_formula() {
    for equation in published().families {
        let system = System::from_words(&words(&equation.prefix)).unwrap();
        assert_eq!(system.infix_words(), equation.infix, "{}", equation.family);
        let decoded = System::from_words(&equation.words.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(
            decoded.infix_words(),
            equation.decoded_infix,
            "{}",
            equation.family
        );
        assert_eq!(
            equation.infix.parse::<System>().unwrap(),
            system,
            "{}",
            equation.family
        );
    }
}

#[test]
fn numbers_have_their_published_words() {
    let vocabulary = Vocabulary::new(3).unwrap();
    for float in published().floats {
        let value: f64 = float.value.parse().unwrap();
        let decoded: f64 = float.decoded.parse().unwrap();
        let encoded = NumberWords::encode(value);
        assert_eq!(encoded.words(), float.words, "{value}");
        assert_eq!(encoded.value(), decoded, "{value}");
        assert_eq!(round_to_words(value), decoded);
        let known = float.words.iter().all(|word| vocabulary.id(word).is_ok());
        assert_eq!(known, float.in_vocabulary, "{value}");
        let read = Expression::from_words(&float.words);
        assert_eq!(read.is_ok(), float.in_vocabulary, "{value}");
    }
}
