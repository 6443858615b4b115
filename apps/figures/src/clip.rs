//! What axes show of lines: cut where they leave, not joined across what is not shown.

use crate::Scale;

type Point = (f64, f64);

/// What one axis shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
}

/// What a panel shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub x: Span,
    pub y: Span,
}

impl Span {
    /// How far along the axis a value lies: 0 at its beginning, 1 at its end.
    pub fn part(self, value: f64) -> f64 {
        let [value, low, high] = [value, self.low, self.high].map(|value| self.place(value));
        (value - low) / (high - low)
    }

    fn shows(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Where a value lies along the axis; not finite where it has no place there.
    fn place(self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.ln(),
        }
    }

    /// The value at a part of the way between two others, which the axis shows.
    fn between(self, a: f64, b: f64, part: f64) -> f64 {
        let (a, b) = (self.place(a), self.place(b));
        // Far beyond the axes the difference of two numbers is none.
        let place = a * (1.0 - part) + b * part;
        let value = match self.scale {
            Scale::Linear => place,
            Scale::Logarithmic => place.exp(),
        };
        value.max(self.low).min(self.high)
    }

    /// Narrows the part of the way from `a` to `b` to what lies on the axis; none where nothing does (Liang & Barsky 1984).
    fn cut(self, a: f64, b: f64, [from, to]: [f64; 2]) -> Option<[f64; 2]> {
        let [a, b, low, high] = [a, b, self.low, self.high].map(|value| self.place(value));
        if !(a.is_finite() && b.is_finite()) {
            return None;
        }
        let at = |border: f64| (border - a) / (b - a);
        let within = match (a < b, a > b) {
            (true, _) => [at(low), at(high)],
            (_, true) => [at(high), at(low)],
            _ => match a >= low && a <= high {
                true => [0.0, 1.0],
                false => return None,
            },
        };
        let part = [from.max(within[0]), to.min(within[1])];
        (part[0] <= part[1]).then_some(part)
    }
}

impl View {
    /// Whether a point is shown.
    pub fn shows(&self, (x, y): Point) -> bool {
        self.x.shows(x) && self.y.shows(y)
    }

    /// What is shown of a line through points, piece by piece. It is cut at the borders, and ends at points that have no place on the axes.
    pub fn pieces(&self, points: &[Point]) -> Vec<Vec<Point>> {
        let mut pieces: Vec<Vec<Point>> = Vec::new();
        // Whether the last piece goes on at the point that was seen last.
        let mut goes_on = false;
        for pair in points.windows(2) {
            let Some([from, to]) = self.cut(pair[0], pair[1]) else {
                goes_on = false;
                continue;
            };
            match pieces.last_mut() {
                Some(piece) if goes_on => piece.push(to),
                _ => pieces.push(vec![from, to]),
            }
            goes_on = to == pair[1];
        }
        pieces
    }

    /// The points that are shown and belong to no piece: there is nothing before and behind them, or nothing that has a place on the axes.
    pub fn alone(&self, points: &[Point]) -> Vec<Point> {
        let is_joined = |pair: &[Point]| self.cut(pair[0], pair[1]).is_some();
        let is_alone = |place: &usize| {
            let before = *place > 0 && is_joined(&points[place - 1..=*place]);
            let behind = points.get(*place..place + 2).is_some_and(is_joined);
            self.shows(points[*place]) && !before && !behind
        };
        let alone = (0..points.len()).filter(is_alone);
        alone.map(|place| points[place]).collect()
    }

