//! Units: a series and its equation in the units of a network, and back.

use crate::error::EquationError;
use crate::expression::Expression;
use crate::series::Series;
use crate::symbol::{Operator, Symbol, Variable};
use crate::system::System;

/// Other units of time and states: t' = (t - origin) * time and u' = value * u, the same for all components.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// The time that becomes 0.
    pub origin: f64,
    /// What times are multiplied by; positive.
    pub time: f64,
    /// What states are multiplied by; positive.
    pub value: f64,
}

impl Scaling {
    /// The units as they are.
    pub const NONE: Self = Self {
        origin: 0.0,
        time: 1.0,
        value: 1.0,
    };

    /// The way back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            origin: -self.origin * self.time,
            time: 1.0 / self.time,
            value: 1.0 / self.value,
        }
    }

    /// A time in the new units.
    pub fn of_time(&self, time: f64) -> f64 {
        (time - self.origin) * self.time
    }

    /// A series in the new units.
    ///
    /// # Errors
    /// Where its numbers become infinite, or two times equal.
    pub fn of_series(&self, series: &Series) -> Result<Series, EquationError> {
        let times = series.times().iter().map(|time| self.of_time(*time));
        Series::named(
            times.collect(),
            series.states() * self.value,
            series.names().to_vec(),
        )
    }

    /// A system in the new units: where du/dt = f(t, u), du'/dt' = (value / time) f(t'/time + origin, u'/value), with constants
    /// multiplied out over sums and gathered.
    ///
    /// # Errors
    /// Where a component outgrows the limits of an expression.
    pub fn of_system(&self, system: &System) -> Result<System, EquationError> {
        let back = self.inverse();
        let components = system.components().iter();
        let scaled = components.map(|component| {
            let inner = back.substitute(component)?;
            Ok(multiplied(&inner, self.value / self.time)?.simplified())
        });
        match *self == Self::NONE {
            true => Ok(system.clone()),
            false => System::new(scaled.collect::<Result<_, EquationError>>()?),
        }
    }

    /// The expression at (t - origin) * time and value * u.
    fn substitute(&self, expression: &Expression) -> Result<Expression, EquationError> {
        let number = |value: f64| Symbol::Number(value);
        let times = |factor: f64, rest: &[Symbol]| {
            let product = [Symbol::Operator(Operator::Mul), number(factor)];
            [&product, rest].concat()
        };
        let replace = |symbol: &Symbol| match symbol {
            Symbol::Variable(Variable::State(_)) if self.value != 1.0 => {
                times(self.value, &[*symbol])
            }
            Symbol::Variable(Variable::Time) if self.origin != 0.0 => {
                let shifted = [
                    Symbol::Operator(Operator::Sub),
                    *symbol,
                    number(self.origin),
                ];
                times(self.time, &shifted)
            }
            Symbol::Variable(Variable::Time) if self.time != 1.0 => times(self.time, &[*symbol]),
            other => vec![*other],
        };
        Expression::new(expression.symbols().iter().flat_map(replace).collect())
    }
}

/// The expression times a factor, term by term.
fn multiplied(expression: &Expression, factor: f64) -> Result<Expression, EquationError> {
    if factor == 1.0 {
        return Ok(expression.clone());
    }
    let symbols = expression.symbols();
    let mut product = Vec::with_capacity(symbols.len() + 8);
    let mut place = 0;
    // Terms of the sum yet to come; behind the sum's own operators each begins where the one before ends.
    let mut open = 1_usize;
    while open > 0 {
        let symbol = symbols[place];
        if symbol.is_sum() {
            product.push(symbol);
            place += 1;
            open += 1;
            continue;
        }
        let term = expression.span(place);
        place = term.end;
        open -= 1;
        product.extend([Symbol::Operator(Operator::Mul), Symbol::Number(factor)]);
        product.extend_from_slice(&symbols[term]);
    }
    Expression::new(product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equality::compare;
    use ndarray::arr2;
    use proptest::prelude::*;

    fn system(text: &str) -> System {
        text.parse().unwrap()
    }

    #[test]
    fn constants_are_multiplied_out_over_sums() {
        let scaling = Scaling {
            origin: 5.0,
            time: 0.5,
            value: 4.0,
        };
        let found = scaling.of_system(&system("2.0 x - 0.5 x y | -y + x^2"));
        assert_eq!(
            found.unwrap().to_string(),
            "4.0*u_0 - 0.25*(u_0*u_1) | -2.0*u_1 + 0.5*u_0^2"
        );
        let unchanged = system("2.0*(x - y) | C");
        assert_eq!(Scaling::NONE.of_system(&unchanged).unwrap(), unchanged);
    }

    #[test]
    fn the_trajectory_of_a_scaled_system_is_the_scaled_trajectory() {
        let scaling = Scaling {
            origin: 1900.0,
            time: 0.1,
            value: 0.05,
        };
        let lotka = system("0.5 x - 0.025 x y | 0.02 x y - 0.8 y + 0.1 sin(t)");
        let times: Vec<f64> = (0..20).map(|year| 1900.0 + f64::from(year)).collect();
        let states =
            crate::verification::continuation(&lotka, 1900.0, &[30.0, 4.0], &times, &[30.0; 2])
                .unwrap();
        let series = scaling
            .of_series(&Series::new(times, states).unwrap())
            .unwrap();
        let scaled = scaling.of_system(&lotka).unwrap();
        let residual = crate::verification::residual(&scaled, &series).unwrap();
        assert!(residual < 1e-5, "{residual}");
    }

    #[test]
    fn a_series_goes_there_and_back() {
        let scaling = Scaling {
            origin: 3.0,
            time: 0.25,
            value: 8.0,
        };
        let series = Series::new(vec![3.0, 5.0], arr2(&[[1.0, 2.0], [3.0, 4.0]])).unwrap();
        let there = scaling.of_series(&series).unwrap();
        assert_eq!(there.times(), [0.0, 0.5]);
        assert_eq!(there.states()[[1, 0]], 24.0);
        assert_eq!(scaling.inverse().of_series(&there).unwrap(), series);
    }

    proptest! {
        #[test]
        fn a_system_goes_there_and_back(
            origin in -3.0_f64..3.0, time in 0.1_f64..10.0, value in 0.1_f64..10.0,
            a in -5.0_f64..5.0, which in 0_usize..3,
        ) {
            let text = [
                format!("{a:?}*(y - x) + 2 x^2 | x (28.0 - z) - y/(1.5 + y^2) | x y - t z"),
                format!("sin({a:?} x) - -(y - cos(t)) | x | {a:?}"),
                format!("(x + y)*(x - {a:?}) | -(x + {a:?}) | 1/(2.0 + z^2)"),
            ];
            let original = system(&text[which]);
            let scaling = Scaling { origin, time, value };
            let there = scaling.of_system(&original).unwrap();
            let back = scaling.inverse().of_system(&there).unwrap();
            let comparison = compare(&original, &back, 50, 1).unwrap();
            prop_assert!(comparison.relative_error < 1e-9, "{comparison:?}");
        }
    }
}
