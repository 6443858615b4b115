//! Planes through fields in colours, a row a data set and a column a time.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::figure::spread;
use super::plane::Plane;
use super::style::{FONT, register_typeface, viridis};
use super::units::with_unit;
use super::{PlotError, file, ticks};

/// The name and the unit of an axis of all planes.
#[derive(Debug, Clone)]
pub struct PlaneAxis {
    /// Name, e.g. `x`.
    pub name: String,
    /// Unit, e.g. `h`; empty or `1` if there is none.
    pub unit: String,
}

impl PlaneAxis {
    /// An axis.
    pub fn new(name: &str, unit: &str) -> Self {
        Self {
            name: name.into(),
            unit: unit.into(),
        }
    }
}

/// One row of planes, of one data set at successive times.
#[derive(Debug, Clone)]
pub struct SliceRow {
    /// Name of the data set, printed at the left.
    pub name: String,
    /// One plane a column.
    pub planes: Vec<Plane>,
}

/// What the colours of the planes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScale {
    /// The same in all of them: a bar at the right.
    Shared,
    /// The same in those of a column: a bar below each.
    OfColumns,
}

const PANEL_WIDTH: u32 = 330;
const PANEL_GAP: u32 = 16;
/// Least width of the names at the left, and that of a letter, rather too much than too little.
const LEFT: u32 = 150;
const LETTER: usize = 13;
const TOP: u32 = 64;
const BOTTOM: u32 = 66;
/// What the bars take at the right, or below.
const BAR: u32 = 130;
const BAR_BELOW: u32 = 58;

/// Draws `rows` of planes under `titles` (one a column) with colours of a `scale` labelled `quantity`, and the names of the two
/// `axes`, into `path` (PNG).
///
/// # Errors
/// [`PlotError`] naming the file; also for rows of unequal length.
pub fn draw_slices(
    path: &Path,
    titles: &[String],
    rows: &[SliceRow],
    (quantity, scale): (&str, ColorScale),
    axes: &[PlaneAxis; 2],
) -> Result<(), PlotError> {
    let Some(first) = rows.first().and_then(|row| row.planes.first()) else {
        return Err(PlotError::new(path, "no plane to draw"));
    };
    if rows.iter().any(|row| row.planes.len() != titles.len()) {
        return Err(PlotError::new(path, "every row needs one plane a title"));
    }
    register_typeface();
    let span = span(rows);
    let right = extent(&axes[0], span);
    let up = extent(&axes[1], (0.0, first.extent[1]));
    let sheet = Sheet {
        titles,
        rows,
        quantity,
        scale,
        extents: format!("→ {right},   ↑ {up}"),
        span,
        height: ((first.extent[1] / (span.1 - span.0)) * f64::from(PANEL_WIDTH)).clamp(90.0, 700.0)
            as u32,
    };
    file::png(path, sheet.size(), |root| {
        let drawn = || {
            root.fill(&WHITE)?;
            sheet.draw(&root)?;
            root.present()
        };
        drawn().map_err(|e| PlotError::new(path, e))
    })
}

/// What is drawn, and where.
struct Sheet<'a> {
    titles: &'a [String],
    rows: &'a [SliceRow],
    quantity: &'a str,
    scale: ColorScale,
    /// What the axes span.
    extents: String,
    /// What panels show of the first axis: the same, so that what belongs together stands below one another.
    span: (f64, f64),
    /// Of a panel.
    height: u32,
}

