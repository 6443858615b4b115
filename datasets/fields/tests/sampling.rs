//! Windows, batches and their statistics, of a field held in memory.

use rheome_fields::{
    BatchReader, FieldError, FieldHeader, FieldReader, FieldShape, Split, Window,
    normalization_statistics,
};

struct Counted {
    shape: FieldShape,
    header: FieldHeader,
    completed: Vec<usize>,
    reads: std::sync::atomic::AtomicUsize,
}

impl Counted {
    fn new(trajectories: usize, snapshots: usize) -> Self {
        let shape = FieldShape {
            has_trajectories: true,
            trajectories,
            snapshots,
            grid: [2, 1, 1],
            components: 2,
        };
        let completed = vec![snapshots; trajectories];
        Self {
            shape,
            header: FieldHeader::default(),
            completed,
            reads: 0.into(),
        }
    }
}

impl FieldReader for Counted {
    fn shape(&self) -> FieldShape {
        self.shape
    }

    fn completed(&self, trajectory: usize) -> usize {
        self.completed[trajectory]
    }

    fn header(&self) -> &FieldHeader {
        &self.header
    }

    fn times(&self) -> Option<&[f64]> {
        None
    }

    fn label(&self) -> &str {
        "memory"
    }

    fn read_unchecked(
        &self,
        trajectory: usize,
        snapshot: usize,
        out: &mut [f32],
    ) -> Result<(), FieldError> {
        self.reads
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for (i, value) in out.iter_mut().enumerate() {
            *value = (100 * trajectory + 10 * snapshot + i) as f32;
        }
        Ok(())
    }
}

fn split(json: &str) -> Split {
    serde_json::from_str(json).unwrap()
}

