//! Named axes of a data file: every dataset has dimension scales.

use hdf5::{Dataset, File, Group};
use rheome_hdf::text;

use crate::scales::{attach, counted, scale};

/// Names all axes of a file whose datasets are complete.
pub fn name(file: &File) -> hdf5::Result<()> {
    let trajectory = file.dataset("trajectory")?;
    let [samples, _, dimension] = trajectory.shape()[..] else {
        return Err("trajectory has not three axes".into());
    };
    let sample = counted(file, "sample", 0, samples)?;
    let time = scale(file.dataset("time")?, "time")?;
    let components: Vec<String> = (0..dimension).map(|c| format!("u_{c}")).collect();
    let component = text::write_dataset(file, "component", &components)?;
    let component = scale(component, "component")?;
    let axes = [
        (&sample, "sample"),
        (&time, "time"),
        (&component, "component"),
    ];
    for (axis, (scale, name)) in axes.into_iter().enumerate() {
        attach(&trajectory, axis, scale, name)?;
    }
    attach(&file.dataset("equation_index")?, 0, &sample, "sample")?;

    let families = file.group("families")?;
    let range = scale(
        text::write_dataset(&families, "end", &["low", "high"])?,
        "end",
    )?;
    let tables = Tables {
        group: &families,
        rows: "family",
    };
    tables.name(&[("parameter_values", "parameter")])?;
    attach(&families.dataset("initial")?, 1, &range, "end")?;
    let tables = Tables {
        group: &file.group("equations")?,
        rows: "equation",
    };
    tables.name(&[("ids", "word"), ("parameters", "parameter")])
}

/// The datasets of a group that have a row each of the same things.
struct Tables<'a> {
    group: &'a Group,
    /// What the rows are.
    rows: &'static str,
}

impl Tables<'_> {
    /// Names the rows of all datasets, and the columns of `matrices`.
    fn name(&self, matrices: &[(&str, &str)]) -> hdf5::Result<()> {
        let tables: Vec<Dataset> = self.group.datasets()?;
        let tables: Vec<Dataset> = tables
            .into_iter()
            .filter(|d| !d.name().ends_with("/end"))
            .collect();
        let count = tables.first().map_or(0, |table| table.shape()[0]);
        let rows = counted(self.group, self.rows, 0, count)?;
        for table in &tables {
            attach(table, 0, &rows, self.rows)?;
        }
        for (matrix, name) in matrices {
            let matrix = self.group.dataset(matrix)?;
            let columns = counted(self.group, name, 0, matrix.shape()[1])?;
            attach(&matrix, 1, &columns, name)?;
        }
        Ok(())
    }
}
