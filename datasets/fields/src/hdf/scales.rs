//! Dimension scales, the part of HDF5's high-level library that the `hdf5` crate does not wrap.
#![allow(
    unsafe_code,
    reason = "functions of HDF5's high-level library, which the hdf5 crate does not wrap"
)]

use std::ffi::{CString, c_char, c_int, c_uint};

use hdf5::types::VarLenArray;
use hdf5::{Dataset, ObjectReference1, ReferencedObject};

// From hdf5_hl, which the static NetCDF build links: H5DSpublic.h.
unsafe extern "C" {
    fn H5DSset_scale(scale: i64, name: *const c_char) -> c_int;
    fn H5DSattach_scale(dataset: i64, scale: i64, axis: c_uint) -> c_int;
    fn H5DSset_label(dataset: i64, axis: c_uint, label: *const c_char) -> c_int;
}

/// Makes a dataset a dimension scale of this name.
///
/// # Errors
/// The library's error, or a name that holds NUL.
pub fn make_scale(scale: &Dataset, name: &str) -> hdf5::Result<()> {
    let name = c_name(name)?;
    // SAFETY: the handle is open for as long as the borrow, the name ends with NUL, the library's lock is held.
    hdf5::sync::sync(|| hdf5::h5check(unsafe { H5DSset_scale(scale.id(), name.as_ptr()) }))
        .map(|_| ())
}

/// Attaches a scale to an axis of a dataset and gives the axis its name.
///
/// # Errors
/// The library's error, or a name that holds NUL.
pub fn attach(dataset: &Dataset, axis: usize, scale: &Dataset, name: &str) -> hdf5::Result<()> {
    let (axis, name) = (axis as c_uint, c_name(name)?);
    hdf5::sync::sync(|| {
        // SAFETY: both handles are open for as long as the borrows, the name ends with NUL, the library's lock is held.
        hdf5::h5check(unsafe { H5DSattach_scale(dataset.id(), scale.id(), axis) })?;
        // SAFETY: as above.
        hdf5::h5check(unsafe { H5DSset_label(dataset.id(), axis, name.as_ptr()) })
    })
    .map(|_| ())
}

/// What the axes of a dataset are called: by the scales that are attached to them, and by labels where there are none.
pub(crate) fn axis_names(dataset: &Dataset) -> Vec<Option<String>> {
    let (scales, labels) = (scale_names(dataset), labels(dataset));
    let both = scales.into_iter().zip(labels);
    both.map(|(scale, label)| scale.or(label)).collect()
}

/// The names of the scales that are attached to the axes.
fn scale_names(dataset: &Dataset) -> Vec<Option<String>> {
    let rank = dataset.ndim();
    let found = dataset
        .attr("DIMENSION_LIST")
        .ok()
        .filter(|list| list.size() == rank);
    let references = found.and_then(|list| {
        // One list of scales an axis, of which the first names it.
        list.read_raw::<VarLenArray<ObjectReference1>>().ok()
    });
    let Some(references) = references else {
        return vec![None; rank];
    };
    let name = |scales: &VarLenArray<ObjectReference1>| -> Option<String> {
        let scale = dataset.dereference(scales.first()?).ok()?;
        let ReferencedObject::Dataset(scale) = scale else {
            return None;
        };
        Some(scale.name().rsplit('/').next()?.to_owned())
    };
    references.iter().map(name).collect()
}

/// The labels of the axes, of which some may have none.
fn labels(dataset: &Dataset) -> Vec<Option<String>> {
    let rank = dataset.ndim();
    let found = dataset.attr("DIMENSION_LABELS").ok();
    let found = found.filter(|labels| labels.shape() == [rank]);
    // Not by the library's own function, which takes any attribute of this name for one that it wrote.
    match found.map(|labels| rheome_hdf::text::read_attribute(&labels)) {
        Some(Ok(labels)) => {
            let named = labels
                .into_iter()
                .map(|label| Some(label).filter(|l| !l.is_empty()));
            named.collect()
        }
        _ => vec![None; rank],
    }
}

fn c_name(name: &str) -> hdf5::Result<CString> {
    CString::new(name).map_err(|_| format!("the name {name:?} holds NUL").into())
}
