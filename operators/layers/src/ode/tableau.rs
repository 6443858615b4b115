//! Explicit Runge-Kutta methods as data.
//!
//! ```text
//!   c_1 |
//!   c_2 | a_21
//!   c_3 | a_31 a_32               k_i = f(t + c_i h, x + h sum_j a_ij k_j)
//!   ... | ...                     x(t + h) = x + h sum_i b_i k_i
//!       | b_1  b_2  b_3 ...
//! ```

/// Butcher's tableau of an explicit method, with its embedded one where there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tableau {
    /// Name of the method.
    pub name: &'static str,
    /// Order: the error of a step shrinks as the step to the power `order + 1`.
    pub order: u32,
    /// c, one entry a stage.
    pub nodes: &'static [f64],
    /// The rows of a below the diagonal: row i (from 0) has i entries.
    pub coefficients: &'static [&'static [f64]],
    /// b, one entry a stage.
    pub weights: &'static [f64],
    /// The weights of a second method of lower order on the same stages; the difference of the two estimates the error.
    pub embedded: Option<&'static [f64]>,
}

impl Tableau {
    /// Stages of a step.
    pub fn stages(&self) -> usize {
        self.weights.len()
    }

    /// True if the last stage is the first of the next step, and need not be computed again.
    pub fn first_same_as_last(&self) -> bool {
        let last = self.stages() - 1;
        self.weights[last] == 0.0 && self.coefficients[last] == &self.weights[..last]
    }
}

/// Euler's method (1768).
pub const EULER: Tableau = Tableau {
    name: "Euler",
    order: 1,
    nodes: &[0.0],
    coefficients: &[&[]],
    weights: &[1.0],
    embedded: None,
};

/// Heun's method of order 2 (Heun 1900), the explicit trapezoidal rule.
pub const HEUN: Tableau = Tableau {
    name: "Heun",
    order: 2,
    nodes: &[0.0, 1.0],
    coefficients: &[&[], &[1.0]],
    weights: &[0.5, 0.5],
    embedded: None,
};

/// The classical method of order 4 (Kutta 1901; Hairer, Norsett & Wanner 1993, table II.1.2 left).
pub const RK4: Tableau = Tableau {
    name: "Runge-Kutta 4",
    order: 4,
    nodes: &[0.0, 0.5, 0.5, 1.0],
    coefficients: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    weights: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    embedded: None,
};

/// The 3/8 rule of order 4 (Kutta 1901; Hairer, Norsett & Wanner 1993, table II.1.2 right): four stages, a little more
/// accurate than [`RK4`]. This is what torchdiffeq calls "rk4".
pub const RK4_THREE_EIGHTHS: Tableau = Tableau {
    name: "Runge-Kutta 4, 3/8 rule",
    order: 4,
    nodes: &[0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0],
    coefficients: &[&[], &[1.0 / 3.0], &[-1.0 / 3.0, 1.0], &[1.0, -1.0, 1.0]],
    weights: &[1.0 / 8.0, 3.0 / 8.0, 3.0 / 8.0, 1.0 / 8.0],
    embedded: None,
};

/// Order 5 with an embedded method of order 4 (Dormand & Prince 1980; Hairer, Norsett & Wanner 1993, table II.5.2). Seven
/// stages, of which the last is the first of the next step.
pub const DORMAND_PRINCE: Tableau = Tableau {
    name: "Dormand-Prince 5(4)",
    order: 5,
    nodes: &[0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0],
    coefficients: &[
        &[],
        &[1.0 / 5.0],
        &[3.0 / 40.0, 9.0 / 40.0],
        &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
        &[
            19372.0 / 6561.0,
            -25360.0 / 2187.0,
            64448.0 / 6561.0,
            -212.0 / 729.0,
        ],
        &[
            9017.0 / 3168.0,
            -355.0 / 33.0,
            46732.0 / 5247.0,
            49.0 / 176.0,
            -5103.0 / 18656.0,
        ],
        &[
            35.0 / 384.0,
            0.0,
            500.0 / 1113.0,
            125.0 / 192.0,
            -2187.0 / 6784.0,
            11.0 / 84.0,
        ],
    ],
    weights: &[
        35.0 / 384.0,
        0.0,
        500.0 / 1113.0,
        125.0 / 192.0,
        -2187.0 / 6784.0,
        11.0 / 84.0,
        0.0,
    ],
    embedded: Some(&[
        5179.0 / 57600.0,
        0.0,
        7571.0 / 16695.0,
        393.0 / 640.0,
        -92097.0 / 339200.0,
        187.0 / 2100.0,
        1.0 / 40.0,
    ]),
};

