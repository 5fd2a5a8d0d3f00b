//! Threads that serve connections, each with an event loop of its own.
//!
//! A connection stays on the thread it was given at accept. Rejected: the process's work-stealing runtime: a
//! request takes a few microseconds, less than waking another core to steal it costs; and a loop that runs
//! whatever is ready before it waits again writes the journal once for all of it.

use std::{io, sync::atomic::AtomicUsize, sync::atomic::Ordering::Relaxed, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// Running threads; they end when this is dropped, and with them whatever they still serve.
#[derive(Debug)]
pub(crate) struct Workers {
    loops: Vec<(Handle, oneshot::Sender<()>)>,
    next: AtomicUsize,
}

impl Workers {
    /// One thread per core.
    pub(crate) fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let loops = (0..count).map(start_one).collect::<io::Result<Vec<_>>>()?;
        Ok(Self {
            loops,
            next: AtomicUsize::new(0),
        })
    }

    /// The event loop for the next connection, in turn.
    pub(crate) fn next(&self) -> Handle {
        let turn = self.next.fetch_add(1, Relaxed) % self.loops.len().max(1);
        self.loops
            .get(turn)
            .map_or_else(Handle::current, |(handle, _)| handle.clone())
    }
}

fn start_one(number: usize) -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel();
    thread::Builder::new()
        .name(format!("sessions-{number}"))
        .spawn(move || {
            // An error is the other end gone, which is the sign to stop.
            let _ = runtime.block_on(stopped);
        })?;
    Ok((handle, stop))
}
