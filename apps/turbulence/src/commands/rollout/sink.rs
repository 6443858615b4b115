//! What takes a rollout's fields: file and statistics, on a thread of their own.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use burn::tensor::Tensor;
use rheome_cli::Failure;
use rheome_fields::{FieldShape, FieldWriter};

use super::gathering::Gathering;
use super::start::Start;

/// Fields that may wait for the disk before the rollout waits too.
const WAITING: usize = 2;

/// Where the fields of a rollout go.
pub(super) struct Sink<'a> {
    pub writer: Box<dyn FieldWriter>,
    pub gathering: Option<Gathering>,
    pub shape: FieldShape,
    pub every: u64,
    pub start: &'a Start,
}

/// The fields of a step: `[member, x, y, z, component]`.
type Fields = (u64, Vec<f32>);

/// The end of the sink that a rollout holds.
pub(super) struct Inlet {
    sender: SyncSender<Fields>,
    every: u64,
    takes_all: bool,
}

/// The sink takes no more: it has failed, and its failure is the reason.
pub(super) struct Closed;

impl Sink<'_> {
    /// Snapshots that are written of every member.
    pub fn written(&self) -> usize {
        self.writer.completed_by_all()
    }

    /// Runs `rollout` while a thread takes the fields it sends: it computes the next one while the last is written.
    ///
    /// # Errors
    /// The sink's failure, or else that of the rollout.
    pub fn beside(
        &mut self,
        rollout: impl FnOnce(&Inlet) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (sender, receiver) = sync_channel(WAITING);
        let inlet = Inlet {
            sender,
            every: self.every,
            takes_all: self.gathering.is_some(),
        };
        thread::scope(|scope| {
            let taking = scope.spawn(move || self.take_all(&receiver));
            let outcome = rollout(&inlet);
            drop(inlet);
            let taken = taking.join().unwrap_or_else(|panic| {
                std::panic::resume_unwind(panic);
            });
            taken.and(outcome)
        })
    }

    fn take_all(&mut self, receiver: &Receiver<Fields>) -> Result<(), Failure> {
        while let Ok((step, numbers)) = receiver.recv() {
            self.take(step, &numbers)?;
        }
        Ok(())
    }

    fn take(&mut self, step: u64, numbers: &[f32]) -> Result<(), Failure> {
        let time = self.start.time_of(step);
        let members = || numbers.chunks(self.shape.snapshot_len()).enumerate();
        if let Some(gathering) = &mut self.gathering {
            for (member, snapshot) in members() {
                gathering.add(member, step, time, snapshot)?;
            }
        }
        if step.is_multiple_of(self.every) {
            for (member, snapshot) in members() {
                self.writer.append(member, time, snapshot)?;
            }
        }
        Ok(())
    }
}

impl Inlet {
    /// Whether the fields of a step go anywhere: only these have to leave the device.
    pub fn wants(&self, step: u64) -> bool {
        self.takes_all || step.is_multiple_of(self.every)
    }

    /// Sends the fields of a step that is wanted; waits while too many are on their way.
    pub fn send(&self, step: u64, field: Tensor<5>) -> Result<(), Closed> {
        let numbers = field.into_data().iter::<f32>().collect();
        self.sender.send((step, numbers)).map_err(|_| Closed)
    }
}
