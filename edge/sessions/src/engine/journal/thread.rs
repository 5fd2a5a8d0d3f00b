//! The journal's own thread: it syncs, retries after a failure, and ends. Tasks never wait for a disk in it,
//! only for what it has put there.

use std::{io, sync::Arc, thread};

use super::{Durability, Failure, Pace, core::Core, signal::Call};

/// Starts the thread.
pub(super) fn spawn(core: Arc<Core>, pace: Pace) -> io::Result<thread::JoinHandle<()>> {
    let ending = Ending(core);
    thread::Builder::new()
        .name("journal".to_owned())
        .spawn(move || run(&ending.0, pace))
}

/// However the thread ends, nobody waits for it afterwards.
struct Ending(Arc<Core>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.refuse(&Failure::new("the journal is closed"));
        self.0.signal.end();
    }
}

fn run(core: &Core, pace: Pace) {
    loop {
        let failing = core.refusal().is_some();
        let patience = if failing || core.durability == Durability::Group {
            pace.retry_every
        } else {
            pace.sync_every
        };
        let call = core.signal.next(patience);
        work(core, &call);
        for rotation in call.rotations {
            let _ = rotation.send(core.rotate());
        }
        if call.stop {
            return;
        }
    }
}

/// One round; failures are kept by the core, which tells everyone concerned.
fn work(core: &Core, call: &Call) {
    let due = call.timed_out || call.stop;
    if core.refusal().is_some() {
        if due {
            core.retry();
        }
    } else if core.durability == Durability::Group || due {
        let _ = core.commit();
        if core.durability == Durability::Os {
            let _ = core.sync_behind();
        }
    }
}
