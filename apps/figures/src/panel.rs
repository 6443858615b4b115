//! One chart: its axes, and the curves that it shows.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, KeyPointWeight};
use plotters::prelude::*;

use super::clip::{Span, View};
use super::figure::spread;
use super::style::{FONT, Marker, color, ring};
use super::ticks::{self, Labels};
use super::{Axis, Curve, Panel, Scale, line};

/// Single points from which on they are a cloud.
const MANY: usize = 30;

pub(crate) type Drawn<D> = Result<(), DrawingAreaErrorKind<<D as DrawingBackend>::ErrorType>>;

type Chart<'a, D> = ChartContext<'a, D, Cartesian2d<Ruler, Ruler>>;

/// An axis as it is drawn: what it shows, and where it has numbers.
#[derive(Clone)]
struct Ruler {
    span: Span,
    ticks: Vec<f64>,
}

impl Ruler {
    fn new(span: Span) -> Self {
        let ticks = ticks::of(&span);
        Self { span, ticks }
    }
}

impl Ranged for Ruler {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        first + (self.span.part(*value) * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight() {
            KeyPointWeight::Bold => self.ticks.clone(),
            // No finer lines.
            KeyPointWeight::Any => Vec::new(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.span.low..self.span.high
    }
}

impl Panel {
    /// Whether something of a data set is shown, if it has points here.
    pub(crate) fn shows(&self, set: usize) -> Option<bool> {
        let view = self.view();
        let curves = self.curves.iter().filter(|curve| curve.set == set);
        let is_there = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
        let with_points = curves.filter(|curve| curve.points.iter().any(is_there));
        let is_shown = |curve: &Curve| {
            let has_point = curve.points.iter().any(|point| view.shows(*point));
            has_point || (!curve.is_scatter && !view.pieces(&curve.points).is_empty())
        };
        with_points.map(is_shown).reduce(|one, other| one || other)
    }

    /// What the axes show.
    fn view(&self) -> View {
        let span = |axis: &Axis, pick| {
            let (low, high) = self.range_of(axis, pick);
            let scale = axis.scale;
            Span { scale, low, high }
        };
        View {
            x: span(&self.x, |p| p.0),
            y: span(&self.y, |p| p.1),
        }
    }

    /// What an axis shows: what it was told to, or all its values with a margin.
    fn range_of(&self, axis: &Axis, pick: fn(&(f64, f64)) -> f64) -> (f64, f64) {
        if let Some(range) = axis.range {
            return range;
        }
        let is_log = axis.scale == Scale::Logarithmic;
        let shown = |v: &f64| v.is_finite() && (!is_log || *v > 0.0);
        // Outliers count only where there is nothing else.
        let all_outliers = self.curves.iter().all(|c| c.is_outlier);
        let counted = self.curves.iter().filter(|c| all_outliers || !c.is_outlier);
        let values = counted.flat_map(|c| &c.points).map(pick).filter(shown);
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        match (low <= high, is_log) {
            (false, _) => (0.1, 1.0),
            (true, true) => (low / 1.2, high * 1.2),
            (true, false) if spread(low, high) > high - low => {
                let margin = 0.2 * spread(low, high);
                (low - margin, high + margin)
            }
            (true, false) => {
                let margin = 0.05 * (high - low);
                let below = if low >= 0.0 && low < high * 0.3 {
                    -low
                } else {
                    -margin
                };
                (low + below, high + margin)
            }
        }
    }

    /// Draws it.
    pub(crate) fn draw<D: DrawingBackend>(&self, area: &DrawingArea<D, Shift>) -> Drawn<D> {
        let view = self.view();
        let (x, y) = (Ruler::new(view.x), Ruler::new(view.y));
        let (of_x, of_y) = (Labels::of(&x.ticks), Labels::of(&y.ticks));
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .margin_right(26)
            .x_label_area_size(54)
            .y_label_area_size(78)
            .build_cartesian_2d(x, y)?;
        let bold = |scale| if scale == Scale::Linear { 0.12 } else { 0.16 };
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(bold(self.x.scale)))
            .x_labels(ticks::MOST)
            .y_labels(ticks::MOST)
            .x_label_formatter(&|value| of_x.label(*value))
            .y_label_formatter(&|value| of_y.label(*value))
            .x_desc(of_x.quantity(&self.x.label))
            .y_desc(of_y.quantity(&self.y.label))
            .label_style((FONT, 17))
            .axis_desc_style((FONT, 20))
            .draw()?;
        self.in_order()
            .try_for_each(|curve| self.draw_curve(&mut chart, curve, &view))
    }

    fn draw_curve<D: DrawingBackend>(
        &self,
        chart: &mut Chart<D>,
        curve: &Curve,
        view: &View,
    ) -> Drawn<D> {
        let color = color(curve.set);
        if !curve.is_scatter {
            for piece in view.pieces(&curve.points) {
                for part in line::parts(&piece, |point| chart.backend_coord(&point)) {
                    let line = LineSeries::new(part.iter().copied(), color.stroke_width(2));
                    chart.draw_series(line)?;
                }
            }
        }
        let Some((marker, points)) = markers(curve, view) else {
            return Ok(());
        };
        let (size, opacity) = self.marks(curve);
        if curve.is_open {
            let rings = points.into_iter();
            chart.draw_series(rings.map(|p| EmptyElement::at(p) + ring(marker, size, color)))?;
        } else {
            let outline = marker.outline(size);
            chart.draw_series(points.into_iter().map(|p| {
                let mark = Polygon::new(outline.clone(), color.mix(opacity).filled());
                EmptyElement::at(p) + mark
            }))?;
        }
        Ok(())
    }

    /// Size and opacity of the markers of a curve: small ones that show what lies below, where there are many single points.
    pub(crate) fn marks(&self, curve: &Curve) -> (i32, f64) {
        let clouds = self
            .curves
            .iter()
            .filter(|curve| curve.is_scatter && !curve.is_open);
        let points: usize = clouds.map(|curve| curve.points.len()).sum();
        match curve.is_scatter && !curve.is_open && points > MANY {
            true => (4, 0.7),
            false => (5, 1.0),
        }
    }

    /// The curves in the order in which they are drawn, one over the other: clouds of points as they are given, then lines, the reference
    /// last, so that nothing hides it, then rings.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Curve> {
        let of = |is_scatter: bool, is_open: bool| {
            let such =
                move |curve: &&Curve| (curve.is_scatter, curve.is_open) == (is_scatter, is_open);
            self.curves.iter().filter(such)
        };
        of(true, false)
            .chain(of(false, false).rev())
            .chain(of(true, true))
    }
}