#[test]
fn whole_trajectories_are_shared_out() {
    let mut field = Counted::new(4, 6);
    field.completed[1] = 3;
    let windows = split(r#"{"kind":"trajectories","validation":1,"held_out":1}"#)
        .windows(&field, 2, 2)
        .unwrap();
    assert_eq!(
        windows.train,
        [0, 1].map(|first| Window {
            trajectory: 0,
            first
        })
    );
    assert_eq!(
        windows.validation,
        [0, 1].map(|first| Window {
            trajectory: 2,
            first
        })
    );
}

#[test]
fn the_leading_part_of_the_pairs_in_order_trains() {
    let field = Counted::new(3, 6);
    let windows = split(r#"{"kind":"leading","trajectories":2}"#)
        .windows(&field, 1, 1)
        .unwrap();
    let all: Vec<Window> = (0..2)
        .flat_map(|trajectory| (0..4).map(move |first| Window { trajectory, first }))
        .collect();
    assert_eq!([windows.train.len(), windows.validation.len()], [6, 2]);
    assert_eq!([windows.train, windows.validation].concat(), all);
    let kept = split(r#"{"kind":"leading","trajectories":2,"drop_last":false,"fraction":1.0}"#)
        .windows(&field, 1, 1);
    assert_eq!(kept.unwrap().train.len(), 10);
    // Its former name, and what the paper has.
    for name in ["leading", "paper"] {
        assert_eq!(
            split(&format!(r#"{{"kind":"{name}"}}"#)),
            Split::Leading {
                trajectories: 20,
                fraction: 0.8,
                drop_last: true
            }
        );
    }
}

#[test]
fn who_has_one_trajectory_is_told_how_it_is_split() {
    let field = Counted::new(1, 6);
    let refused = split(r#"{"kind":"trajectories","validation":1,"held_out":1}"#);
    let message = refused.windows(&field, 1, 1).unwrap_err().to_string();
    let advice = r#"kind = "leading", trajectories = 1, fraction = 0.8"#;
    assert!(message.contains(advice), "{message}");
    let followed = split(r#"{"kind":"leading","trajectories":1,"fraction":0.8}"#);
    let windows = followed.windows(&field, 1, 1).unwrap();
    assert_eq!([windows.train.len(), windows.validation.len()], [3, 1]);
    // Two can be shared out.
    let message = refused.windows(&Counted::new(2, 6), 1, 1).unwrap_err();
    assert!(!message.to_string().contains("leading"), "{message}");
}

#[test]
fn impossible_splits_name_the_key() {
    let field = Counted::new(3, 4);
    let key =
        |json: &str, time_window, stride| match split(json).windows(&field, time_window, stride) {
            Err(FieldError::Setting { key, .. }) => key,
            other => panic!("{other:?}"),
        };
    assert_eq!(
        key(r#"{"kind":"trajectories","validation":3}"#, 1, 1),
        "split.validation"
    );
    assert_eq!(key(r#"{"kind":"leading"}"#, 1, 1), "split.trajectories");
    assert_eq!(
        key(
            r#"{"kind":"leading","trajectories":1,"fraction":1.5}"#,
            1,
            1
        ),
        "split.fraction"
    );
    assert_eq!(
        key(r#"{"kind":"trajectories","validation":1}"#, 4, 1),
        "split"
    );
    assert_eq!(
        key(r#"{"kind":"trajectories","validation":1}"#, 0, 1),
        "time_window"
    );
    assert_eq!(
        key(r#"{"kind":"trajectories","validation":1}"#, 1, 0),
        "stride"
    );
    assert!(serde_json::from_str::<Split>(r#"{"kind":"leading","trajectory":1}"#).is_err());
}

#[test]
fn a_batch_holds_inputs_and_targets() {
    let field = Counted::new(2, 6);
    let windows = [
        Window {
            trajectory: 1,
            first: 0,
        },
        Window {
            trajectory: 0,
            first: 1,
        },
    ];
    let batch = BatchReader::new(&field, 2, 2).read(&windows).unwrap();
    let rows = |values: &[f32]| values.chunks(4).map(|row| row[0]).collect::<Vec<_>>();
    assert_eq!(rows(&batch.inputs), [100.0, 120.0, 10.0, 30.0]);
    assert_eq!(rows(&batch.targets), [140.0, 50.0]);
    assert!(
        BatchReader::new(&field, 2, 2)
            .read(&[Window {
                trajectory: 0,
                first: 2
            }])
            .is_err()
    );
}

#[test]
fn statistics_agree_with_the_batches_and_read_each_snapshot_once() {
    let field = Counted::new(2, 6);
    let windows = split(r#"{"kind":"trajectories","validation":0}"#)
        .windows(&field, 2, 1)
        .unwrap()
        .train;
    let found = normalization_statistics(&field, &windows, 2, 1).unwrap();
    assert_eq!(field.reads.load(std::sync::atomic::Ordering::Relaxed), 12);
    let batch = BatchReader::new(&field, 2, 1).read(&windows).unwrap();
    for (statistics, values) in [
        (&found.inputs, &batch.inputs),
        (&found.targets, &batch.targets),
    ] {
        for c in 0..2 {
            let all: Vec<f64> = values
                .iter()
                .skip(c)
                .step_by(2)
                .map(|v| f64::from(*v))
                .collect();
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            let variance =
                all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (all.len() - 1) as f64;
            assert_eq!(statistics.count, all.len() as u64);
            assert!(
                (statistics.mean()[c] - mean).abs() < 1e-9
                    && (statistics.std()[c] - variance.sqrt()).abs() < 1e-9
            );
        }
    }
    // (a + 10)^2 - a^2 summed over the two points, from the first window's last input and the last window's.
    let change = |last: f64, c: f64| {
        (0..2)
            .map(|p| 20.0 * (last + 2.0 * f64::from(p) + c) + 100.0)
            .sum::<f64>()
    };
    for c in 0..2 {
        assert_eq!(found.energy_change[c].min, change(10.0, c as f64));
        assert_eq!(found.energy_change[c].max, change(140.0, c as f64));
    }
}
