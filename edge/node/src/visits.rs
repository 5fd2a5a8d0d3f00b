//! Carries what transactions say of sessions to the session store: where a session is, and whose it is.
//!
//! A queue between the pipeline, which may not wait, and the store, which may have to write. When it is full a
//! visit is dropped: the session's next request says the same.

use std::sync::Arc;

use bongsu_edge_sessions::{Control, Visit};
use bongsu_sdk_model::Transaction;
use tokio::{sync::mpsc, task::JoinHandle};

/// Visits that may wait.
const QUEUE: usize = 8_192;

/// A masked transaction of a session.
#[derive(Debug)]
pub(crate) struct Visited {
    session: String,
    user: Option<String>,
    visit: Visit,
}

/// The pipeline's end of the queue.
pub(crate) type Visits = mpsc::Sender<Visited>;

/// What a masked transaction says of its session, if it has one.
pub(crate) fn of(transaction: &Transaction) -> Option<Visited> {
    Some(Visited {
        session: transaction.session.clone()?,
        user: transaction.user.clone(),
        visit: Visit {
            url: Arc::from(transaction.url.as_str()),
            since: transaction.started,
            last: transaction.ended,
            instance: Some(Arc::from(transaction.instance.as_str())),
            address: transaction.client,
            user_agent: transaction.user_agent.as_deref().map(Arc::from),
        },
    })
}

/// Tells the store until the pipeline is gone.
pub(crate) fn tell(control: Control) -> (Visits, JoinHandle<()>) {
    let (visits, mut told) = mpsc::channel::<Visited>(QUEUE);
    let telling = tokio::spawn(async move {
        let mut failing = false;
        while let Some(visited) = told.recv().await {
            let noted = control
                .visited(&visited.session, visited.visit, visited.user.as_deref())
                .await;
            // Once per failure of the disk, not once per visit.
            match noted {
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "sessions are not bound to their users");
                }
                Err(_) => {}
                Ok(()) => failing = false,
            }
        }
    });
    (visits, telling)
}
