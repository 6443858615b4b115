//! What separates the columns of a CSV file: commas, or what its heading has instead.

use std::io::{BufRead, BufReader, Chain, Cursor, Read, Result};

/// What lines begin with that are no data.
pub(super) const COMMENT: u8 = b'#';
/// Separators other than commas: German Excel writes semicolons, R's `write.table` and many instruments tabs.
const OTHERS: [u8; 2] = [b';', b'\t'];
/// Most bytes before the end of the heading that are looked at.
const MOST: u64 = 1 << 20;

/// A file, and what separates its columns.
pub(super) struct Separated<R> {
    /// The separator.
    pub separator: u8,
    /// The whole file.
    pub text: Chain<Cursor<Vec<u8>>, BufReader<R>>,
}

/// The separator of a file: that of its heading, if there are no commas in it and only one of the others.
pub(super) fn found<R: Read>(file: R) -> Result<Separated<R>> {
    let mut file = BufReader::new(file);
    let mut read = Vec::new();
    let mut heading = 0..0;
    let is_passed_over =
        |line: &[u8]| line.first() == Some(&COMMENT) || line.trim_ascii().is_empty();
    while is_passed_over(&read[heading.clone()]) {
        let left = MOST.saturating_sub(read.len() as u64);
        let bytes = file.by_ref().take(left).read_until(b'\n', &mut read)?;
        if bytes == 0 {
            break;
        }
        heading = read.len() - bytes..read.len();
    }
    Ok(Separated {
        separator: of_heading(&read[heading]),
        text: Cursor::new(read).chain(file),
    })
}

fn of_heading(heading: &[u8]) -> u8 {
    let mut in_quotes = false;
    let outside = heading.iter().filter(|byte| {
        in_quotes ^= **byte == b'"';
        !in_quotes
    });
    let outside: Vec<u8> = outside.copied().collect();
    let mut others = OTHERS.into_iter().filter(|other| outside.contains(other));
    match (outside.contains(&b','), others.next(), others.next()) {
        (false, Some(only), None) => only,
        _ => b',',
    }
}
