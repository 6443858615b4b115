//! One step of an explicit Runge-Kutta method from each given time to the next; the method is a [`Tableau`].

use super::{State, Tableau};

/// Integrates from the first of `times` to the last, one step from each to the next, and returns the state there.
///
/// `slope(t, x)` is dx/dt; `observe(i, x)` sees the state at `times[i]`, the first one included.
pub fn integrate<S: State>(
    tableau: &Tableau,
    times: &[f64],
    start: S,
    mut slope: impl FnMut(f64, &S) -> S,
    mut observe: impl FnMut(usize, &S),
) -> S {
    let mut state = start;
    observe(0, &state);
    for (i, pair) in times.windows(2).enumerate() {
        let step = pair[1] - pair[0];
        let slopes = stages(tableau, pair[0], step, &state, None, &mut slope);
        state = advance(&state, step, tableau.weights, &slopes);
        observe(i + 1, &state);
    }
    state
}

/// The slopes of all stages of a step; `first` is the first one, if it is known.
pub(super) fn stages<S: State>(
    tableau: &Tableau,
    time: f64,
    step: f64,
    state: &S,
    first: Option<S>,
    slope: &mut impl FnMut(f64, &S) -> S,
) -> Vec<S> {
    let mut slopes: Vec<S> = first.into_iter().collect();
    for (node, row) in tableau.nodes.iter().zip(tableau.coefficients) {
        if slopes.len() > row.len() {
            continue;
        }
        let at = advance(state, step, row, &slopes);
        slopes.push(slope(time + node * step, &at));
    }
    slopes
}

/// `state + step * sum of weight * slope`.
pub(super) fn advance<S: State>(state: &S, step: f64, weights: &[f64], slopes: &[S]) -> S {
    let terms: Vec<(f64, &S)> = weights
        .iter()
        .map(|weight| step * weight)
        .zip(slopes)
        .filter(|(factor, _)| *factor != 0.0)
        .collect();
    state.plus(&terms)
}

#[cfg(test)]
mod tests {
    use super::super::tableau::{ALL, RK4_THREE_EIGHTHS};
    use super::*;
    use burn::tensor::{Device, Tensor};

    /// A nonlinear, time-dependent equation with a known solution: x' = x^2 cos t, x = 1 / (2 - sin t).
    fn error(tableau: &Tableau, steps: usize) -> f64 {
        let times: Vec<f64> = (0..=steps).map(|i| 2.0 * i as f64 / steps as f64).collect();
        let slope = |t: f64, x: &Vec<f64>| vec![x[0] * x[0] * t.cos()];
        let end = integrate(tableau, &times, vec![0.5], slope, |_, _| ());
        (end[0] - 1.0 / (2.0 - 2.0_f64.sin())).abs()
    }

    #[test]
    fn halving_the_step_divides_the_error_by_two_to_the_order() {
        for tableau in ALL {
            let rate = (error(&tableau, 64) / error(&tableau, 128)).log2();
            let order = f64::from(tableau.order);
            assert!((rate - order).abs() < 0.3, "{}: {rate}", tableau.name);
        }
    }

    #[test]
    fn tensors_move_like_numbers_and_every_time_is_seen() {
        let times = [0.0, 0.2, 0.5, 1.0];
        let start = Tensor::<2>::from_data([[1.0, 2.0], [-1.0, 0.5]], &Device::flex());
        let mut seen = Vec::new();
        let end = integrate(
            &RK4_THREE_EIGHTHS,
            &times,
            start,
            |t, x| x.clone().mul_scalar(-t),
            |i, x| seen.push((i, x.clone().into_data().iter::<f32>().collect::<Vec<_>>())),
        );
        let host = |x0: f64| {
            let slope = |t: f64, x: &Vec<f64>| vec![-t * x[0]];
            integrate(&RK4_THREE_EIGHTHS, &times, vec![x0], slope, |_, _| ())[0]
        };
        let end: Vec<f32> = end.try_into_vec_as().unwrap();
        for (found, x0) in end.iter().zip([1.0, 2.0, -1.0, 0.5]) {
            assert!((f64::from(*found) - host(x0)).abs() < 1e-6);
        }
        assert_eq!(seen.iter().map(|s| s.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(seen[0].1, [1.0, 2.0, -1.0, 0.5]);
        assert_eq!(seen[3].1, end);
    }
}
