//! The time scheme, as data.

/// One substep: u' = u + dt [L(alpha u + beta u') + gamma N(u) + zeta N(previous)].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Substep {
    /// Explicit part of the viscous term.
    pub alpha: f64,
    /// Implicit part of the viscous term.
    pub beta: f64,
    /// Convection now.
    pub gamma: f64,
    /// Convection of the substep before.
    pub zeta: f64,
}

/// Low-storage third-order Runge-Kutta for convection with a Crank-Nicolson-like implicit treatment of viscosity, second
/// order (Spalart, Moser & Rogers 1991, J. Comput. Phys. 96, 297, eq. A4 and table I).
///
/// ```text
///   gamma     zeta     alpha    beta
///    8/15      0       29/96   37/160
///    5/12   -17/60     -3/40    5/24
///    3/4     -5/12      1/6     1/6
/// ```
pub const SPALART_MOSER_ROGERS: [Substep; 3] = [
    Substep {
        alpha: 29.0 / 96.0,
        beta: 37.0 / 160.0,
        gamma: 8.0 / 15.0,
        zeta: 0.0,
    },
    Substep {
        alpha: -3.0 / 40.0,
        beta: 5.0 / 24.0,
        gamma: 5.0 / 12.0,
        zeta: -17.0 / 60.0,
    },
    Substep {
        alpha: 1.0 / 6.0,
        beta: 1.0 / 6.0,
        gamma: 3.0 / 4.0,
        zeta: -5.0 / 12.0,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_substep_is_consistent_and_together_they_make_one_step() {
        let mut whole = 0.0;
        for s in SPALART_MOSER_ROGERS {
            approx::assert_abs_diff_eq!(s.alpha + s.beta, s.gamma + s.zeta, epsilon = 1e-15);
            whole += s.alpha + s.beta;
        }
        approx::assert_abs_diff_eq!(whole, 1.0, epsilon = 1e-15);
    }
}
