//! Line charts: panels of curves with one legend, as PNG or SVG by the ending of the file's name.

use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use super::legend::{Entry, Legend};
use super::style::{FONT, Marker, color, register_typeface, ring};
use super::ticks;
use super::{PlotError, file, line};

/// How an axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By powers of ten; values that are not positive are left out.
    Logarithmic,
}

/// One axis of a panel.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Quantity and unit, e.g. `y+` or `u / u_tau`.
    pub label: String,
    /// How it is divided.
    pub scale: Scale,
    /// What it shows; all values of the curves if not given.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// An evenly divided axis.
    pub fn linear(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            scale: Scale::Linear,
            range: None,
        }
    }

    /// An axis divided by powers of ten.
    pub fn logarithmic(label: impl Into<String>) -> Self {
        Self {
            scale: Scale::Logarithmic,
            ..Self::linear(label)
        }
    }

    /// The same axis, showing only this.
    #[must_use]
    pub fn within(self, low: f64, high: f64) -> Self {
        Self {
            range: Some((low, high)),
            ..self
        }
    }
}

/// The points of one data set in one panel.
#[derive(Debug, Clone)]
pub struct Curve {
    /// The data set's place in [`Figure::names`]: its colour and marker in every picture.
    pub set: usize,
    /// x and y.
    pub points: Vec<(f64, f64)>,
    /// Markers only, without a line: single measurements.
    pub is_scatter: bool,
    /// Its markers are rings, over everything else: what lines are to go through, of which they show what lies below.
    pub is_open: bool,
    /// Does not count for what the axes show; what lies beyond them is left out.
    pub is_outlier: bool,
}

impl Curve {
    /// A line.
    pub fn line(set: usize, points: Vec<(f64, f64)>) -> Self {
        Self {
            set,
            points,
            is_scatter: false,
            is_open: false,
            is_outlier: false,
        }
    }

    /// Markers without a line.
    pub fn scatter(set: usize, points: Vec<(f64, f64)>) -> Self {
        Self {
            is_scatter: true,
            ..Self::line(set, points)
        }
    }

    /// Rings without a line, over every other curve.
    pub fn open(set: usize, points: Vec<(f64, f64)>) -> Self {
        Self {
            is_open: true,
            ..Self::scatter(set, points)
        }
    }
}

/// One chart.
#[derive(Debug, Clone)]
pub struct Panel {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn.
    pub curves: Vec<Curve>,
}

/// Charts side by side, and what their colours mean.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Data sets; the first one is the reference, drawn as a black line without markers.
    pub names: Vec<String>,
    /// The charts, row by row.
    pub panels: Vec<Panel>,
    /// Charts in a row.
    pub columns: usize,
}

const PANEL: (u32, u32) = (520, 420);
/// Single points from which on they are a cloud.
const MANY: usize = 30;

impl Figure {
    /// Draws the figure into `path` (.png or .svg).
    ///
    /// # Errors
    /// [`PlotError`] naming the file.
    pub fn draw(&self, path: &Path) -> Result<(), PlotError> {
        register_typeface();
        let size = self.size();
        if path.extension().is_some_and(|e| e == "svg") {
            file::svg(path, size, |root| self.draw_on(root, path))
        } else {
            file::png(path, size, |root| self.draw_on(root, path))
        }
    }

    fn size(&self) -> (u32, u32) {
        let columns = self.columns.max(1);
        let rows = self.panels.len().div_ceil(columns) as u32;
        let width = PANEL.0 * columns as u32;
        (width, PANEL.1 * rows + self.legend().height())
    }

    /// The names of the sets that are drawn, and how wide the legend may be.
    fn legend(&self) -> Legend<'_> {
        // A set without a name has no curve here.
        let named = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty());
        let entries = named.map(|(set, name)| Entry {
            set,
            name,
            is_scatter: self.all(set, |curve| curve.is_scatter),
            is_open: self.all(set, |curve| curve.is_open),
        });
        Legend::new(entries.collect(), PANEL.0 * self.columns.max(1) as u32)
    }

    /// Whether a data set is such, in every panel where it is.
    fn all(&self, set: usize, is_such: fn(&Curve) -> bool) -> bool {
        let mut curves = self
            .panels
            .iter()
            .flat_map(|p| &p.curves)
            .filter(|c| c.set == set)
            .peekable();
        curves.peek().is_some() && curves.all(is_such)
    }

    fn draw_on<D: DrawingBackend>(
        &self,
        root: DrawingArea<D, Shift>,
        path: &Path,
    ) -> Result<(), PlotError> {
        let drawn = || {
            root.fill(&WHITE)?;
            let legend = self.legend();
            let (above, charts) = root.split_vertically(legend.height());
            legend.draw(&above)?;
            let columns = self.columns.max(1);
            let rows = self.panels.len().div_ceil(columns);
            for (panel, area) in self.panels.iter().zip(charts.split_evenly((rows, columns))) {
                panel.draw(&area)?;
            }
            root.present()
        };
        drawn().map_err(|e: DrawingAreaErrorKind<D::ErrorType>| PlotError::new(path, e))
    }
}

