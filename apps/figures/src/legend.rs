//! What the colours and markers of a figure mean.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::style::{FONT, Marker, color, ring};

/// One data set in the legend.
pub struct Entry {
    /// Its place: colour and marker.
    pub set: usize,
    /// Its name.
    pub name: String,
    /// Whether it has markers only.
    pub is_scatter: bool,
    /// Whether its markers are rings.
    pub is_open: bool,
}

/// Names in rows above the charts.
pub struct Legend {
    entries: Vec<Entry>,
    columns: usize,
    column_width: i32,
}

const ROW: i32 = 34;
const LEFT: i32 = 24;
/// Space for line and marker.
const KEY: i32 = 64;
/// How far above the middle of a mark a name of small letters begins, so that its middle is there too.
const TEXT_ABOVE: i32 = 6;
/// Width of a letter, rather too much than too little.
const LETTER: i32 = 12;

impl Legend {
    /// A legend of `entries` in `width` pixels.
    pub fn new(entries: Vec<Entry>, width: u32) -> Self {
        let longest = entries.iter().map(|e| e.name.chars().count()).max();
        let column_width = KEY + LETTER * longest.unwrap_or(0) as i32 + 20;
        let fitting = ((width as i32 - LEFT) / column_width).max(1) as usize;
        Self {
            columns: fitting.min(entries.len().max(1)),
            entries,
            column_width,
        }
    }

    /// Its height in pixels.
    pub fn height(&self) -> u32 {
        (ROW * self.entries.len().div_ceil(self.columns) as i32 + 14) as u32
    }

    /// Draws it.
    pub fn draw<D: DrawingBackend>(
        &self,
        area: &DrawingArea<D, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<D::ErrorType>> {
        for (place, entry) in self.entries.iter().enumerate() {
            let x = LEFT + (place % self.columns) as i32 * self.column_width;
            let y = 26 + (place / self.columns) as i32 * ROW;
            let color = color(entry.set);
            if !entry.is_scatter {
                let line = vec![(x, y), (x + KEY - 10, y)];
                area.draw(&PathElement::new(line, color.stroke_width(3)))?;
            }
            let marker = Marker::of(entry.set).or(entry.is_scatter.then_some(Marker::Disc));
            if let Some(marker) = marker {
                let place = EmptyElement::at((x + KEY / 2 - 5, y));
                match entry.is_open {
                    true => area.draw(&(place + ring(marker, 6, color)))?,
                    false => {
                        area.draw(&(place + Polygon::new(marker.outline(6), color.filled())))?
                    }
                }
            }
            // PNG and SVG have the letters a little above and below the middle of the mark.
            let name = entry.name.clone();
            area.draw(&Text::new(name, (x + KEY, y - TEXT_ABOVE), (FONT, 20)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_take_more_rows() {
        let entry = |name: &str| Entry {
            set: 1,
            name: name.to_owned(),
            is_scatter: false,
            is_open: false,
        };
        let of = |name| Legend::new((0..6).map(|_| entry(name)).collect(), 1000);
        assert_eq!(of("DNS").columns, 6);
        let long = of("a very long name of a contestant");
        assert_eq!(long.columns, 2);
        assert_eq!(long.height(), 3 * 34 + 14);
    }

    #[test]
    fn names_are_level_with_their_marks() {
        crate::style::register_typeface();
        let entry = Entry {
            set: 0,
            name: "xxx".into(),
            is_scatter: false,
            is_open: false,
        };
        let (width, legend) = (200, Legend::new(vec![entry], 200));
        let size = (width, legend.height());
        let mut pixels = vec![0; (3 * size.0 * size.1) as usize];
        let root = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        root.fill(&WHITE).unwrap();
        legend.draw(&root).unwrap();
        drop(root);
        // The middle row of what is dark among some columns.
        let middle = |columns: std::ops::Range<u32>| {
            let is_dark = |row: &u32| {
                let mut columns = columns.clone();
                columns.any(|column| pixels[(3 * (row * width + column)) as usize] < 128)
            };
            let rows: Vec<u32> = (0..size.1).filter(is_dark).collect();
            f64::from(rows[0] + rows[rows.len() - 1]) / 2.0
        };
        let key = (LEFT + KEY) as u32;
        let (mark, name) = (middle(0..key - 8), middle(key..width));
        assert!((mark - name).abs() <= 1.5, "{mark} {name}");
    }
}
