//! Formulas as people write them, and what is said about those that cannot be read.

use rheome_equations::{Expression, Parameters, System};

fn prefix(formula: &str) -> String {
    let expression: Expression = formula
        .parse()
        .unwrap_or_else(|error| panic!("{formula}: {error}"));
    expression.prefix().join(" ")
}

#[test]
fn precedence_is_that_of_mathematics() {
    let cases = [
        ("u_0 - u_1 - u_2", "sub sub u_0 u_1 u_2"),
        ("u_0 - (u_1 - u_2)", "sub u_0 sub u_1 u_2"),
        ("x + y*z", "add u_0 mul u_1 u_2"),
        ("x*y/z", "div mul u_0 u_1 u_2"),
        ("-x*y", "mul neg u_0 u_1"),
        ("-x^2", "neg pow2 u_0"),
        ("-3^2", "neg pow2 3"),
        ("(-3)^2", "pow2 -3"),
        ("-3.0*x", "mul -3.0 u_0"),
        ("x - -2", "sub u_0 -2"),
        ("2x^3", "mul 2 mul u_0 mul u_0 u_0"),
        ("x^-1", "inv u_0"),
        ("x**(-2)", "inv pow2 u_0"),
        ("1/x", "div 1 u_0"),
    ];
    for (formula, expected) in cases {
        assert_eq!(prefix(formula), expected, "{formula}");
    }
}

#[test]
fn products_need_no_sign() {
    let cases = [
        ("2x y", "mul mul 2 u_0 u_1"),
        ("3(x+y)(z)", "mul mul 3 add u_0 u_1 u_2"),
        ("x(y - z)", "mul u_0 sub u_1 u_2"),
        ("sin x cos(y)", "mul sin u_0 cos u_1"),
        ("sin^2(x) + cos²(x)", "add pow2 sin u_0 pow2 cos u_0"),
        ("2·x − 3×y", "sub mul 2 u_0 mul 3 u_1"),
        ("2e-3x", "mul 0.002 u_0"),
        ("C u_0", "mul <PLACEHOLDER> u_0"),
    ];
    for (formula, expected) in cases {
        assert_eq!(prefix(formula), expected, "{formula}");
    }
}

#[test]
fn latex_is_read() {
    let cases = [
        (
            r"\frac{u_{0} u_{1}}{3} - 2 \cdot \sin\left(x\right)",
            "sub div mul u_0 u_1 3 mul 2 sin u_0",
        ),
        (r"1.5 \times 10^{-5} x^{2}", "mul 1.5e-05 pow2 u_0"),
    ];
    for (formula, expected) in cases {
        assert_eq!(prefix(formula), expected, "{formula}");
    }
}

#[test]
fn left_hand_sides_name_the_components() {
    let plain: System = "y | -x".parse().unwrap();
    for formulas in [
        "dx/dt = y; dy/dt = -x",
        "y' = -x\nx' = y\n",
        r"\dot{x} = y \\ \dot{u_{1}} = -x",
        r"\frac{dy}{dt} = -x; \frac{du_0}{dt} = y",
    ] {
        assert_eq!(formulas.parse::<System>().unwrap(), plain, "{formulas}");
    }
}

#[test]
fn parameters_have_values() {
    let parameters = Parameters::from([("sigma".to_owned(), 10.0), ("x_r".to_owned(), 2.0)]);
    let expression = Expression::parse(r"-\sigma x + x_r", &parameters).unwrap();
    assert_eq!(expression.to_string(), "-10.0*u_0 + 2.0");
}

#[test]
fn printed_formulas_are_readable() {
    let system: System = "0.5*(y - x)^2 - 1e-5*sin(x)/z | inv(x)*-2.0 | x - (y + z)"
        .parse()
        .unwrap();
    assert_eq!(
        system.to_string(),
        "0.5*(u_1 - u_0)^2 - 1e-05*sin(u_0)/u_2 | u_0^(-1)*(-2.0) | u_0 - (u_1 + u_2)"
    );
    assert_eq!(
        system.sympy(),
        "[0.5*(u_1 - u_0)**2 - 1e-05*sin(u_0)/u_2, u_0**(-1)*(-2.0), u_0 - (u_1 + u_2)]"
    );
    let latex = r"0.5 \cdot \left(u_{1} - u_{0}\right)^2 - \frac{1 \times 10^{-5} \cdot \sin\left(u_{0}\right)}{u_{2}}";
    assert_eq!(system.components()[0].latex(), latex);
}

