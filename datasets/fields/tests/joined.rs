//! Components in datasets of their own, read as one field: `FILE:u,v,w`.

use rheome_fields::open;

/// A dataset `[2, 4, 3, 2]` of this name, one number everywhere, whose group has times and points of its own.
fn add_component(file: &hdf5::File, name: &str, unit: &str, heights: [f64; 3]) {
    let (group, _) = name.split_once('/').unwrap();
    let group = file.create_group(group).unwrap();
    for (axis, values) in [
        ("time", &[0.0, 0.5][..]),
        ("x", &[0.0, 1.0, 2.0, 3.0]),
        ("y", &heights),
        ("z", &[0.0, 1.0]),
    ] {
        let axis = group.new_dataset_builder().with_data(values).create(axis);
        axis.unwrap();
    }
    let data = ndarray::Array4::<f32>::zeros((2, 4, 3, 2));
    let dataset = file.new_dataset_builder().with_data(&data).create(name);
    let unit: hdf5::types::VarLenUnicode = unit.parse().unwrap();
    let attribute = dataset.unwrap().new_attr::<hdf5::types::VarLenUnicode>();
    attribute
        .create("units")
        .unwrap()
        .write_scalar(&unit)
        .unwrap();
}

#[test]
fn joined_components_are_different_ones_of_the_same_points() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.h5");
    let heights = [-1.0, 0.0, 1.0];
    {
        let file = hdf5::File::create(&path).unwrap();
        add_component(&file, "first/data", "m/s", heights);
        add_component(&file, "second/data", "m/s", heights);
        add_component(&file, "moved/data", "m/s", [-1.0, 0.5, 1.0]);
        add_component(&file, "scaled/data", "cm/s", heights);
        // As single precision has it.
        add_component(
            &file,
            "rounded/data",
            "m/s",
            [-1.0, f64::from(1e-9_f32), 1.0],
        );
        add_component(&file, "pressure/p", "m2/s2", heights);
        let whole = ndarray::Array5::<f32>::ones((1, 4, 3, 2, 3));
        let whole = file.new_dataset_builder().with_data(&whole);
        whole.create("u,v").unwrap();
    }
    let at = |names: &str| open(&format!("{}:{names}", path.display()));
    let joined = at("first/data,/second/data").unwrap();
    assert_eq!(
        joined.header().components.as_deref().unwrap(),
        ["first/data", "second/data"],
        "their last names are the same"
    );
    let four = at("first/data,second/data,rounded/data,pressure/p").unwrap();
    assert_eq!(four.shape().components, 4);
    assert_eq!(at("u,v").unwrap().shape().components, 3, "one dataset");
    for (names, words) in [
        ("first/data,/first/data", r#"dataset "first/data" twice"#),
        ("first/data,./first//data", r#"dataset "first/data" twice"#),
        ("first/data,moved/data", "a point at y = 0.5"),
        ("first/data,scaled/data", r#"velocity_units "cm/s""#),
        ("first/data,third/data", "third/data"),
    ] {
        let line = at(names).err().expect(names).to_string();
        assert!(line.contains(words), "{names}: {line}");
    }
}
