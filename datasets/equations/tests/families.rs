//! Families: the published ones against their published instances, and those that users write.

use rheome_equations::{
    Parameters, System, equation_stream, families_from_toml, families_to_toml, published_families,
    sample_initial, sample_parameters,
};
use serde_json::Value;

/// Parameters of the published instances, read off their numbers.
fn published_parameters(family: &str) -> Parameters {
    let values: &[(&str, f64)] = match family {
        "thomas" => &[("b", 0.185)],
        "lorenz_3d" => &[("sigma", 10.3), ("rho", 30.3), ("beta", 2.73)],
        "aizawa" => &[
            ("a", 0.906),
            ("b", 0.652),
            ("c", 0.654),
            ("d", 3.29),
            ("f", 0.103),
        ],
        "chen_lee" => &[("a", 5.26), ("b", -10.0), ("c", -0.359)],
        "dadras" => &[
            ("a", 1.26),
            ("b", 1.15),
            ("c", 0.754),
            ("d", 0.73),
            ("e", 3.99),
        ],
        "rossler" => &[("a", 0.104), ("b", 0.103), ("c", 15.0)],
        "halvorsen" => &[("a", 0.375)],
        "fabrikant" => &[("alpha", 0.97), ("gamma", 0.104)],
        "sprott_B" => &[("a", 0.403), ("b", 1.18), ("c", 0.987)],
        "sprott_linz_F" => &[("a", 0.523)],
        "four_wing" => &[("a", 0.182), ("b", 0.0107), ("c", -0.426)],
        "lorenz_96_4d" => &[("forcing", 7.46)],
        "lorenz_96_5d" => &[("forcing", 8.44)],
        "duffing" => &[
            ("alpha", 0.975),
            ("beta", 4.7),
            ("gamma", 8.46),
            ("delta", 0.021),
            ("omega", 0.485),
        ],
        // 9.21, 27.6 and 36.9 are k, 3 k and 4 k before rounding.
        "double_pendulum" => &[("k", 9.214)],
        other => panic!("{other} is not published"),
    };
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

#[test]
fn every_family_gives_its_published_words() {
    let published: Value = serde_json::from_str(include_str!("fixtures/symbols.json")).unwrap();
    let families = published_families(true);
    assert_eq!(families.len(), 15);
    assert_eq!(published_families(false).len(), 12);
    for (family, equation) in families
        .iter()
        .zip(published["families"].as_array().unwrap())
    {
        assert_eq!(family.name(), equation["family"].as_str().unwrap());
        let parameters = published_parameters(family.name());
        let system = family.system(&parameters).unwrap();
        let prefix = equation["prefix"].as_str().unwrap();
        assert_eq!(system.prefix().join(","), prefix, "{}", family.name());
        assert_eq!(
            parameters.len(),
            family.parameters().len(),
            "{}",
            family.name()
        );
        for (name, value) in parameters {
            // Drawn within 10 %, then written with three digits.
            let ratio = value / family.parameters()[&name];
            assert!(
                (ratio - 1.0).abs() < 0.105,
                "{} {name}: {ratio}",
                family.name()
            );
        }
    }
}

fn message(text: &str) -> String {
    families_from_toml(text, "my.toml").unwrap_err().to_string()
}

#[test]
fn families_of_users_are_read() {
    let text = r#"
        [[family]]
        name = "van_der_pol"
        parameters = { mu = 2.0 }
        initial = [-1.0, 1.0]
        equations = "dx/dt = y; dy/dt = mu (1 - x^2) y - x"
    "#;
    let families = families_from_toml(text, "my.toml").unwrap();
    let system = families[0].system(families[0].parameters()).unwrap();
    assert_eq!(
        system,
        "u_1 | 2.0*(1.0 - u_0^2)*u_1 - u_0"
            .parse::<System>()
            .unwrap()
    );
    assert_eq!(families[0].initial(), [-1.0, 1.0]);
}

#[test]
fn what_is_wrong_with_a_family_is_said() {
    let missing = message("[[family]]\nname = \"a\"\nequations = \"k*x\"");
    assert!(
        missing.starts_with("my.toml: family \"a\": formula, character 1: found \"k\""),
        "{missing}"
    );
    let open = message("[[family]]\nname = \"a\"\nequations = \"y\"");
    assert!(
        open.ends_with("component 0: found u_1, expected states u_0 to u_0"),
        "{open}"
    );
    let unknown = message("[[family]]\nname = \"a\"\nequation = \"x\"");
    assert!(
        unknown.contains("line 3") && unknown.contains("equation"),
        "{unknown}"
    );
    // The last are farther apart than any number.
    for range in ["[1.0, nan]", "[2.0, 1.0]", "[-1.7e308, 1.7e308]"] {
        let family = format!("[[family]]\nname = \"a\"\nequations = \"x\"\ninitial = {range}");
        let told = message(&family);
        assert!(told.contains("two finite numbers"), "{told}");
    }
    let twice =
        message("[[family]]\nname=\"a\"\nequations=\"x\"\n[[family]]\nname=\"a\"\nequations=\"x\"");
    assert!(twice.contains("given twice"), "{twice}");
}

#[test]
fn parameters_and_initial_values_follow_from_the_seed_alone() {
    for family in published_families(true) {
        let draw = |seed, equation| {
            let mut random = equation_stream(seed, family.name(), equation);
            let parameters = sample_parameters(&family, 0.1, &mut random);
            (parameters, sample_initial(&family, &mut random))
        };
        assert_eq!(draw(1, 5), draw(1, 5));
        assert_ne!(draw(1, 5), draw(1, 6));
        assert_ne!(draw(1, 5), draw(2, 5));
        for equation in 0..200 {
            let (parameters, initial) = draw(3, equation);
            for (name, value) in &parameters {
                let ratio = value / family.parameters()[name];
                assert!(
                    (0.9..=1.1).contains(&ratio),
                    "{} {name}: {ratio}",
                    family.name()
                );
            }
            assert!(initial.iter().all(|value| value.abs() <= 2.0));
            assert_eq!(
                family.system(&parameters).unwrap().dimension(),
                family.dimension()
            );
        }
    }
}

#[test]
fn what_is_written_as_a_file_is_read_again() {
    let published = published_families(true);
    let text = families_to_toml(&published);
    assert!(
        text.starts_with("[[family]]\nname = \"thomas\"\n"),
        "{text}"
    );
    let read = families_from_toml(&text, "text").unwrap();
    assert_eq!(read.len(), published.len());
    for (read, family) in read.iter().zip(&published) {
        assert_eq!(read.name(), family.name());
        assert_eq!(read.source(), family.source());
        assert_eq!(read.parameters(), family.parameters());
        assert_eq!(read.initial(), family.initial());
        assert_eq!(
            read.system(read.parameters()).unwrap(),
            family.system(family.parameters()).unwrap()
        );
    }
    // Whatever a name or a source holds.
    let odd = "[[family]]\nname = 'a \"b\" \\c'\nequations = \"x' = y; y' = -x\"\nsource = \"\"\"x\ny\"\"\"\n";
    let odd = families_from_toml(odd, "odd").unwrap();
    assert_eq!(
        families_from_toml(&families_to_toml(&odd), "text").unwrap(),
        odd
    );
}

#[test]
fn the_family_of_the_documentation_can_be_read() {
    let page = include_str!("../FORMAT.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let families = families_from_toml(text, "FORMAT.md").unwrap();
    assert_eq!(families[0].name(), "lynx_hare");
    assert_eq!(
        (families[0].dimension(), families[0].initial()),
        (2, [5.0, 40.0])
    );
}
