//! Line charts: panels of curves with one legend, as PNG or SVG by the ending of the file's name.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::legend::{Entry, Legend};
use super::style::register_typeface;
use super::{PlotError, file};

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

    /// The same axis, showing only this: lines end where they leave it.
    #[must_use]
    pub fn within(self, low: f64, high: f64) -> Self {
        Self {
            range: Some((low, high)),
            ..self
        }
    }

    /// The same axis, showing only what these values span, and `margin` of that on either side; where they are all the same, `margin` of
    /// their size. Without a finite value it is the same.
    #[must_use]
    pub fn around(self, values: impl IntoIterator<Item = f64>, margin: f64) -> Self {
        let values = values.into_iter().filter(|value| value.is_finite());
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return self;
        }
        let margin = margin * spread(low, high);
        self.within(low - margin, high + margin)
    }
}

/// How far two ends of a range are apart; where that is no more than rounding makes it, the size of the numbers, or 1 for zeros.
pub(crate) fn spread(low: f64, high: f64) -> f64 {
    let size = low.abs().max(high.abs());
    match (high - low > ROUNDING * size, size > 0.0) {
        (true, _) => high - low,
        (false, true) => size,
        (false, false) => 1.0,
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
    /// Does not count for what the axes show; what lies beyond them is cut off.
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

/// Numbers that differ by no more than so much of their size are the same but for rounding.
const ROUNDING: f64 = 1e-12;

const PANEL: (u32, u32) = (520, 420);

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
    fn legend(&self) -> Legend {
        // A set without a name has no curve here.
        let named = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty());
        let entries = named.map(|(set, name)| Entry {
            set,
            name: format!("{name}{}", self.remark(set)),
            is_scatter: self.all(set, |curve| curve.is_scatter),
            is_open: self.all(set, |curve| curve.is_open),
        });
        Legend::new(entries.collect(), PANEL.0 * self.columns.max(1) as u32)
    }

    /// What the legend says of a data set that some panel does not show though it has points there: nobody else tells.
    fn remark(&self, set: usize) -> String {
        let panels = self.panels.iter();
        let with_set: Vec<bool> = panels.filter_map(|panel| panel.shows(set)).collect();
        match with_set.iter().filter(|is_shown| !**is_shown).count() {
            0 => String::new(),
            hidden if hidden == with_set.len() => " (beyond the axes)".to_owned(),
            hidden => format!(" (beyond the axes in {hidden} of {})", with_set.len()),
        }
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
    fn a_line_that_leaves_the_axes_is_not_joined_across_the_gap() {
        let curve = |set, values: [f64; 4]| {
            let points = values.iter().enumerate();
            Curve::line(set, points.map(|(i, v)| (i as f64, *v)).collect())
        };
        let panel = |curves| Panel {
            x: Axis::linear("t"),
            y: Axis::linear("u").within(0.0, 1.0),
            curves,
        };
        let svg = |panels: Vec<Panel>| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.svg");
            let names = ["", "out and in", "beyond"].map(str::to_owned).to_vec();
            let columns = panels.len();
            let figure = Figure {
                names,
                panels,
                columns,
            };
            figure.draw(&path).unwrap();
            std::fs::read_to_string(&path).unwrap()
        };
        let shown = || panel(vec![curve(1, [0.5, 2.0, 2.0, 0.5]), curve(2, [3.0; 4])]);
        let one = svg(vec![shown()]);
        let lines = one.lines().filter(|line| {
            let is = |words: &str| line.contains(words);
            is("<polyline") && is("#D55E00") && is("stroke-width=\"2\"")
        });
        assert_eq!(lines.count(), 2, "one on either side of the gap");
        assert!(one.contains("beyond (beyond the axes)"), "{one}");
        assert!(one.contains("out and in\n"), "{one}");
        let two = svg(vec![shown(), panel(vec![curve(2, [0.5; 4])])]);
        assert!(two.contains("beyond (beyond the axes in 1 of 2)"), "{two}");
    }

    #[test]
    fn an_axis_lies_around_its_values_whatever_their_size() {
        let around = |values: &[f64]| {
            let axis = Axis::linear("i").around(values.iter().copied(), 0.25);
            axis.range.map(<[f64; 2]>::from)
        };
        for (values, [low, high]) in [
            (&[1e-11, 3e-11, f64::NAN][..], [0.5e-11, 3.5e-11]),
            (&[99_700.0, 100_300.0], [99_550.0, 100_450.0]),
            (&[4.0, 4.0], [3.0, 5.0]),
            (&[-0.1, -0.1 - 1e-17], [-0.125, -0.075]),
            (&[0.0], [-0.25, 0.25]),
        ] {
            let found = around(values).unwrap();
            let near = |(a, b): (f64, f64)| (a - b).abs() <= 1e-9 * b.abs();
            assert!(
                near((found[0], low)) && near((found[1], high)),
                "{values:?}: {found:?}"
            );
        }
        assert_eq!(around(&[f64::NAN]), None);
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