type Drawn<D> = Result<(), DrawingAreaErrorKind<<D as DrawingBackend>::ErrorType>>;

impl Panel {
    fn draw<D: DrawingBackend>(&self, area: &DrawingArea<D, Shift>) -> Drawn<D> {
        let (x, y) = (
            self.range_of(&self.x, |p| p.0),
            self.range_of(&self.y, |p| p.1),
        );
        let ticks = |(low, high): (f64, f64)| ticks::logarithmic(low, high);
        let (x_ticks, y_ticks) = (ticks(x), ticks(y));
        let panel = &self.within(x, y);
        let (x, y) = (x.0..x.1, y.0..y.1);
        match (self.x.scale, self.y.scale) {
            (Scale::Linear, Scale::Linear) => panel.chart(area, x, y),
            (Scale::Linear, Scale::Logarithmic) => {
                panel.chart(area, x, y.log_scale().with_key_points(y_ticks))
            }
            (Scale::Logarithmic, Scale::Linear) => {
                panel.chart(area, x.log_scale().with_key_points(x_ticks), y)
            }
            (Scale::Logarithmic, Scale::Logarithmic) => {
                let x = x.log_scale().with_key_points(x_ticks);
                panel.chart(area, x, y.log_scale().with_key_points(y_ticks))
            }
        }
    }

    /// The same panel with these axes, and only the points that they can show.
    fn within(&self, x: (f64, f64), y: (f64, f64)) -> Self {
        let shows = |v: f64, (low, high): (f64, f64)| v >= low && v <= high;
        let mut panel = self.clone();
        for curve in &mut panel.curves {
            curve.points.retain(|p| shows(p.0, x) && shows(p.1, y));
        }
        panel
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
            (true, false) if low == high => (low - 1.0, high + 1.0),
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

    fn chart<D, X, Y>(&self, area: &DrawingArea<D, Shift>, x: X, y: Y) -> Drawn<D>
    where
        D: DrawingBackend,
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
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
            .x_labels(6)
            .y_labels(6)
            .x_label_formatter(&ticks::label)
            .y_label_formatter(&ticks::label)
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .label_style((FONT, 17))
            .axis_desc_style((FONT, 20))
            .draw()?;
        for curve in self.in_order() {
            let color = color(curve.set);
            let points = &curve.points;
            if !curve.is_scatter {
                for part in line::parts(points, |point| chart.backend_coord(&point)) {
                    let line = LineSeries::new(part.iter().copied(), color.stroke_width(2));
                    chart.draw_series(line)?;
                }
            }
            let marker = Marker::of(curve.set).or(curve.is_scatter.then_some(Marker::Disc));
            if let Some(marker) = marker {
                let every = if curve.is_scatter {
                    1
                } else {
                    (points.len() / 14).max(1)
                };
                let shown = points.iter().skip(curve.set % every).step_by(every);
                let (size, opacity) = self.marks(curve);
                if curve.is_open {
                    chart.draw_series(
                        shown.map(|p| EmptyElement::at(*p) + ring(marker, size, color)),
                    )?;
                } else {
                    chart.draw_series(shown.map(|p| {
                        let mark = Polygon::new(marker.outline(size), color.mix(opacity).filled());
                        EmptyElement::at(*p) + mark
                    }))?;
                }
            }
        }
        Ok(())
    }