#[test]
fn what_cannot_be_read_is_named() {
    let cases = [
        (
            "2 + ",
            "formula, character 4: found the end, expected a number, a variable or a bracket",
        ),
        (
            "x^y",
            "formula, character 3: found \"y\", expected a whole power from 1 to 16",
        ),
        ("(x", "formula, character 3: found the end, expected ')'"),
        (
            "x $ y",
            "formula, character 3: found '$', expected a number, a name, an operator or a bracket",
        ),
        (
            "x^2^2",
            "formula, character 4: found power, expected brackets around a power of a power",
        ),
    ];
    for (formula, message) in cases {
        assert_eq!(
            formula.parse::<Expression>().unwrap_err().to_string(),
            message,
            "{formula}"
        );
    }
    let error = "alpha x".parse::<Expression>().unwrap_err().to_string();
    assert!(
        error.starts_with("formula, character 1: found \"alpha\""),
        "{error}"
    );
    for (formula, position) in [
        ("C x |", 5),
        ("| x", 1),
        ("x | | y", 5),
        ("x \n|", 4),
        ("|", 1),
    ] {
        let error = formula.parse::<System>().unwrap_err().to_string();
        let start = format!("formula, character {position}: found '|' with nothing on one side");
        assert!(error.starts_with(&start), "{formula:?}: {error}");
    }
    for formula in ["x | y", "x;\ny;", "\nx |\n y\n", r"x \\ y \\"] {
        assert_eq!(
            formula.parse::<System>().unwrap().dimension(),
            2,
            "{formula:?}"
        );
    }
    let error = "x' = y; x' = z".parse::<System>().unwrap_err().to_string();
    assert!(error.contains("one equation for each component"), "{error}");
}

#[test]
fn limits_hold() {
    let deep = "(".repeat(100_000);
    let error = deep.parse::<Expression>().unwrap_err().to_string();
    assert!(error.contains("expected at most"), "{error}");
    let nested = format!("{}x{}", "sin(".repeat(200), ")".repeat(200));
    assert!(nested.parse::<Expression>().is_err());
    let wide = vec!["x"; 3000].join("+");
    assert!(wide.parse::<Expression>().is_err());
    let towers = format!("{}x{}", "(".repeat(8), ")^16".repeat(8));
    assert!(towers.parse::<Expression>().is_err());
    assert!("x".repeat(1 << 20).parse::<Expression>().is_err());
}

#[test]
fn components_may_be_called_as_in_a_series() {
    let read = |formula: &str, names: &[&str]| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        System::parse_with_names(formula, &Parameters::new(), &names).map(|s| s.to_string())
    };
    let species = ["Hare", "Lynx"];
    let expected = "C*u_0 - C*u_0*u_1 | C*u_0*u_1 - C*u_1";
    for formula in [
        "C Hare - C Hare Lynx | C Hare Lynx - C Lynx",
        "C x - C x y | C x y - C y",
        "C u_0 - C u_0 u_1 | C u_0 u_1 - C u_1",
        "dLynx/dt = C Hare Lynx - C Lynx; dHare/dt = C Hare - C Hare Lynx",
        "Hare' = C Hare - C x Lynx | Lynx' = C Hare Lynx - C Lynx",
    ] {
        assert_eq!(read(formula, &species).unwrap(), expected, "{formula}");
    }
    // The series' own name goes before the usual place of x.
    assert_eq!(read("x | v", &["v", "x"]).unwrap(), "u_1 | u_0");
    assert_eq!(read("x | v", &["x", "v"]).unwrap(), "u_0 | u_1");
    // C and functions stay what they are.
    assert_eq!(
        read("C sin(y) | C", &["C", "sin"]).unwrap(),
        "C*sin(u_1) | C"
    );
    assert!(read("fox | Hare", &species).is_err());
}

#[test]
fn numbers_are_told_with_the_digits_that_they_have() {
    // What three words make of 0.102: 102 times 1e-3.
    let words: System = System::from_words(&["mul", "+", "N102", "E-3", "u_0"]).unwrap();
    assert_eq!(words.with_digits(3).to_string(), "0.102*u_0");
    let system: System = "2 x - 123456.0 y | 0.0019999 x".parse().unwrap();
    assert_eq!(
        system.with_digits(3).to_string(),
        "2*u_0 - 123000.0*u_1 | 0.002*u_0"
    );
    assert_eq!(
        system.with_digits(5).to_string(),
        "2*u_0 - 123460.0*u_1 | 0.0019999*u_0"
    );
}
