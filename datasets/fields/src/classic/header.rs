//! The header of a classic NetCDF file, read to learn how long the file must be.
//!
//! The NetCDF library reads zeros where a file was cut short, and its wrapper panics on names that are no UTF-8; both are told
//! from here first.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// Longer names are none of NetCDF's.
const LONGEST_NAME: u64 = 256;
/// The most dimensions that a variable may have.
const MOST_DIMENSIONS: u64 = 1024;
/// The number of records of a file whose writer did not know it.
const STREAMING: u64 = u32::MAX as u64;

/// How many bytes the file must have for all its variables to be in it.
pub(super) fn needed_length(file: &File) -> Result<u64> {
    let mut bytes = Bytes {
        input: BufReader::new(file),
        version: 1,
    };
    bytes.input.seek(SeekFrom::Start(3))?;
    bytes.version = bytes.array::<1>()?[0];
    let records = match bytes.count()? {
        // Then nobody can tell how many records there should be.
        STREAMING => 0,
        records => records,
    };
    let mut dimensions = Vec::new();
    for _ in 0..bytes.list()? {
        bytes.name()?;
        dimensions.push(bytes.count()?);
    }
    bytes.skip_attributes()?;
    let mut variables = Vec::new();
    for _ in 0..bytes.list()? {
        variables.push(bytes.variable(&dimensions)?);
    }
    Ok(end(&variables, records))
}

/// A variable: where it begins, its bytes (those of one record, if it has records), whether it has records.
struct Extent {
    begin: u64,
    size: u64,
    recorded: bool,
}

/// Where the last of the variables ends.
fn end(variables: &[Extent], records: u64) -> u64 {
    let recorded = || variables.iter().filter(|v| v.recorded);
    // A single variable with records has them without padding.
    let record = match recorded().count() {
        1 => recorded().map(|v| v.size).sum(),
        _ => recorded().fold(0u64, |sum, v| {
            sum.saturating_add(v.size.saturating_add(3) / 4 * 4)
        }),
    };
    let last = |v: &Extent| match (v.recorded, records) {
        (false, _) => v.begin.saturating_add(v.size),
        (true, 0) => 0,
        (true, n) => v
            .begin
            .saturating_add((n - 1).saturating_mul(record))
            .saturating_add(v.size),
    };
    variables.iter().map(last).max().unwrap_or(0)
}

fn damaged(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidData,
        format!("the NetCDF header is damaged: {what}"),
    )
}

/// The header, number by number; all are big-endian.
struct Bytes<R> {
    input: R,
    version: u8,
}

impl<R: Read + Seek> Bytes<R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn word(&mut self) -> Result<u64> {
        Ok(u64::from(u32::from_be_bytes(self.array()?)))
    }

    fn long(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A number of things: 8 bytes in CDF-5, else 4.
    fn count(&mut self) -> Result<u64> {
        if self.version == 5 {
            self.long()
        } else {
            self.word()
        }
    }

    /// The number of entries of the list that follows.
    fn list(&mut self) -> Result<u64> {
        self.word()?;
        self.count()
    }

    fn skip(&mut self, bytes: u64) -> Result<()> {
        let padded = bytes
            .checked_next_multiple_of(4)
            .and_then(|n| i64::try_from(n).ok());
        self.input
            .seek_relative(padded.ok_or_else(|| damaged("an attribute without end"))?)
    }

    fn name(&mut self) -> Result<()> {
        let length = self.count()?;
        if length > LONGEST_NAME {
            return Err(damaged("a name without end"));
        }
        let mut name = vec![0; length.next_multiple_of(4) as usize];
        self.input.read_exact(&mut name)?;
        std::str::from_utf8(&name[..length as usize])
            .map(|_| ())
            .map_err(|_| damaged("a name that is no text"))
    }

    /// Bytes of a value of the type that follows.
    fn width(&mut self) -> Result<u64> {
        match self.word()? {
            1 | 2 | 7 => Ok(1),
            3 | 8 => Ok(2),
            4 | 5 | 9 => Ok(4),
            6 | 10 | 11 => Ok(8),
            _ => Err(damaged("an unknown type")),
        }
    }

    fn skip_attributes(&mut self) -> Result<()> {
        for _ in 0..self.list()? {
            self.name()?;
            let (width, count) = (self.width()?, self.count()?);
            self.skip(width.saturating_mul(count))?;
        }
        Ok(())
    }

    fn variable(&mut self, dimensions: &[u64]) -> Result<Extent> {
        self.name()?;
        let rank = self.count()?;
        if rank > MOST_DIMENSIONS {
            return Err(damaged("dimensions without end"));
        }
        let (mut values, mut recorded) = (1u64, false);
        for place in 0..rank {
            let number = usize::try_from(self.count()?).ok();
            let length = number
                .and_then(|n| dimensions.get(n))
                .ok_or_else(|| damaged("an unknown dimension"))?;
            match (*length, place) {
                (0, 0) => recorded = true,
                (length, _) => values = values.saturating_mul(length),
            }
        }
        self.skip_attributes()?;
        let width = self.width()?;
        // The size that is stored is too small for large variables.
        self.count()?;
        let begin = if self.version == 1 {
            self.word()?
        } else {
            self.long()?
        };
        Ok(Extent {
            begin,
            size: values.saturating_mul(width),
            recorded,
        })
    }
}
