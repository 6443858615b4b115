//! One field of a dataset of records, whatever the other fields are: what the `hdf5` crate reads only as a whole and into a
//! type known when the program is compiled.
#![allow(
    unsafe_code,
    reason = "H5Dread with a type made when the program runs, which the hdf5 crate does not wrap"
)]

use std::ffi::{c_int, c_void};
use std::mem::size_of;

use hdf5::types::{CompoundField, CompoundType, TypeDescriptor};
use hdf5::{Dataset, Datatype, H5Type};

use crate::readable::unwritten_chunks;

// From hdf5, which the hdf5 crate links: H5Dpublic.h. The zeros given for spaces and transfer properties are H5S_ALL, H5P_DEFAULT.
unsafe extern "C" {
    fn H5Dread(
        dataset: i64,
        kind: i64,
        memory: i64,
        file: i64,
        transfer: i64,
        to: *mut c_void,
    ) -> c_int;
}

/// Reads the field `name` of every record: `width` values of `T` a record, which is 1 for a scalar field and the length of an
/// array field. The library converts between numbers of different types.
///
/// The caller has checked that the dataset may be as large as it claims ([`crate::check_readable`]).
///
/// # Errors
/// The library's error, also if there is no such field, it cannot become a `T`, or records were never written.
pub fn read_field<T: H5Type + Clone>(
    dataset: &Dataset,
    name: &str,
    width: Option<usize>,
) -> hdf5::Result<Vec<T>> {
    let unwritten = unwritten_chunks(dataset);
    if unwritten > 0 {
        return Err(format!("{unwritten} chunk(s) were never written")
            .as_str()
            .into());
    }
    let found = fields(dataset)?;
    let field = found.iter().find(|field| field.name == name);
    let stored = &field.ok_or_else(|| format!("no field {name:?}"))?.ty;
    match (stored, width) {
        (TypeDescriptor::FixedArray(_, length), Some(width)) if *length == width => {}
        (TypeDescriptor::FixedArray(..), _) | (_, Some(_)) => {
            return Err(format!("field {name:?} holds {stored}").as_str().into());
        }
        _ => {}
    }
    let one = T::type_descriptor();
    let kind = match width {
        Some(width) => TypeDescriptor::FixedArray(Box::new(one), width),
        None => one,
    };
    let width = width.unwrap_or(1);
    let record = Datatype::from_descriptor(&TypeDescriptor::Compound(CompoundType {
        fields: vec![CompoundField::new(name, kind, 0, 0)],
        size: size_of::<T>() * width,
    }))?;
    let count = dataset.size() * width;
    let mut values: Vec<T> = Vec::with_capacity(count);
    hdf5::sync::sync(|| {
        // SAFETY: both handles are open for as long as the borrows; the buffer has room for `count` values, which is what the
        // memory type, of just this one field, asks for; H5Type promises that T has the layout of its descriptor.
        hdf5::h5check(unsafe {
            H5Dread(
                dataset.id(),
                record.id(),
                0,
                0,
                0,
                values.as_mut_ptr().cast(),
            )
        })
    })?;
    // SAFETY: the library has filled every record, and so every value: there is none that it would leave alone.
    unsafe { values.set_len(count) };
    Ok(values)
}

/// Names and types of the fields of a dataset of records.
///
/// # Errors
/// If it is no such dataset.
pub fn fields(dataset: &Dataset) -> hdf5::Result<Vec<CompoundField>> {
    match dataset.dtype()?.to_descriptor()? {
        TypeDescriptor::Compound(kind) => Ok(kind.fields),
        other => Err(format!("holds {other}, no records").as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(H5Type, Clone, Copy)]
    #[repr(C)]
    struct Record {
        count: i32,
        // Fills what would be a gap of memory that is never set, which would be written.
        parity: i32,
        place: [f32; 2],
        share: f64,
    }

    #[test]
    fn fields_are_read_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = hdf5::File::create(folder.path().join("a.h5")).unwrap();
        let records: Vec<Record> = (0..5)
            .map(|i| Record {
                count: i,
                parity: i % 2,
                place: [i as f32, -(i as f32)],
                share: 0.5 * f64::from(i),
            })
            .collect();
        let dataset = file
            .new_dataset_builder()
            .with_data(&records)
            .create("records")
            .unwrap();
        let share: Vec<f64> = read_field(&dataset, "share", None).unwrap();
        assert_eq!(share, [0.0, 0.5, 1.0, 1.5, 2.0]);
        let count: Vec<i64> = read_field(&dataset, "count", None).unwrap();
        assert_eq!(count, [0, 1, 2, 3, 4]);
        let place: Vec<f64> = read_field(&dataset, "place", Some(2)).unwrap();
        assert_eq!(place[2..6], [1.0, -1.0, 2.0, -2.0]);
        for (name, width) in [
            ("place", None),
            ("place", Some(3)),
            ("share", Some(1)),
            ("none", None),
        ] {
            assert!(
                read_field::<f64>(&dataset, name, width).is_err(),
                "{name} {width:?}"
            );
        }
    }
}
