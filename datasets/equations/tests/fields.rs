//! Equations of fields: partial derivatives in formulas and words, and their ids behind the published ones.

use rheome_equations::{
    Derivative, Parameters, Program, Symbol, System, Variable, Vocabulary, compare,
};

/// Momentum along x and y, and continuity, of an incompressible fluid of density 1: each vanishes.
const NAVIER_STOKES: &str = "u_0_t + u_0*u_0_x + u_1*u_0_y + u_2_x - viscosity*(u_0_xx + u_0_yy) \
     | u_1_t + u_0*u_1_x + u_1*u_1_y + u_2_y - viscosity*(u_1_xx + u_1_yy) \
     | u_0_x + u_1_y";

fn navier_stokes(viscosity: f64) -> System {
    let parameters = Parameters::from([("viscosity".to_owned(), viscosity)]);
    System::parse(NAVIER_STOKES, &parameters).unwrap()
}

#[test]
fn derivatives_are_words_of_their_own() {
    let system = navier_stokes(1.25e-3);
    let words = system.words().join(" ");
    let first =
        "sub add add add u_0_t mul u_0 u_0_x mul u_1 u_0_y u_2_x mul + N125 E-5 add u_0_xx u_0_yy";
    assert!(words.starts_with(&format!("{first} | ")), "{words}");
    assert!(words.ends_with(" | add u_0_x u_1_y"), "{words}");
    assert_eq!(System::from_words(&system.words()).unwrap(), system);
    assert!(
        system.latex().contains("u_{0,xx} + u_{0,yy}"),
        "{}",
        system.latex()
    );
    let vocabulary = Vocabulary::of_fields(3).unwrap();
    let ids = vocabulary.encode(&system).unwrap();
    assert_eq!(vocabulary.decode(&ids).unwrap(), system);
    // Another viscosity changes three words at two places at most.
    let other = vocabulary.encode(&navier_stokes(4e-2)).unwrap();
    let differences = ids.iter().zip(&other).filter(|(a, b)| a != b).count();
    assert_eq!((ids.len(), differences), (other.len(), 4));
}

#[test]
fn published_ids_stay_and_derivatives_follow() {
    let (published, fields) = (
        Vocabulary::new(3).unwrap(),
        Vocabulary::of_fields(3).unwrap(),
    );
    for id in 4..published.size() as u32 {
        let word = published.word(id).unwrap();
        assert_eq!(fields.id(word), published.id(word));
    }
    assert_eq!(fields.size(), published.size() + 3 * Derivative::ALL.len());
    let id = |word: &str| fields.id(word).unwrap() as usize - published.size();
    assert_eq!(
        [id("u_0_t"), id("u_0_yy"), id("u_1_t"), id("u_2_yy")],
        [0, 5, 6, 17]
    );
    assert!(published.id("u_0_t").is_err() && fields.id("u_3_t").is_err());
}

#[test]
fn what_is_no_derivative_is_no_word() {
    for word in [
        "u_0_", "u_0_z", "u_0_xxx", "u_0_yx", "x_0_x", "u_00_x", "u__x", "u_0_x_x",
    ] {
        assert_eq!(Variable::from_word(word), None, "{word}");
        assert!(word.parse::<System>().is_err(), "{word}");
    }
    let found = Variable::from_word("u_12_xy");
    assert_eq!(found, Some(Variable::Derivative(12, Derivative::XY)));
}

#[test]
fn derivatives_differ_from_values_and_from_one_another_and_have_no_value() {
    let parse = |formula: &str| formula.parse::<System>().unwrap();
    // Like terms are gathered, unlike ones are not.
    let simplified = parse("u_0_x + 2*u_0_x + u_0_y + u_0").components()[0].simplified();
    let derivatives = simplified
        .symbols()
        .iter()
        .filter(|symbol| matches!(symbol, Symbol::Variable(Variable::Derivative(0, _))));
    assert_eq!(derivatives.count(), 2, "{simplified}");
    let error = Program::new(&parse("u_0_x")).unwrap_err().to_string();
    assert!(error.contains("partial derivative"), "{error}");
    assert!(compare(&parse("u_0_x"), &parse("u_0_y"), 4, 1).is_err());
    // An index beyond the components is noticed.
    assert!(parse("u_1_x").check_closed().is_err());
}
