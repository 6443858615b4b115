//! Numbers in words: sign, three digits and a power of ten.
//!
//! A number is written with three significant digits, rounded to even: 28.0 = +280 x 10^-1 gives `+`, `N280`, `E-1`. Powers
//! below -10 are written as `N000`, `E0`, which is 0; powers above 10 have words too, but these are in no vocabulary.

use crate::error::EquationError;
use crate::expression::Expression;
use crate::symbol::Symbol;
use crate::system::System;

/// The smallest and the largest power that the vocabulary has.
pub const POWERS: std::ops::RangeInclusive<i32> = -10..=10;

/// A number in words: sign x digits x 10^power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberWords {
    /// Whether the sign is `-`.
    pub negative: bool,
    /// Three digits, 0 to 999.
    pub digits: u16,
    /// Power of ten.
    pub power: i32,
}

impl NumberWords {
    /// The words nearest to a finite number.
    pub fn encode(value: f64) -> Self {
        // Exact decimal expansion, so that ties and carries (9.999 = 1.00e1) come out as with C's `%.2e`.
        let text = format!("{:.2e}", value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = mantissa
            .bytes()
            .filter(u8::is_ascii_digit)
            .fold(0, |digits, byte| digits * 10 + u16::from(byte - b'0'));
        let power = exponent.parse::<i32>().unwrap_or(0) - 2;
        let vanishes = power < *POWERS.start();
        Self {
            negative: value < 0.0,
            digits: if vanishes { 0 } else { digits },
            power: if vanishes { 0 } else { power },
        }
    }

    /// Reads the three words.
    pub fn parse(sign: &str, digits: &str, power: &str) -> Option<Self> {
        let negative = match sign {
            "+" => false,
            "-" => true,
            _ => return None,
        };
        let digits = digits.strip_prefix('N')?;
        let power = power.strip_prefix('E')?;
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits.len() != 3 || !plain(digits) || !plain(power.strip_prefix('-').unwrap_or(power)) {
            return None;
        }
        let power = power.parse().ok().filter(|power| POWERS.contains(power))?;
        Some(Self {
            negative,
            digits: digits.parse().ok()?,
            power,
        })
    }

    /// The three words.
    pub fn words(self) -> [String; 3] {
        [
            if self.negative { "-" } else { "+" }.to_owned(),
            format!("N{:03}", self.digits),
            format!("E{}", self.power),
        ]
    }

    /// The value: digits times a power of ten, with the rounding of one product.
    pub fn value(self) -> f64 {
        let power: f64 = format!("1e{}", self.power).parse().unwrap_or(f64::NAN);
        let value = f64::from(self.digits) * power;
        if self.negative && self.digits > 0 {
            -value
        } else {
            value
        }
    }
}

/// The number that the words of `value` stand for: three significant digits (where that is finite).
pub fn round_to_words(value: f64) -> f64 {
    let rounded = NumberWords::encode(value).value();
    if rounded.is_finite() { rounded } else { value }
}

impl Expression {
    /// The expression with every number rounded as its words are, and every integer a number.
    pub fn rounded(&self) -> Self {
        self.map_leaves(|symbol| match symbol.value() {
            Some(value) => Symbol::Number(round_to_words(value)),
            None => symbol,
        })
    }
}

impl System {
    /// The system with every number rounded as its words are, and every integer a number.
    pub fn rounded(&self) -> Self {
        self.map(Expression::rounded)
    }
}

impl System {
    /// Its numbers (integers are structure), in the order of its symbols.
    pub fn numbers(&self) -> Vec<f64> {
        let symbols = self.components().iter().flat_map(Expression::symbols);
        let number = |symbol: &Symbol| match symbol {
            Symbol::Number(number) => Some(*number),
            _ => None,
        };
        symbols.filter_map(number).collect()
    }

    /// The system with so many significant digits of every number: as one tells it.
    pub fn with_digits(&self, digits: usize) -> Self {
        let decimals = digits.max(1) - 1;
        let shorter = |number: f64| format!("{number:.decimals$e}").parse().unwrap_or(number);
        let numbers: Vec<f64> = self.numbers().into_iter().map(shorter).collect();
        self.with_numbers(&numbers).unwrap_or_else(|_| self.clone())
    }

    /// The system with other numbers in their places.
    ///
    /// # Errors
    /// Where there are fewer or more than the system has, or one is not finite.
    pub fn with_numbers(&self, numbers: &[f64]) -> Result<Self, EquationError> {
        let count = self.numbers().len();
        if numbers.len() != count {
            return Err(EquationError::Unsuitable {
                context: "numbers of a system".to_owned(),
                found: numbers.len().to_string(),
                expected: count.to_string(),
            });
        }
        let mut rest = numbers.iter();
        let mut replace = |symbol: &Symbol| match symbol {
            Symbol::Number(number) => Symbol::Number(*rest.next().unwrap_or(number)),
            other => *other,
        };
        let components = self.components().iter();
        let components = components.map(|component| {
            Expression::new(component.symbols().iter().map(&mut replace).collect())
        });
        Self::new(components.collect::<Result<_, _>>()?)
    }
}

/// A number as Python prints it: the shortest digits that read back the same, with a point or an exponent.
pub(crate) fn shortest(value: f64) -> String {
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_even_digit() {
        assert_eq!(NumberWords::encode(1.125).digits, 112);
        assert_eq!(NumberWords::encode(1.375).digits, 138);
    }

    #[test]
    fn numbers_print_as_in_python() {
        let pairs = [
            (3.0, "3.0"),
            (0.1 + 0.003, "0.10300000000000001"),
            (5e-5, "5e-05"),
            (-1.5e-7, "-1.5e-07"),
            (0.0001, "0.0001"),
            (1e16, "1e+16"),
            (1.25e22, "1.25e+22"),
            (123456.0, "123456.0"),
        ];
        for (value, text) in pairs {
            assert_eq!(shortest(value), text);
        }
    }
}
