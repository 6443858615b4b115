//! Properties that hold for every expression and every input.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rheome_equations::{
    Derivative, Expression, NumberWords, Operator, Symbol, SymbolNoise, System, Variable,
    Vocabulary, compare,
};

fn operator(arity: usize) -> impl Strategy<Value = Operator> {
    let of_arity: Vec<Operator> = Operator::ALL
        .into_iter()
        .filter(|o| o.arity() == arity)
        .collect();
    prop::sample::select(of_arity)
}

/// Expressions over leaves; small enough for every limit.
fn expression(leaf: impl Strategy<Value = Symbol> + 'static) -> impl Strategy<Value = Expression> {
    leaf.prop_map(|symbol| vec![symbol])
        .prop_recursive(7, 60, 2, |inner| {
            prop_oneof![
                (operator(1), inner.clone())
                    .prop_map(|(o, a)| [vec![Symbol::Operator(o)], a].concat()),
                (operator(2), inner.clone(), inner).prop_map(|(o, a, b)| [
                    vec![Symbol::Operator(o)],
                    a,
                    b
                ]
                .concat()),
            ]
        })
        .prop_map(|symbols| Expression::new(symbols).unwrap())
}

fn system(leaf: impl Strategy<Value = Symbol> + 'static) -> impl Strategy<Value = System> {
    prop::collection::vec(expression(leaf), 5)
        .prop_map(|components| System::new(components).unwrap())
}

fn any_leaf() -> impl Strategy<Value = Symbol> {
    prop_oneof![
        (0..5_u16).prop_map(|index| Symbol::Variable(Variable::State(index))),
        any::<u16>().prop_map(|index| Symbol::Variable(Variable::Space(index))),
        Just(Symbol::Variable(Variable::Time)),
        (0..5_u16, prop::sample::select(Derivative::ALL.to_vec()))
            .prop_map(|(index, along)| Symbol::Variable(Variable::Derivative(index, along))),
        any::<i32>().prop_map(Symbol::Integer),
        prop::num::f64::NORMAL.prop_map(Symbol::Number),
        (-1000..1000_i32).prop_map(|number| Symbol::Number(f64::from(number) / 100.0)),
        Just(Symbol::Placeholder),
    ]
}

/// Leaves that the vocabulary expresses exactly.
fn published_leaf() -> impl Strategy<Value = Symbol> {
    let number = (any::<bool>(), 100..1000_u16, -10..=10_i32);
    prop_oneof![
        (0..5_u16).prop_map(|index| Symbol::Variable(Variable::State(index))),
        (-10..=10_i32).prop_map(Symbol::Integer),
        Just(Symbol::Number(0.0)),
        Just(Symbol::Placeholder),
        number.prop_map(|(negative, digits, power)| {
            Symbol::Number(
                NumberWords {
                    negative,
                    digits,
                    power,
                }
                .value(),
            )
        }),
    ]
}

/// Leaves of expressions whose values are neither huge nor tiny.
fn moderate_leaf() -> impl Strategy<Value = Symbol> {
    prop_oneof![
        (0..3_u16).prop_map(|index| Symbol::Variable(Variable::State(index))),
        (-3..=3_i32).prop_map(Symbol::Integer),
        (-30..30_i32).prop_map(|number| Symbol::Number(f64::from(number) / 8.0)),
    ]
}

/// Sums and products, in which values lose few digits.
fn polynomial() -> impl Strategy<Value = Expression> {
    let operators = vec![Operator::Add, Operator::Sub, Operator::Mul];
    moderate_leaf()
        .prop_map(|symbol| vec![symbol])
        .prop_recursive(4, 24, 2, move |inner| {
            let operator = prop::sample::select(operators.clone());
            prop_oneof![
                inner
                    .clone()
                    .prop_map(|a| [vec![Symbol::Operator(Operator::Neg)], a].concat()),
                (operator, inner.clone(), inner).prop_map(|(o, a, b)| [
                    vec![Symbol::Operator(o)],
                    a,
                    b
                ]
                .concat()),
            ]
        })
        .prop_map(|symbols| Expression::new(symbols).unwrap())
}

fn alone(expression: &Expression) -> System {
    let rest = (1..3).map(|index| format!("u_{index}").parse().unwrap());
    System::new(std::iter::once(expression.clone()).chain(rest).collect()).unwrap()
}