/// What marks a curve, and where: at every point of single ones; of a line at some that are shown, and at those that it joins to no other,
/// which nobody would see.
fn markers(curve: &Curve, view: &View) -> Option<(Marker, Vec<(f64, f64)>)> {
    let shown = curve.points.iter().copied().filter(|p| view.shows(*p));
    let shown: Vec<(f64, f64)> = shown.collect();
    if curve.is_scatter {
        return Some((Marker::of(curve.set).unwrap_or(Marker::Disc), shown));
    }
    let alone = view.alone(&curve.points);
    let Some(marker) = Marker::of(curve.set) else {
        return (!alone.is_empty()).then_some((Marker::Disc, alone));
    };
    let every = (shown.len() / 14).max(1);
    let some = shown
        .into_iter()
        .skip(curve.set % every)
        .step_by(every)
        .filter(|point| !alone.contains(point));
    Some((marker, some.chain(alone.iter().copied()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(y: Axis, curves: Vec<Curve>) -> Panel {
        Panel {
            x: Axis::linear("t"),
            y,
            curves,
        }
    }

    /// Where a curve has markers.
    fn marked(panel: &Panel, curve: usize) -> Vec<(f64, f64)> {
        let found = markers(&panel.curves[curve], &panel.view());
        found.map_or_else(Vec::new, |(_, points)| points)
    }

    #[test]
    fn points_that_no_line_reaches_are_marked() {
        let nan = f64::NAN;
        let line = |values: &[f64]| {
            let points = values.iter().enumerate();
            Curve::line(BARE, points.map(|(i, v)| (i as f64, *v)).collect())
        };
        // Lines of this set have no markers.
        const BARE: usize = 0;
        assert!(Marker::of(BARE).is_none());
        let panel = panel(
            Axis::linear("u").within(0.0, 1.0),
            vec![
                line(&[0.5]),
                line(&[nan, 0.5, nan]),
                line(&[0.2, nan, 0.5, 0.6]),
                line(&[0.2, 0.5]),
                line(&[3.0]),
            ],
        );
        assert_eq!(marked(&panel, 0), [(0.0, 0.5)]);
        assert_eq!(marked(&panel, 1), [(1.0, 0.5)]);
        assert_eq!(marked(&panel, 2), [(0.0, 0.2)]);
        assert_eq!(marked(&panel, 3), []);
        assert_eq!(marked(&panel, 4), []);
        let log = Panel {
            y: Axis::logarithmic("E").within(0.1, 1.0),
            curves: vec![line(&[0.0, 0.5, 0.0])],
            ..panel
        };
        assert_eq!(marked(&log, 0), [(1.0, 0.5)]);
        // Beside the markers that a line has anyway.
        let with = |values: Vec<(f64, f64)>| Curve::line(3, values);
        let long =
            (0..60)
                .map(|i| (f64::from(i), 0.5))
                .chain([(60.0, nan), (61.0, 0.5), (62.0, nan)]);
        let one = Panel {
            y: Axis::linear("u"),
            curves: vec![with(long.collect()), with(vec![(0.0, 0.5)])],
            ..log
        };
        assert!(Marker::of(3).is_some());
        let points = marked(&one, 0);
        assert!(
            points.contains(&(61.0, 0.5)) && (10..30).contains(&points.len()),
            "{points:?}"
        );
        assert_eq!(marked(&one, 1), [(0.0, 0.5)]);
    }

    #[test]
    fn a_data_set_is_shown_where_something_of_it_is() {
        let curve = |set: usize, values: &[f64]| {
            let points = values.iter().enumerate();
            Curve::line(set, points.map(|(i, v)| (i as f64, *v)).collect())
        };
        let scatter = |set: usize, y: f64| Curve::scatter(set, vec![(0.0, y), (1.0, y)]);
        let panel = panel(
            Axis::linear("u").within(0.0, 1.0),
            vec![
                curve(0, &[0.5]),
                curve(1, &[3.0]),
                // Through the axes, with no point in them.
                curve(2, &[-1.0, 2.0]),
                scatter(3, 2.0),
                scatter(4, 0.5),
                curve(5, &[f64::NAN]),
                curve(6, &[f64::NAN, 0.5, f64::NAN]),
                curve(6, &[3.0]),
            ],
        );
        let shown = [true, false, true, false, true];
        for (set, shown) in shown.into_iter().enumerate() {
            assert_eq!(panel.shows(set), Some(shown), "{set}");
        }
        assert_eq!(panel.shows(5), None);
        assert_eq!(panel.shows(6), Some(true));
        assert_eq!(panel.shows(7), None, "nothing of it is here");
    }
}