impl Sheet<'_> {
    /// Width of the names at the left.
    fn names(&self) -> u32 {
        let longest = self.rows.iter().map(|row| row.name.chars().count()).max();
        LEFT.max((24 + LETTER * longest.unwrap_or(0)) as u32)
    }

    /// Where the panels of a column begin.
    fn left(&self, column: usize) -> u32 {
        self.names() + column as u32 * (PANEL_WIDTH + PANEL_GAP)
    }

    /// Where those of a row begin.
    fn top(&self, row: usize) -> u32 {
        TOP + row as u32 * (self.height + PANEL_GAP)
    }

    /// The pixels of a panel, from and to, over which a plane lies.
    fn place(&self, plane: &Plane) -> (u32, u32) {
        let (low, high) = self.span;
        let pixel = |value: f64| {
            let part = ((value - low) / (high - low)).clamp(0.0, 1.0);
            (part * f64::from(PANEL_WIDTH)).round() as u32
        };
        (pixel(plane.start), pixel(plane.end()))
    }

    fn size(&self) -> (u32, u32) {
        let (right, below) = match self.scale {
            ColorScale::Shared => (BAR, 0),
            ColorScale::OfColumns => (PANEL_GAP, BAR_BELOW),
        };
        let end = (self.left(self.titles.len()), self.top(self.rows.len()));
        (end.0 + right, end.1 + below + BOTTOM)
    }

    fn draw<'a>(&self, root: &Area<'a>) -> Drawn<'a> {
        let columns = 0..self.titles.len();
        let shared = value_range(self.rows.iter().flat_map(|row| &row.planes));
        let of_column = |c: usize| value_range(self.rows.iter().map(|row| &row.planes[c]));
        let ranges: Vec<(f64, f64)> = columns
            .map(|column| match self.scale {
                ColorScale::Shared => shared,
                ColorScale::OfColumns => of_column(column),
            })
            .collect();
        for (column, title) in self.titles.iter().enumerate() {
            text(root, title, (self.left(column) as i32, 26), 22)?;
        }
        for (r, row) in self.rows.iter().enumerate() {
            let top = self.top(r);
            let middle = (top + self.height / 2) as i32 - 11;
            text(root, &row.name, (12, middle), 22)?;
            for ((c, plane), range) in row.planes.iter().enumerate().zip(&ranges) {
                let at = (self.left(c), top);
                let (from, to) = self.place(plane);
                let at = (at.0 + from, at.1);
                draw_plane(root, plane, at, (to - from, self.height), *range)?;
            }
        }
        let (width, height) = self.size();
        let below = (height - BOTTOM + 16) as i32;
        text(root, &self.extents, (self.names() as i32, below), 20)?;
        match self.scale {
            ColorScale::Shared => draw_bar(root, (width, height), shared, self.quantity),
            ColorScale::OfColumns => ranges
                .iter()
                .enumerate()
                .try_for_each(|(column, range)| self.draw_bar_below(root, column, *range)),
        }
    }

    /// The colours of a column, with the values at their ends.
    fn draw_bar_below<'a>(&self, root: &Area<'a>, column: usize, range: (f64, f64)) -> Drawn<'a> {
        let left = self.left(column) as i32;
        let (right, top) = (left + PANEL_WIDTH as i32, self.top(self.rows.len()) as i32);
        for x in left..right {
            let part = f64::from(x - left) / f64::from(PANEL_WIDTH - 1);
            let line = vec![(x, top), (x, top + 14)];
            root.draw(&PathElement::new(line, viridis(part)))?;
        }
        let [low, high] = ticks::ends(range.0, range.1);
        let width = |words: &str| (LETTER * words.chars().count()) as i32;
        let below = top + 22;
        text(root, &low, (left, below), 20)?;
        let middle = (left + right - width(self.quantity)) / 2;
        text(root, self.quantity, (middle, below), 20)?;
        text(root, &high, (right - width(&high), below), 20)
    }
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Drawn<'a> = Result<(), DrawingAreaErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>>;

fn text<'a>(root: &Area<'a>, words: &str, at: (i32, i32), size: i32) -> Drawn<'a> {
    root.draw(&Text::new(words.to_owned(), at, (FONT, size)))
}

/// From where to where the planes reach along the first axis.
fn span(rows: &[SliceRow]) -> (f64, f64) {
    let planes = || rows.iter().flat_map(|row| &row.planes);
    let low = planes().map(|plane| plane.start).fold(f64::MAX, f64::min);
    let high = planes().map(Plane::end).fold(f64::MIN, f64::max);
    match low < high {
        true => (low, high),
        false => (low, low + 1.0),
    }
}

