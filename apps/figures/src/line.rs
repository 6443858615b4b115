//! Lines in parts that a thick pen can draw.

/// The parts of a line between its sharp turns, in pixels: where two parts of a thick line meet at a sharp angle, their outlines meet
/// far beyond it, in another panel even. Successive parts have one point in common.
pub(crate) fn parts<P: Copy>(points: &[P], pixel: impl Fn(P) -> (i32, i32)) -> Vec<&[P]> {
    let mut parts = Vec::new();
    let mut start = 0;
    // Direction of the last step that was seen to move.
    let mut before: Option<(i64, i64)> = None;
    for index in 1..points.len() {
        let [a, b] = [index - 1, index].map(|place| pixel(points[place]));
        let step = (
            i64::from(b.0) - i64::from(a.0),
            i64::from(b.1) - i64::from(a.1),
        );
        if step == (0, 0) {
            continue;
        }
        let is_sharp = before.is_some_and(|(x, y)| x * step.0 + y * step.1 < 0);
        if is_sharp {
            parts.push(&points[start..index]);
            start = index - 1;
        }
        before = Some(step);
    }
    parts.push(&points[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_it_turns_back() {
        let cut = |points: &[(i32, i32)]| -> Vec<Vec<(i32, i32)>> {
            let parts = parts(points, |point| point);
            parts.into_iter().map(<[_]>::to_vec).collect()
        };
        let smooth = [(0, 0), (5, 5), (10, 0), (15, 0)];
        assert_eq!(cut(&smooth), [smooth]);
        let spike = [(0, 0), (1, 90), (1, 90), (2, 0), (3, 0)];
        let parts = [&spike[..3], &spike[2..]];
        assert_eq!(cut(&spike), parts.map(<[_]>::to_vec));
        assert_eq!(cut(&[]), [Vec::new()]);
        assert_eq!(cut(&spike[..1]), [vec![(0, 0)]]);
    }
}
