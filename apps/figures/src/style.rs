//! Colours and type that all pictures share.

use std::sync::Once;

use plotters::prelude::*;
use plotters::style::register_font;

/// The colour of the first data set, the reference, and of no other.
const REFERENCE: RGBColor = RGBColor(0, 0, 0);

/// The colours of the others, told apart by colour-blind readers and in grey print (Okabe & Ito 2008, a brown and a grey): orange, blue,
/// green, ....
const LINES: [RGBColor; 8] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 94, 60),
    RGBColor(140, 140, 140),
];

/// The colour of a data set. The ninth and those behind it have that of an earlier one, and another marker.
pub fn color(set: usize) -> RGBColor {
    match set.checked_sub(1) {
        None => REFERENCE,
        Some(other) => LINES[other % LINES.len()],
    }
}

/// What marks the points of a data set, so that curves are told apart without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Disc,
    /// A square.
    Square,
    /// A triangle that stands on its side.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle that stands on its corner.
    Wedge,
}

impl Marker {
    /// The marker of a data set; the first has none.
    pub fn of(set: usize) -> Option<Self> {
        const ALL: [Marker; 5] = [
            Marker::Disc,
            Marker::Square,
            Marker::Triangle,
            Marker::Diamond,
            Marker::Wedge,
        ];
        (set > 0).then(|| ALL[(set - 1) % ALL.len()])
    }

    /// Its corners in pixels from its centre, about `size` away.
    pub fn outline(self, size: i32) -> Vec<(i32, i32)> {
        let (near, far) = (size * 4 / 5, size * 6 / 5);
        match self {
            Self::Disc => (0..16)
                .map(|i| (f64::from(i) * std::f64::consts::TAU / 16.0).sin_cos())
                .map(|(s, c)| (f64::from(size) * s, f64::from(size) * c))
                .map(|(x, y)| (x.round() as i32, y.round() as i32))
                .collect(),
            Self::Square => vec![(-near, -near), (near, -near), (near, near), (-near, near)],
            Self::Triangle => vec![(-size, near), (size, near), (0, -size)],
            Self::Diamond => vec![(-far, 0), (0, -far), (far, 0), (0, far)],
            Self::Wedge => vec![(-size, -near), (size, -near), (0, size)],
        }
    }
}

/// A marker that shows what lies below it.
pub fn ring(marker: Marker, size: i32, color: RGBColor) -> PathElement<(i32, i32)> {
    let mut outline = marker.outline(size);
    outline.extend_from_within(..1);
    PathElement::new(outline, color.stroke_width(2))
}

/// Name under which the embedded typeface is registered.
pub const FONT: &str = "sans-serif";

/// Registers the embedded typeface (DejaVu Sans), so that no font of the machine is needed.
pub fn register_typeface() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The only failure is an unreadable font; the embedded one is fixed at build time and drawn in a test.
        let _ = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
    });
}

/// Colour of `value` in [0, 1]: dark blue over green to yellow, evenly spaced in lightness (viridis, 9 anchors).
pub fn viridis(value: f64) -> RGBColor {
    const ANCHORS: [(f64, f64, f64); 9] = [
        (68.0, 1.0, 84.0),
        (71.0, 44.0, 122.0),
        (59.0, 81.0, 139.0),
        (44.0, 113.0, 142.0),
        (33.0, 144.0, 141.0),
        (39.0, 173.0, 129.0),
        (92.0, 200.0, 99.0),
        (170.0, 220.0, 50.0),
        (253.0, 231.0, 37.0),
    ];
    if !value.is_finite() {
        return RGBColor(255, 255, 255);
    }
    let position = value.clamp(0.0, 1.0) * (ANCHORS.len() - 1) as f64;
    let left = (position.floor() as usize).min(ANCHORS.len() - 2);
    let part = position - left as f64;
    let mix = |a: f64, b: f64| (a + (b - a) * part).round() as u8;
    let (a, b) = (ANCHORS[left], ANCHORS[left + 1]);
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_data_sets_look_alike() {
        let look = |set| (color(set), Marker::of(set));
        for set in 1..30 {
            assert_ne!(color(set), color(0), "black is the reference's alone");
            assert!((0..set).all(|other| look(other) != look(set)), "{set}");
        }
    }
}
