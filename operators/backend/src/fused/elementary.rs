//! Functions of one number that a compiler turns into vector instructions: no branches, no tables, no calls.
//!
//! Their errors are stated as tests. Use them within [`super::vectorized`].

/// Where the error function is 1 in single precision.
const ERF_END: f32 = 4.0;

/// Numerator and denominator of erf(x) / x in powers of x^2, from the highest: fitted to relative 2.5e-8 on [0, 4] (weighted
/// least squares of the linearised quotient, weights raised where the error is largest).
const ERF_OVER: [f32; 6] = [
    1.986_832_3e-6,
    2.845_547_2e-4,
    3.882_930_4e-3,
    5.310_048e-2,
    1.935_356_7e-1,
    // The fit has it at the slope at 0, 2 / sqrt(pi).
    std::f32::consts::FRAC_2_SQRT_PI,
];
const ERF_UNDER: [f32; 6] = [
    3.742_01e-5,
    1.185_467e-3,
    1.520_643e-2,
    1.153_460_9e-1,
    5.048_491e-1,
    1.0,
];

/// The error function, to 5e-7 of its value.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let x = x.clamp(-ERF_END, ERF_END);
    let square = x * x;
    x * polynomial(square, ERF_OVER) / polynomial(square, ERF_UNDER)
}

/// Taylor's terms of the exponential function from the sixth power down.
const EXP_TERMS: [f32; 7] = [
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// The exponential function of a number that is not positive, to 3e-7 of its value; 0 below -87.
#[inline(always)]
pub fn exp_of_negative(x: f32) -> f32 {
    /// Adding it leaves the nearest whole number in the last bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first of few enough bits that its multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // Not f32::max, which would make a number of NaN.
    let within = if x < -87.0 { -87.0 } else { x };
    let sum = within.mul_add(std::f32::consts::LOG2_E, ROUND);
    let whole = sum - ROUND;
    let rest = whole.mul_add(-LN_2[0], within);
    let rest = whole.mul_add(-LN_2[1], rest);
    // The last bits of `sum`, moved to where the exponent is, scale by 2^whole.
    let power = f32::from_bits((sum.to_bits() << 23).wrapping_add(0x3f80_0000));
    let value = polynomial(rest, EXP_TERMS) * power;
    if x < -87.0 { 0.0 } else { value }
}

/// The exact GELU, `x Phi(x)` (Hendrycks & Gimpel 2016, arXiv 1606.08415).
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    x * normal_distribution(x)
}

/// Its derivative, `Phi(x) + x phi(x)`.
#[inline(always)]
pub fn gelu_slope(x: f32) -> f32 {
    const DENSITY_AT_0: f32 = 0.398_942_3;
    normal_distribution(x) + x * DENSITY_AT_0 * exp_of_negative(-0.5 * x * x)
}

/// 2 sqrt(2 / pi) and its product with the cubic term's weight.
const TANH_FORM: [f32; 2] = [1.595_769_2, 0.071_354_82];

/// The approximate GELU: `x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3))`.
#[inline(always)]
pub fn gelu_tanh(x: f32) -> f32 {
    x * sigmoid(x * (x * x).mul_add(TANH_FORM[1], TANH_FORM[0]))
}

/// Its derivative.
#[inline(always)]
pub fn gelu_tanh_slope(x: f32) -> f32 {
    let square = x * x;
    let gate = sigmoid(x * square.mul_add(TANH_FORM[1], TANH_FORM[0]));
    let slope = square.mul_add(3.0 * TANH_FORM[1], TANH_FORM[0]);
    gate * (x * slope).mul_add(1.0 - gate, 1.0)
}

/// `1 / (1 + exp(-x))`
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let e = exp_of_negative(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

#[inline(always)]
fn normal_distribution(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[0];
    for coefficient in &coefficients[1..] {
        sum = sum.mul_add(x, *coefficient);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(from: f64, to: f64) -> impl Iterator<Item = f32> {
        const N: u32 = 20_000;
        (0..=N).map(move |i| (from + (to - from) * f64::from(i) / f64::from(N)) as f32)
    }

    /// By its series, whose terms alternate: exact in double precision to |x| = 4 but for 1e-10.
    fn exact_erf(x: f64) -> f64 {
        let (mut sum, mut term) = (0.0, x);
        for n in 0..200 {
            sum += term / f64::from(2 * n + 1);
            term *= -x * x / f64::from(n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    fn exact_gelu(x: f64) -> f64 {
        let half = if x.abs() > 5.6 {
            x.signum()
        } else {
            exact_erf(x / 2.0_f64.sqrt())
        };
        0.5 * x * (1.0 + half)
    }

    #[test]
    fn the_error_function() {
        for x in numbers(-4.0, 4.0) {
            let exact = exact_erf(f64::from(x));
            assert!(
                (f64::from(erf(x)) - exact).abs() <= 5e-7 * exact.abs(),
                "erf({x})"
            );
        }
        assert!((erf(30.0) - 1.0).abs() < 2e-7 && (erf(-30.0) + 1.0).abs() < 2e-7);
        assert_eq!(erf(0.0), 0.0);
        assert!(erf(f32::NAN).is_nan());
    }

    #[test]
    fn the_exponential_function() {
        for x in numbers(-86.9, 0.0) {
            let exact = f64::from(x).exp();
            let found = f64::from(exp_of_negative(x));
            assert!((found - exact).abs() <= 3e-7 * exact, "exp({x}): {found}");
        }
        assert_eq!([exp_of_negative(0.0), exp_of_negative(-1e6)], [1.0, 0.0]);
        assert_eq!(exp_of_negative(f32::NEG_INFINITY), 0.0);
        assert!(exp_of_negative(f32::NAN).is_nan());
    }

    #[test]
    fn gelu_and_its_slope() {
        for x in numbers(-9.0, 9.0) {
            let wide = f64::from(x);
            assert!((f64::from(gelu(x)) - exact_gelu(wide)).abs() < 5e-7 * wide.abs().max(1.0));
            let slope = (exact_gelu(wide + 1e-4) - exact_gelu(wide - 1e-4)) / 2e-4;
            assert!(
                (f64::from(gelu_slope(x)) - slope).abs() < 1e-5,
                "slope at {x}"
            );
        }
    }
}