/// What an axis spans: `x in [0, 2.88] h`.
fn extent(axis: &PlaneAxis, (low, high): (f64, f64)) -> String {
    let number = |value: f64| {
        let text = format!("{value:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let between = format!("{} in [{}, {}]", axis.name, number(low), number(high));
    with_unit(between, &axis.unit)
}

/// The least and the greatest value of some planes; around one that all have; no numbers where there are none.
fn value_range<'a>(planes: impl Iterator<Item = &'a Plane>) -> (f64, f64) {
    let values = planes
        .flat_map(|plane| &plane.values)
        .copied()
        .filter(|value| value.is_finite());
    let (low, high) = values.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
    let (low, high) = (f64::from(low), f64::from(high));
    match (low < high, low == high) {
        (true, _) => (low, high),
        (_, true) => {
            let margin = 0.5 * spread(low, high);
            (low - margin, high + margin)
        }
        _ => (f64::NAN, f64::NAN),
    }
}

/// Fills the panel pixel by pixel, bilinearly between the points of the plane.
fn draw_plane<'a>(
    root: &Area<'a>,
    plane: &Plane,
    at: (u32, u32),
    size: (u32, u32),
    range: (f64, f64),
) -> Drawn<'a> {
    let [n0, n1] = plane.points;
    let value = |i: usize, j: usize| f64::from(plane.values[i * n1 + j]);
    let place = |pixel: u32, pixels: u32, n: usize| {
        let position = f64::from(pixel) / f64::from(pixels.max(2) - 1) * (n - 1) as f64;
        let index = (position.floor() as usize).min(n.saturating_sub(2));
        (index, (index + 1).min(n - 1), position - index as f64)
    };
    for px in 0..size.0 {
        let (i0, i1, s) = place(px, size.0, n0);
        for py in 0..size.1 {
            let (j0, j1, t) = place(size.1 - 1 - py, size.1, n1);
            let mixed = (1.0 - s) * ((1.0 - t) * value(i0, j0) + t * value(i0, j1))
                + s * ((1.0 - t) * value(i1, j0) + t * value(i1, j1));
            let color = viridis((mixed - range.0) / (range.1 - range.0));
            root.draw_pixel(((at.0 + px) as i32, (at.1 + py) as i32), &color)?;
        }
    }
    Ok(())
}

