//! The WALE model (Nicoud & Ducros 1999, Flow Turbul. Combust. 62, 183, eqs. 11-13).

use super::gradient::{Gradient, square, strain};

/// nu_t at every point of a plane, `length` being C_w Delta.
pub fn evaluate(gradient: &Gradient, length: f64, eddy_viscosity: &mut [f64]) {
    for (point, nu_t) in eddy_viscosity.iter_mut().enumerate() {
        *nu_t = length * length * frequency(&gradient.at(point));
    }
}

/// (S^d S^d)^(3/2) / ((S S)^(5/2) + (S^d S^d)^(5/4)), where S^d is the traceless symmetric part of the squared gradient. Zero in
/// pure shear and of third order in the distance from a wall.
pub fn frequency(g: &[[f64; 3]; 3]) -> f64 {
    let mut squared = [[0.0; 3]; 3];
    for (i, row) in squared.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value = (0..3).map(|k| g[i][k] * g[k][j]).sum();
        }
    }
    let mut traceless = strain(&squared);
    let third = (traceless[0] + traceless[1] + traceless[2]) / 3.0;
    traceless[..3].iter_mut().for_each(|value| *value -= third);
    let (rotation, shear) = (square(&traceless), square(&strain(g)));
    let below = shear.powf(2.5) + rotation.powf(1.25);
    if below > 0.0 {
        rotation.powf(1.5) / below
    } else {
        0.0
    }
}