/// Every method of this module.
pub const ALL: [Tableau; 5] = [EULER, HEUN, RK4, RK4_THREE_EIGHTHS, DORMAND_PRINCE];

#[cfg(test)]
mod tests {
    use super::*;

    /// A rooted tree: the subtrees at its root.
    #[derive(Clone)]
    struct Tree(Vec<Tree>);

    impl Tree {
        fn order(&self) -> u32 {
            1 + self.0.iter().map(Tree::order).sum::<u32>()
        }

        fn density(&self) -> f64 {
            f64::from(self.order()) * self.0.iter().map(Tree::density).product::<f64>()
        }

        /// The elementary weights of the tree at each stage.
        fn weights(&self, tableau: &Tableau) -> Vec<f64> {
            let mut product = vec![1.0; tableau.stages()];
            for subtree in &self.0 {
                let below = subtree.weights(tableau);
                for (p, row) in product.iter_mut().zip(tableau.coefficients) {
                    *p *= row.iter().zip(&below).map(|(a, w)| a * w).sum::<f64>();
                }
            }
            product
        }
    }

    /// All rooted trees of `order`, some of them several times in another order of the branches.
    fn trees(order: u32) -> Vec<Tree> {
        forests(order - 1).into_iter().map(Tree).collect()
    }

    fn forests(vertices: u32) -> Vec<Vec<Tree>> {
        if vertices == 0 {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for first in 1..=vertices {
            for tree in trees(first) {
                for mut rest in forests(vertices - first) {
                    rest.push(tree.clone());
                    all.push(rest);
                }
            }
        }
        all
    }

    /// Largest violation of the conditions of `order` (Hairer, Norsett & Wanner 1993, theorem II.2.13).
    fn violation(tableau: &Tableau, weights: &[f64], order: u32) -> f64 {
        let violations = trees(order).into_iter().map(|tree| {
            let sum: f64 = weights
                .iter()
                .zip(tree.weights(tableau))
                .map(|(b, w)| b * w)
                .sum();
            (sum - 1.0 / tree.density()).abs()
        });
        violations.fold(0.0, f64::max)
    }

    #[test]
    fn every_method_satisfies_the_conditions_of_its_order_and_no_more() {
        assert_eq!([1, 2, 3, 4, 5].map(|n| trees(n).len()), [1, 1, 2, 5, 14]);
        for tableau in ALL {
            for order in 1..=tableau.order {
                let v = violation(&tableau, tableau.weights, order);
                assert!(v < 1e-13, "{}: order {order}: {v:e}", tableau.name);
            }
            let next = violation(&tableau, tableau.weights, tableau.order + 1);
            assert!(next > 1e-5, "{}", tableau.name);
        }
        let embedded = DORMAND_PRINCE.embedded.unwrap();
        for order in 1..=4 {
            assert!(violation(&DORMAND_PRINCE, embedded, order) < 1e-13);
        }
        assert!(violation(&DORMAND_PRINCE, embedded, 5) > 1e-5);
    }

    #[test]
    fn the_nodes_are_the_sums_of_the_rows() {
        for tableau in ALL {
            assert_eq!(tableau.coefficients.len(), tableau.stages());
            assert_eq!(tableau.nodes.len(), tableau.stages());
            for (i, (node, row)) in tableau.nodes.iter().zip(tableau.coefficients).enumerate() {
                assert_eq!(row.len(), i);
                assert!((row.iter().sum::<f64>() - node).abs() < 1e-14);
            }
        }
        assert!(DORMAND_PRINCE.first_same_as_last());
        assert!(!RK4.first_same_as_last() && !EULER.first_same_as_last());
    }
}
