//! The engine's thread: it opens the log, serves jobs, and says when either is done.

use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::{Engine, Job};
use crate::Error;

/// What is heard of the engine's thread.
#[derive(Debug)]
pub(crate) struct Thread {
    /// How opening the log ended.
    pub(crate) opened: oneshot::Receiver<Result<(), Error>>,
    /// Closes when the thread has ended.
    pub(crate) ended: oneshot::Receiver<()>,
}

impl Thread {
    /// Starts the engine's thread: `open` runs on it, then jobs are served until every sender is gone.
    pub(crate) fn spawn(
        jobs: mpsc::Receiver<Job>,
        open: impl FnOnce() -> Result<Engine, Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let (opened, hear_opened) = oneshot::channel();
        let (ended, hear_ended) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let runtime = runtime.map_err(|error| Error::Engine(error.to_string()))?;
        let body = move || {
            let _ended = ended;
            match open() {
                Ok(engine) => {
                    let _ = opened.send(Ok(()));
                    runtime.block_on(engine.run(jobs));
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            }
        };
        let thread = thread::Builder::new()
            .name("sessions".to_owned())
            .spawn(body);
        thread.map_err(|error: std::io::Error| Error::Engine(error.to_string()))?;
        Ok(Self {
            opened: hear_opened,
            ended: hear_ended,
        })
    }
}
