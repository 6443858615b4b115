//! Columns that a sparse row names several times.

use super::block::Number;

/// Sums the values of columns that a row names several times, as scipy reads them; a column stays where it is named first.
/// What is not linear, a logarithm or a square, would else be taken of the parts.
pub(super) fn sum_repeated<T: Number>(
    n_cols: usize,
    indptr: &mut [usize],
    indices: &mut Vec<u32>,
    values: &mut Vec<T>,
) {
    let ascends = |row: &[usize]| indices[row[0]..row[1]].is_sorted_by(|a, b| a < b);
    // As nearly every file has them.
    if indptr.windows(2).all(ascends) {
        return;
    }
    // Where the values of each column are kept; what lies before the row under way is of another row.
    let mut places = vec![usize::MAX; n_cols];
    let (mut kept, mut next) = (0, 0);
    for end in &mut indptr[1..] {
        let first = kept;
        for at in next..*end {
            let place = &mut places[indices[at] as usize];
            if (first..kept).contains(place) {
                let more = values[at];
                values[*place] += more;
            } else {
                *place = kept;
                (indices[kept], values[kept]) = (indices[at], values[at]);
                kept += 1;
            }
        }
        next = *end;
        *end = kept;
    }
    indices.truncate(kept);
    values.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_sum_of_its_values_in_each_row() {
        let mut indptr = [0, 3, 3, 5, 8];
        let mut indices = vec![2, 0, 2, 0, 2, 1, 1, 1];
        let mut values = vec![1.0, 5.0, 0.5, 7.0, 8.0, 1.0, 2.0, 4.0];
        sum_repeated(3, &mut indptr, &mut indices, &mut values);
        assert_eq!(indptr, [0, 2, 2, 4, 5]);
        assert_eq!(indices, [2, 0, 0, 2, 1]);
        assert_eq!(values, [1.5, 5.0, 7.0, 8.0, 7.0]);
    }
}
