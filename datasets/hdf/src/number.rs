//! Numbers in attributes, of whatever type.

use hdf5::Location;
use hdf5::types::TypeDescriptor;

/// Whether values of a type can be read as numbers.
pub fn is_number(kind: &TypeDescriptor) -> bool {
    matches!(
        kind,
        TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) | TypeDescriptor::Float(_)
    )
}

/// The number of an attribute that is one number; none for any other, or where there is no such attribute.
pub fn attribute(object: &Location, name: &str) -> Option<f64> {
    let attribute = object.attr(name).ok()?;
    let kind = attribute.dtype().and_then(|kind| kind.to_descriptor());
    if attribute.size() != 1 || !is_number(&kind.ok()?) {
        return None;
    }
    attribute.read_raw::<f64>().ok()?.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn one_number_of_any_type_is_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = hdf5::File::create(folder.path().join("a.h5")).unwrap();
        let attribute_of = file.new_attr::<u32>().create("seed").unwrap();
        attribute_of.write_scalar(&7).unwrap();
        let two = file.new_attr::<f64>().shape(2).create("two").unwrap();
        two.write_raw(&[1.0, 2.0]).unwrap();
        text::write_attribute(&file, "text", "8").unwrap();
        assert_eq!(attribute(&file, "seed"), Some(7.0));
        for name in ["two", "text", "none"] {
            assert_eq!(attribute(&file, name), None, "{name}");
        }
    }
}