fn draw_bar<'a>(root: &Area<'a>, size: (u32, u32), range: (f64, f64), quantity: &str) -> Drawn<'a> {
    let (left, top, bottom) = (
        (size.0 - BAR + 12) as i32,
        TOP as i32,
        (size.1 - BOTTOM) as i32 - PANEL_GAP as i32,
    );
    for y in top..bottom {
        let part = f64::from(bottom - 1 - y) / f64::from((bottom - top - 1).max(1));
        root.draw(&PathElement::new(
            vec![(left, y), (left + 22, y)],
            viridis(part),
        ))?;
    }
    let [low, high] = ticks::ends(range.0, range.1);
    text(root, &high, (left + 30, top), 20)?;
    text(root, &low, (left + 30, bottom - 20), 20)?;
    text(root, quantity, (left - 6, 26), 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> [PlaneAxis; 2] {
        ["x", "y"].map(|name| PlaneAxis::new(name, "h"))
    }

    fn row(name: &str, values: Vec<f32>) -> SliceRow {
        SliceRow {
            name: name.into(),
            planes: vec![Plane {
                values,
                points: [2, 3],
                extent: [3.0, 2.0],
                start: 0.0,
            }],
        }
    }

    const SHARED: (&str, ColorScale) = ("u", ColorScale::Shared);

    #[test]
    fn a_picture_with_text_is_written_without_any_font_of_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slices.png");
        let rows = [
            row("DNS", vec![0.0, 1.0, 2.0, 3.0, 4.0, f32::NAN]),
            row("model", vec![1.0; 6]),
        ];
        draw_slices(&path, &["t = 0".into()], &rows, SHARED, &axes()).unwrap();
        assert_eq!(&std::fs::read(&path).unwrap()[1..4], b"PNG");
    }

    #[test]
    fn a_column_may_have_a_range_of_its_own() {
        let plane = |value: f32| Plane {
            values: vec![value, 2.0 * value],
            points: [2, 1],
            extent: [3.0, 1.0],
            start: 0.0,
        };
        let rows = [SliceRow {
            name: "DNS".into(),
            planes: vec![plane(1.0), plane(100.0)],
        }];
        let titles = ["wall".to_owned(), "centre".to_owned()];
        // The number of different colours in the left panel and in the right one.
        let colors = |scale| {
            let sheet = Sheet {
                titles: &titles,
                rows: &rows,
                quantity: "u",
                scale,
                extents: String::new(),
                span: (0.0, 3.0),
                height: 90,
            };
            let (width, height) = sheet.size();
            let mut pixels = vec![0; (3 * width * height) as usize];
            let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
            register_typeface();
            root.fill(&WHITE).unwrap();
            sheet.draw(&root).unwrap();
            root.present().unwrap();
            drop(root);
            let row = (sheet.top(0) + 45) * width;
            [0, 1].map(|column| {
                let first = (row + sheet.left(column)) as usize;
                let panel = pixels[3 * first..][..3 * PANEL_WIDTH as usize].chunks(3);
                panel.collect::<std::collections::HashSet<_>>().len()
            })
        };
        let [wall, centre] = colors(ColorScale::Shared);
        assert!(wall < 10 && centre > 100, "{wall} {centre}");
        let [wall, centre] = colors(ColorScale::OfColumns);
        assert!(wall > 200 && centre > 200, "{wall} {centre}");
    }

    #[test]
    fn an_axis_is_told_with_its_unit_if_it_has_one() {
        let axis = |unit| PlaneAxis::new("x", unit);
        assert_eq!(extent(&axis("h"), (0.0, 2.88)), "x in [0, 2.88] h");
        assert_eq!(extent(&axis("points"), (0.0, 11.0)), "x in [0, 11] points");
        assert_eq!(extent(&axis("1"), (0.0, 120.5)), "x in [0, 120.5]");
        assert_eq!(extent(&axis(""), (0.05, 0.125)), "x in [0.05, 0.125]");
    }

    #[test]
    fn colours_span_the_values_that_there_are() {
        for (values, range) in [
            (vec![1e-3, f32::NAN, 3e-3], [1e-3, 3e-3]),
            (vec![2e-6, 2e-6], [1e-6, 3e-6]),
            (vec![0.0], [-0.5, 0.5]),
        ] {
            let plane = row("", values).planes;
            let (low, high) = value_range(plane.iter());
            let near = |(a, b): (f64, f64)| (a - b).abs() < 1e-6 * b.abs();
            assert!(
                near((low, range[0])) && near((high, range[1])),
                "{low} {high}"
            );
        }
        let none = row("", vec![f32::NAN, f32::INFINITY]).planes;
        let (low, high) = value_range(none.iter());
        assert!(low.is_nan() && high.is_nan(), "{low} {high}");
    }

    #[test]
    fn planes_of_other_times_lie_where_these_are() {
        let plane = |start: f64, end: f64| {
            let extent = [end - start, 1.0];
            Plane::spanning(vec![0.0; 4], [2, 2], extent, [false; 2]).from(start)
        };
        let row = |plane: Plane| SliceRow {
            name: String::new(),
            planes: vec![plane],
        };
        // A step of 0.05, and one of 0.2.
        let rows = [
            row(plane(0.05, 1.0)),
            row(plane(0.2, 1.0)),
            row(plane(0.2, 0.6)),
        ];
        let sheet = Sheet {
            titles: &[String::new()],
            rows: &rows,
            quantity: "u",
            scale: ColorScale::Shared,
            extents: String::new(),
            span: span(&rows),
            height: 90,
        };
        assert_eq!(sheet.span, (0.05, 1.0));
        let places = rows.each_ref().map(|row| sheet.place(&row.planes[0]));
        assert_eq!(places, [(0, PANEL_WIDTH), (52, PANEL_WIDTH), (52, 191)]);
        assert_eq!(span(&[row(plane(2.0, 2.0))]), (2.0, 3.0));
    }

    #[test]
    fn rows_of_unequal_length_are_refused() {
        let rows = [row("DNS", vec![0.0; 6])];
        let titles = ["a".into(), "b".into()];
        let error = draw_slices(Path::new("x.png"), &titles, &rows, SHARED, &axes())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("x.png"), "{error}");
    }
}