proptest! {
    #[test]
    fn decoding_inverts_encoding(system in system(published_leaf())) {
        let vocabulary = Vocabulary::new(5).unwrap();
        let ids = vocabulary.encode(&system).unwrap();
        prop_assert_eq!(vocabulary.decode(&ids).unwrap(), system);
    }

    #[test]
    fn encoding_rounds_as_rounded(number in -1e12..1e12_f64) {
        let expression = Expression::new(vec![Symbol::Number(number)]).unwrap();
        let read = Expression::from_words(&expression.words()).unwrap();
        prop_assert_eq!(&read, &expression.rounded());
        let value = read.symbols()[0].value().unwrap();
        prop_assert!((value - number).abs() <= 0.0051 * number.abs() + 1e-8);
    }

    #[test]
    fn words_with_all_digits_are_read_back(system in system(any_leaf())) {
        prop_assert_eq!(System::from_words(&system.prefix()).unwrap(), system);
    }

    #[test]
    fn every_printed_form_is_read_back(system in system(any_leaf())) {
        prop_assert_eq!(&system.to_string().parse::<System>().unwrap(), &system);
        prop_assert_eq!(&system.infix_words().parse::<System>().unwrap(), &system);
        prop_assert_eq!(&system.latex().parse::<System>().unwrap(), &system);
        for component in system.components() {
            prop_assert_eq!(&component.sympy().parse::<Expression>().unwrap(), component);
        }
    }

    #[test]
    fn skeletons_keep_the_shape(expression in expression(any_leaf())) {
        let skeleton = expression.skeleton();
        prop_assert!(skeleton.symbols().iter().all(|symbol| symbol.value().is_none()));
        prop_assert_eq!(skeleton.depth(), expression.depth());
        prop_assert_eq!(skeleton.skeleton(), skeleton);
    }

    #[test]
    fn simplified_polynomials_have_the_same_values(expression in polynomial()) {
        let simplified = expression.simplified();
        let comparison = compare(&alone(&expression), &alone(&simplified), 64, 3).unwrap();
        prop_assert!(comparison.relative_error < 1e-9, "{} -> {}: {:?}", expression, simplified, comparison);
        prop_assert_eq!(simplified.simplified(), simplified);
    }

    #[test]
    fn simplifying_never_fails(expression in expression(any_leaf())) {
        let simplified = expression.simplified();
        prop_assert_eq!(Expression::new(simplified.symbols().to_vec()).unwrap(), simplified);
    }

    #[test]
    fn a_difference_is_noticed(expression in polynomial(), factor in 1.001..3.0_f64) {
        let product = [&[Symbol::Operator(Operator::Mul), Symbol::Number(factor)], expression.symbols()].concat();
        let system = alone(&expression);
        let other = compare(&system, &alone(&Expression::new(product).unwrap()), 32, 1).unwrap();
        let zero = expression.simplified().symbols()[0].value() == Some(0.0);
        prop_assert_eq!(other.equal(), zero, "{}", expression);
        prop_assert!(compare(&system, &system, 32, 1).unwrap().equal());
    }

    #[test]
    fn noise_drops_a_term_or_adds_one(system in system(any_leaf()), seed in any::<u64>()) {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let skeleton = system.skeleton();
        let mut changes = |missing, spurious| {
            let noisy = SymbolNoise { missing, spurious }.apply(&system, &mut random);
            let pairs = noisy.components().iter().zip(skeleton.components());
            pairs
                .map(|(a, b)| a.symbols().len() as i64 - b.symbols().len() as i64)
                .filter(|change| *change != 0)
                .collect::<Vec<_>>()
        };
        prop_assert_eq!(changes(0.0, 0.0), Vec::<i64>::new());
        let added = changes(0.0, 1.0);
        prop_assert!(added.len() == 1 && [2, 4, 6].contains(&added[0]), "{added:?}");
        let dropped = changes(1.0, 0.0);
        let sums = skeleton.components().iter().any(|c| c.symbols()[0].arity() == 2 && {
            matches!(c.symbols()[0], Symbol::Operator(Operator::Add | Operator::Sub))
        });
        prop_assert!(dropped.len() <= 1 && dropped.iter().all(|change| *change < 0), "{dropped:?}");
        prop_assert!(!sums || dropped.len() == 1, "a sum kept all its terms");
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        let _ = text.parse::<System>();
    }

    #[test]
    fn no_formula_panics(parts in prop::collection::vec(prop::sample::select(vec![
        "x", "u_1", "(", ")", "{", "}", "^", "2", "-", "+", "*", "/", "sin", "\\frac", "\\dot", "=", "'", "|", "\n", "1.5e",
        "\\times 10^{-5}", "C", "<", "²", "pow2", "**", "17", " ", "\\", "_", "99999999999999999999", "1e999", ".",
    ]), 0..60)) {
        let _ = parts.concat().parse::<System>();
    }

    #[test]
    fn no_list_of_words_panics(words in prop::collection::vec(prop_oneof![
        prop::sample::select(vec!["add", "sin", "u_0", "u_99999", "+", "-", "N123", "E-2", "E99", "|", "3", "-1e999", "nan", "<PLACEHOLDER>", "t"])
            .prop_map(str::to_owned),
        "\\PC{0,5}",
    ], 0..40)) {
        let _ = System::from_words(&words);
    }

    #[test]
    fn no_ids_panic(ids in prop::collection::vec(0..1200_u32, 0..40)) {
        let _ = Vocabulary::new(3).unwrap().decode(&ids);
    }
}
