//! What the colours and markers of a figure mean.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

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
            // The middle of the letters on the middle of the mark.
            let style = TextStyle::from((FONT, 20)).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(entry.name.clone(), (x + KEY, y), style))?;
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
}
