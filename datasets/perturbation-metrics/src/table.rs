//! Tables (CSV) that are replaced as a whole.

use std::path::Path;

use rheome_hdf::Partial;

use crate::MetricsError;

/// Writes a table; a kill at any moment leaves the old file or the new one.
///
/// # Errors
/// [`MetricsError::Write`] naming the file.
pub fn write_csv<R>(
    path: &Path,
    header: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> Result<(), MetricsError>
where
    R: IntoIterator,
    R::Item: AsRef<[u8]>,
{
    let fail = |reason: String| MetricsError::Write {
        path: path.display().to_string(),
        reason,
    };
    let partial = Partial::new(path);
    let write = || -> csv::Result<()> {
        let mut table = csv::Writer::from_path(partial.place())?;
        table.write_record(header)?;
        for row in rows {
            table.write_record(row)?;
        }
        Ok(table.flush()?)
    };
    write().map_err(|e| fail(e.to_string()))?;
    partial.publish().map_err(|e| fail(e.to_string()))
}