    /// The part of a straight line that is shown.
    fn cut(&self, a: Point, b: Point) -> Option<[Point; 2]> {
        let part = self.x.cut(a.0, b.0, [0.0, 1.0])?;
        let [from, to] = self.y.cut(a.1, b.1, part)?;
        let at = |part: f64| {
            (
                self.x.between(a.0, b.0, part),
                self.y.between(a.1, b.1, part),
            )
        };
        // The ends themselves, where they are shown.
        let end = |point: Point, part: f64| match self.shows(point) {
            true => point,
            false => at(part),
        };
        Some([end(a, from), end(b, to)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(scale: Scale, low: f64, high: f64) -> View {
        View {
            x: Span {
                scale: Scale::Linear,
                low: 0.0,
                high: 10.0,
            },
            y: Span { scale, low, high },
        }
    }

    #[test]
    fn a_line_is_cut_where_it_leaves_the_axes() {
        let view = view(Scale::Linear, 0.0, 1.0);
        let cases: [(&[Point], &[&[Point]]); 8] = [
            // Within, out and in again, through, above and back, beside.
            (&[(0.0, 0.5), (5.0, 1.0)], &[&[(0.0, 0.5), (5.0, 1.0)]]),
            (
                &[(1.0, 0.5), (2.0, 1.5), (4.0, 1.5), (5.0, 0.5)],
                &[&[(1.0, 0.5), (1.5, 1.0)], &[(4.5, 1.0), (5.0, 0.5)]],
            ),
            (&[(1.0, -1.0), (5.0, 3.0)], &[&[(2.0, 0.0), (3.0, 1.0)]]),
            (
                &[(1.0, 0.5), (2.0, 2.5), (3.0, 0.5)],
                &[&[(1.0, 0.5), (1.25, 1.0)], &[(2.75, 1.0), (3.0, 0.5)]],
            ),
            (&[(-4.0, 0.5), (-1.0, 0.5)], &[]),
            (&[(-5.0, 0.5), (5.0, 0.5)], &[&[(0.0, 0.5), (5.0, 0.5)]]),
            (&[(1.0, 5.0), (2.0, 7.0), (3.0, 5.0)], &[]),
            // What is no number has no place.
            (
                &[
                    (1.0, 0.1),
                    (2.0, 0.2),
                    (3.0, f64::NAN),
                    (4.0, 0.4),
                    (5.0, 0.5),
                ],
                &[&[(1.0, 0.1), (2.0, 0.2)], &[(4.0, 0.4), (5.0, 0.5)]],
            ),
        ];
        for (points, expected) in cases {
            assert_eq!(view.pieces(points), expected, "{points:?}");
        }
        assert!(view.pieces(&[(1.0, 0.5)]).is_empty() && view.pieces(&[]).is_empty());
    }

    #[test]
    fn a_point_that_is_joined_to_nothing_is_alone() {
        let nan = f64::NAN;
        let linear = view(Scale::Linear, 0.0, 1.0);
        let log = view(Scale::Logarithmic, 0.1, 1.0);
        let cases: [(View, &[Point], &[Point]); 8] = [
            (linear, &[], &[]),
            (linear, &[(1.0, 0.5)], &[(1.0, 0.5)]),
            (linear, &[(1.0, 1.5)], &[]),
            (linear, &[(1.0, 0.5), (2.0, 0.6)], &[]),
            // A piece reaches beyond the axes.
            (linear, &[(1.0, 1.5), (2.0, 0.6), (3.0, 1.5)], &[]),
            (
                linear,
                &[(1.0, nan), (2.0, 0.6), (3.0, nan), (4.0, 0.1), (5.0, 0.2)],
                &[(2.0, 0.6)],
            ),
            (
                linear,
                &[(1.0, 0.1), (2.0, nan), (3.0, 0.3)],
                &[(1.0, 0.1), (3.0, 0.3)],
            ),
            (
                log,
                &[(1.0, 0.0), (2.0, 0.6), (3.0, 0.0), (4.0, 0.2), (5.0, 0.3)],
                &[(2.0, 0.6)],
            ),
        ];
        for (view, points, expected) in cases {
            assert_eq!(view.alone(points), expected, "{points:?}");
        }
    }

    #[test]
    fn on_a_logarithmic_axis_a_line_is_cut_where_it_is_drawn() {
        let view = view(Scale::Logarithmic, 1.0, 100.0);
        let pieces = view.pieces(&[(0.0, 1e-2), (4.0, 1e2), (6.0, 1e4)]);
        assert_eq!(pieces.len(), 1);
        let (x, y) = pieces[0][0];
        assert!(
            (x - 2.0).abs() < 1e-12 && (y - 1.0).abs() < 1e-12,
            "{pieces:?}"
        );
        assert_eq!(pieces[0][1], (4.0, 1e2));
        // Zero lies infinitely far below.
        let pieces = view.pieces(&[(0.0, 2.0), (1.0, 0.0), (2.0, 2.0), (3.0, 3.0)]);
        assert_eq!(pieces, [[(2.0, 2.0), (3.0, 3.0)]]);
    }

    #[test]
    fn nothing_is_drawn_beyond_the_axes() {
        let extremes = [
            0.0,
            0.5,
            f64::MAX,
            -1e-300,
            f64::MIN,
            f64::INFINITY,
            -7.0,
            f64::NAN,
        ];
        for scale in [Scale::Linear, Scale::Logarithmic] {
            let view = view(scale, 0.25, 1.0);
            for (a, b) in extremes.iter().flat_map(|a| extremes.map(|b| (*a, b))) {
                for line in [
                    [(1.0, a), (2.0, b)],
                    [(a, 0.5), (b, 0.75)],
                    [(a, b), (b, a)],
                ] {
                    let pieces = view.pieces(&line);
                    let mut points = pieces.iter().flatten();
                    assert!(
                        points.all(|point| view.shows(*point)),
                        "{line:?}: {pieces:?}"
                    );
                }
            }
        }
    }
}
