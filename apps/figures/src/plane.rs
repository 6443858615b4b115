//! Planes through fields.

/// A plane through a field, drawn with its first index to the right and its second upwards.
#[derive(Debug, Clone)]
pub struct Plane {
    /// Values, first index slowest.
    pub values: Vec<f32>,
    /// Number of points along the two axes.
    pub points: [usize; 2],
    /// Extent along the two axes, in their units.
    pub extent: [f64; 2],
    /// Where it begins along the first axis: planes of one picture lie on a common one.
    pub start: f64,
}

impl Plane {
    /// A plane that spans `lengths`, from 0. An axis that is periodic ends where it begins: with the values of its first points once more.
    pub fn spanning(
        values: Vec<f32>,
        points: [usize; 2],
        lengths: [f64; 2],
        is_periodic: [bool; 2],
    ) -> Self {
        let [n0, n1] = points;
        let closed = [0, 1].map(|axis| points[axis] + usize::from(is_periodic[axis]));
        let value = |p: usize| values[p / closed[1] % n0 * n1 + p % closed[1] % n1];
        Self {
            values: (0..closed[0] * closed[1]).map(value).collect(),
            points: closed,
            extent: lengths,
            start: 0.0,
        }
    }

    /// The same plane, beginning there along the first axis.
    #[must_use]
    pub fn from(self, start: f64) -> Self {
        Self { start, ..self }
    }

    /// Where it ends along the first axis.
    pub(crate) fn end(&self) -> f64 {
        self.start + self.extent[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_periodic_axis_ends_where_it_begins() {
        let values: Vec<f32> = (0..6).map(|value| value as f32).collect();
        let plane = |is_periodic| Plane::spanning(values.clone(), [2, 3], [3.0, 2.0], is_periodic);
        assert_eq!(plane([false; 2]).values, values);
        let closed = plane([true, false]);
        assert_eq!(closed.points, [3, 3]);
        assert_eq!(closed.values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0, 2.0]);
        let closed = plane([false, true]);
        assert_eq!(closed.values, [0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 5.0, 3.0]);
        assert_eq!(closed.extent, [3.0, 2.0]);
    }
}