    /// Size and opacity of the markers of a curve: small ones that show what lies below, where there are many single points.
    fn marks(&self, curve: &Curve) -> (i32, f64) {
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
    fn in_order(&self) -> impl Iterator<Item = &Curve> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        let curve = |set: usize| {
            let points = (0..40)
                .map(|i| (f64::from(i), (set + 1) as f64 * f64::from(i * i)))
                .chain([(3.0, f64::NAN)])
                .collect();
            Curve::line(set, points)
        };
        let panel = |x: Axis, y: Axis| Panel {
            x,
            y,
            curves: vec![curve(0), curve(1)],
        };
        Figure {
            names: vec!["DNS".into(), "a < b & c".into()],
            columns: 2,
            panels: vec![
                panel(Axis::linear("y+"), Axis::linear("U+")),
                panel(
                    Axis::logarithmic("y+"),
                    Axis::linear("U+").within(0.0, 100.0),
                ),
                panel(Axis::linear("t"), Axis::logarithmic("error")),
                panel(Axis::logarithmic("k"), Axis::logarithmic("E")),
            ],
        }
    }

    #[test]
    fn the_ending_of_the_name_chooses_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let [png, svg] = ["a.png", "a.svg"].map(|name| folder.path().join(name));
        figure().draw(&png).unwrap();
        figure().draw(&svg).unwrap();
        assert_eq!(&std::fs::read(&png).unwrap()[1..4], b"PNG");
        let text = std::fs::read_to_string(&svg).unwrap();
        assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
        assert!(text.contains("U+") && text.contains("a &lt; b &amp; c"));
        assert!(!text.contains("NaN"));
    }

    #[test]
    fn the_last_cloud_and_the_reference_line_lie_on_top() {
        let points = |count: usize| (0..count).map(|i| (i as f64, 1.0)).collect();
        let panel = Panel {
            x: Axis::linear("a"),
            y: Axis::linear("b"),
            curves: vec![
                Curve::line(0, points(2)),
                Curve::scatter(1, points(300)),
                Curve::line(2, points(2)),
                Curve::scatter(3, points(2)),
                Curve::open(4, points(2)),
            ],
        };
        let order: Vec<usize> = panel.in_order().map(|curve| curve.set).collect();
        assert_eq!(order, [1, 3, 2, 0, 4]);
        let marks = |curve: usize| panel.marks(&panel.curves[curve]);
        assert_eq!([marks(1), marks(3)], [(4, 0.7); 2]);
        assert_eq!(marks(2), (5, 1.0), "a line's");
        assert_eq!(marks(4), (5, 1.0), "rings are not counted among the cloud");
    }

    #[test]
    fn a_steep_line_stays_in_its_panel() {
        let upper = |lower: &[f64]| {
            let points = lower.iter().enumerate();
            let points = points.map(|(i, y)| (1.0 + 1e-3 * i as f64, *y));
            let panel = |points| Panel {
                x: Axis::linear("y").within(0.0, 2.0),
                y: Axis::linear("u").within(0.0, 2.0),
                curves: vec![Curve::line(0, points)],
            };
            let figure = Figure {
                names: vec!["a".into()],
                panels: vec![panel(Vec::new()), panel(points.collect())],
                columns: 1,
            };
            let (width, height) = figure.size();
            let mut pixels = vec![0; (3 * width * height) as usize];
            let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
            register_typeface();
            figure.draw_on(root, Path::new("a.png")).unwrap();
            let panels = (3 * width * (height - PANEL.1)) as usize;
            pixels[..panels].to_vec()
        };
        let spikes: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
        assert!(
            upper(&spikes) == upper(&[0.5, 0.5]),
            "drawn over the panel above"
        );
    }

    #[test]
    fn a_picture_that_cannot_be_written_is_named() {
        let error = figure()
            .draw(Path::new("nowhere/a.png"))
            .unwrap_err()
            .to_string();
        let start = "nowhere/a.png: cannot write the picture: No such file or directory";
        assert!(error.starts_with(start), "{error}");
    }

    #[test]
    fn a_picture_replaces_the_old_one_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "a.svg"] {
            let path = folder.path().join(name);
            // What is written gets the name in the end: the old picture is another file until then.
            std::fs::write(&path, "old").unwrap();
            std::fs::hard_link(&path, folder.path().join("kept")).unwrap();
            figure().draw(&path).unwrap();
            assert_eq!(std::fs::read(folder.path().join("kept")).unwrap(), b"old");
            assert_ne!(std::fs::read(&path).unwrap(), b"old");
            std::fs::remove_file(folder.path().join("kept")).unwrap();
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    }
}
