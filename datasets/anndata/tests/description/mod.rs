//! What an AnnData file holds, in the JSON of `python/describe.py`.

use std::path::Path;
use std::process::Command;

use rheome_anndata::{
    AnnData, Annotation, Array, Axis, Column, ElementType, Frame, MatrixReader, SparseMatrix,
    Storage, Value as Unstructured, Values,
};
use serde_json::{Map, Value, json};

/// Runs a script with arguments and gives back what it printed; none, said aloud, where no Python is named.
pub fn python(script: &str, arguments: &[&Path]) -> Option<String> {
    let Some(interpreter) = std::env::var_os("RHEOME_PYTHON") else {
        eprintln!("SKIPPED: {script} not run, RHEOME_PYTHON names no interpreter");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/python")
        .join(script);
    let output = Command::new(interpreter)
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

/// What anndata reads in each file; none where no Python is named.
pub fn described_by_anndata(paths: &[&Path]) -> Option<Vec<Value>> {
    let printed = python("describe.py", paths)?;
    let lines = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    Some(lines.collect())
}

/// What the crate reads in a file.
pub fn describe(path: &Path) -> Value {
    let cells = AnnData::open(path).unwrap_or_else(|e| panic!("{e}"));
    let x = cells.has_x().then(|| matrix(&cells.x().unwrap()));
    let raw = cells
        .raw()
        .unwrap()
        .map(|raw| json!({"X": matrix(&raw.x), "var": frame(&raw.var.read().unwrap())}));
    let layers = cells.layers().unwrap().into_iter().map(|name| {
        let layer = matrix(&cells.layer(&name).unwrap());
        (name, layer)
    });
    json!({
        "shape": [cells.n_obs(), cells.n_vars()],
        "X": x,
        "obs": frame(&cells.frame(Axis::Obs).unwrap()),
        "var": frame(&cells.frame(Axis::Var).unwrap()),
        "layers": layers.collect::<Map<_, _>>(),
        "obsm": annotations(&cells, Axis::Obs),
        "varm": annotations(&cells, Axis::Var),
        "obsp": pairwise(&cells, Axis::Obs),
        "varp": pairwise(&cells, Axis::Var),
        "uns": unstructured(&cells.uns().unwrap()),
        "raw": raw,
    })
}

fn annotations(cells: &AnnData, axis: Axis) -> Map<String, Value> {
    let names = cells.annotations(axis).unwrap().into_iter();
    let described = names.map(|name| {
        let value = match cells.annotation(axis, &name).unwrap() {
            Annotation::Matrix(found) => matrix(&found),
            Annotation::Frame(found) => frame(&found.read().unwrap()),
        };
        (name, value)
    });
    described.collect()
}

fn pairwise(cells: &AnnData, axis: Axis) -> Map<String, Value> {
    let names = cells.pairwise_keys(axis).unwrap().into_iter();
    let described = names.map(|name| {
        let value = matrix(&cells.pairwise(axis, &name).unwrap());
        (name, value)
    });
    described.collect()
}

fn matrix(matrix: &MatrixReader) -> Value {
    let storage = match matrix.storage() {
        Storage::Dense => "dense",
        Storage::Csr => "csr",
        Storage::Csc => "csc",
    };
    // Row by row, which is as much work for the reader as there can be.
    let rows = (0..matrix.n_rows()).flat_map(|row| {
        let block = matrix.rows::<f64>(row..row + 1);
        block.unwrap_or_else(|e| panic!("{e}")).to_dense()
    });
    let values: Vec<Value> = rows.map(|v| of_type(v, matrix.element())).collect();
    json!({"storage": storage, "shape": matrix.shape(), "dtype": dtype(matrix.element()), "values": values})
}

/// A number read as a fraction, as JSON has one of its own type.
fn of_type(value: f64, element: ElementType) -> Value {
    match element {
        ElementType::Bool => json!(value != 0.0),
        ElementType::F32 | ElementType::F64 => number(value),
        _ => json!(value as i64),
    }
}

fn number(value: f64) -> Value {
    match value {
        v if v.is_finite() => json!(v),
        v if v.is_nan() => json!("nan"),
        v if v > 0.0 => json!("inf"),
        _ => json!("-inf"),
    }
}

fn dtype(element: ElementType) -> &'static str {
    match element {
        ElementType::I8 => "int8",
        ElementType::I16 => "int16",
        ElementType::I32 => "int32",
        ElementType::I64 => "int64",
        ElementType::U8 => "uint8",
        ElementType::U16 => "uint16",
        ElementType::U32 => "uint32",
        ElementType::U64 => "uint64",
        ElementType::F32 => "float32",
        ElementType::F64 => "float64",
        ElementType::Bool => "bool",
        ElementType::Text => "str",
    }
}

fn elements(values: &Values) -> Vec<Value> {
    match values {
        Values::I8(v) => v.iter().map(|x| json!(x)).collect(),
        Values::I16(v) => v.iter().map(|x| json!(x)).collect(),
        Values::I32(v) => v.iter().map(|x| json!(x)).collect(),
        Values::I64(v) => v.iter().map(|x| json!(x)).collect(),
        Values::U8(v) => v.iter().map(|x| json!(x)).collect(),
        Values::U16(v) => v.iter().map(|x| json!(x)).collect(),
        Values::U32(v) => v.iter().map(|x| json!(x)).collect(),
        Values::U64(v) => v.iter().map(|x| json!(x)).collect(),
        Values::F32(v) => v.iter().map(|x| number(f64::from(*x))).collect(),
        Values::F64(v) => v.iter().map(|x| number(*x)).collect(),
        Values::Bool(v) => v.iter().map(|x| json!(x)).collect(),
        Values::Text(v) => v.iter().map(|x| json!(x)).collect(),
    }
}

fn vector(values: &Values) -> Value {
    json!({"dtype": dtype(values.element()), "values": elements(values)})
}

fn column(column: &Column) -> Value {
    match column {
        Column::Plain(values) => vector(values),
        Column::Categorical(found) => json!({
            "categories": vector(found.categories()),
            "codes": found.codes(),
            "ordered": found.is_ordered(),
        }),
        Column::Nullable { values, missing } => {
            let rows = elements(values).into_iter().zip(missing);
            let rows: Vec<Value> = rows
                .map(|(v, m)| if *m { Value::Null } else { v })
                .collect();
            json!({"nullable": rows})
        }
    }
}

fn frame(frame: &Frame) -> Value {
    let columns = frame.columns().iter();
    json!({
        "index_name": frame.index_name(),
        "index": vector(frame.index()),
        "columns": columns.map(|(name, c)| json!([name, column(c)])).collect::<Vec<_>>(),
    })
}

fn unstructured(value: &Unstructured) -> Value {
    match value {
        Unstructured::Null => Value::Null,
        Unstructured::Scalar(values) => json!({"scalar": vector(values)}),
        Unstructured::Array(Array { shape, values }) => {
            json!({"shape": shape, "dtype": dtype(values.element()), "values": elements(values)})
        }
        Unstructured::Column(found) => column(found),
        Unstructured::Frame(found) => frame(found),
        Unstructured::Sparse(found) => sparse(found),
        Unstructured::Records(fields) => {
            let fields = fields.iter().map(|(name, v)| json!([name, vector(v)]));
            json!({"records": fields.collect::<Vec<_>>()})
        }
        Unstructured::Dict(members) => {
            let members = members.iter().map(|(n, v)| (n.clone(), unstructured(v)));
            json!({"dict": members.collect::<Map<_, _>>()})
        }
        Unstructured::Unread(encoding) => panic!("{encoding} was not read"),
    }
}

fn sparse(matrix: &SparseMatrix) -> Value {
    let [rows, columns] = matrix.shape;
    let numbers = matrix.values.to_f64().unwrap();
    let mut dense = vec![0.0; rows * columns];
    for (major, range) in matrix.indptr.windows(2).enumerate() {
        let places = range[0]..range[1];
        for (minor, number) in matrix.indices[places.clone()].iter().zip(&numbers[places]) {
            let minor = *minor as usize;
            let at = if matrix.by_rows {
                major * columns + minor
            } else {
                minor * columns + major
            };
            dense[at] += number;
        }
    }
    let element = matrix.values.element();
    let values: Vec<Value> = dense.into_iter().map(|v| of_type(v, element)).collect();
    let storage = if matrix.by_rows { "csr" } else { "csc" };
    json!({"storage": storage, "shape": matrix.shape, "dtype": dtype(element), "values": values})
}

/// The first place where two descriptions differ; numbers may differ by what printing and parsing them costs.
pub fn difference(ours: &Value, theirs: &Value, at: &str) -> Option<String> {
    let differs = || Some(format!("{at}: {ours} instead of {theirs}"));
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter()
                .find_map(|key| match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => difference(a, b, &format!("{at}/{key}")),
                    (ours, _) => Some(format!(
                        "{at}/{key}: only {}",
                        if ours.is_some() { "ours" } else { "theirs" }
                    )),
                })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(i, (a, b))| difference(a, b, &format!("{at}[{i}]"))),
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            if (a - b).abs() <= 1e-15 * a.abs().max(b.abs()) {
                None
            } else {
                differs()
            }
        }
        (a, b) if a == b => None,
        _ => differs(),
    }
}

/// Fails where two descriptions differ.
pub fn assert_same(ours: &Value, theirs: &Value, what: &str) {
    if let Some(difference) = difference(ours, theirs, "") {
        panic!("{what}{difference}");
    }
}
