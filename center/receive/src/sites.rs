//! The sites as the rest of the center sees them: who is connected, what may be asked of one, what it has been
//! ordered to do. It knows nothing of what a question or an order means.
//!
//! | call | waits for | blocks |
//! |---|---|---|
//! | [`Sites::ask`] | the answer, at most until the deadline; dropping the future cancels the question | no |
//! | [`Sites::order`] | the disk; the site may be away | yes |
//! | [`Sites::status`], [`Sites::orders`], [`Sites::everywhere`] | nothing | yes, a read |
//! | [`Sites::outcome`] | until the order is applied, failed, expired or withdrawn | no |
//!
//! An order is delivered at least once and carried out once: its id is its content, and the edge's ledger
//! knows the ids that it has carried out. Orders of one kind go one after the other; other kinds don't wait.

mod bodies;
mod book;
mod present;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quinn::Connection;
use tokio::sync::watch;

use bongsu_sdk_model::{Clock, SiteId, Timestamp};
use bongsu_sdk_wire::{
    Answer, Ask, Call, Decoder, Dispatch, End, Ending, Gathering, MAX_PIECE_BYTES,
    MAX_QUESTION_BYTES, NewOrder, OrderError, OrderId, OrderKind, OrderState, OrderStatus, Reply,
    Versions, encode,
};

pub(crate) use self::{bodies::Bodies, book::Book, present::Present};
use crate::{Registry, RegistryError};
pub use present::SiteLink;

/// Longest time that an order may wait for its site.
pub const LONGEST_WAIT: Duration = Duration::from_secs(366 * 86_400);
/// Most open orders of one site.
pub const MAX_OPEN: usize = 10_000;

/// A question to one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Which kind, such as `sessions.live`; the edge must answer it.
    pub kind: OrderKind,
    /// The question itself, as its kind wants it.
    pub body: Vec<u8>,
    /// Most bytes of all parts of the answer together.
    pub max_bytes: u32,
}

/// Why a site did not answer at all. An answer that is cut short is no error: see [`Answer::end`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Not connected.
    #[error("the site is not connected")]
    Offline {
        /// When its last connection ended; none since the center was started.
        since: Option<Timestamp>,
    },
    /// Its edge speaks a version without questions.
    #[error("the site's edge speaks version {version} and cannot be asked, hint: upgrade it")]
    TooOld {
        /// The version spoken.
        version: u16,
    },
    /// The question is longer than may be sent.
    #[error("the question is too long")]
    TooLong,
    /// The edge broke the rules of an answer.
    #[error("the site's answer cannot be read: {0}")]
    Malformed(String),
}

/// Why an order was not taken, or its status is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SitesError {
    /// The order cannot be given.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// It expires in the past or too far in the future.
    #[error("an order must expire between now and a year from now")]
    Expiry,
    /// Too many wait for this site.
    #[error("{0} orders wait for this site, hint: withdraw some")]
    Full(usize),
    /// The tokens and certificates cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store failed.
    #[error("failed to use the orders in `{path}`: {cause}")]
    Store {
        /// Its directory.
        path: PathBuf,
        /// What was wrong.
        cause: String,
    },
}

/// The sites. Clones are the same sites.
#[derive(Clone)]
pub struct Sites(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) book: Book,
    pub(crate) bodies: Bodies,
    pub(crate) present: Present,
    registry: Registry,
    /// Counts changes of orders, so that whoever waits for one looks again.
    changes: watch::Sender<u64>,
    /// Held while a body is kept or forgotten together with the orders that need it.
    keeping: Mutex<()>,
}

impl Sites {
    /// Opens what is kept of the sites in `directory`. Blocks.
    ///
    /// # Errors
    /// [`SitesError::Store`] if it cannot be used.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, SitesError> {
        let failed = |cause: io::Error| SitesError::Store {
            path: directory.to_owned(),
            cause: cause.to_string(),
        };
        std::fs::create_dir_all(directory).map_err(failed)?;
        Ok(Self(Arc::new(Inner {
            clock,
            book: Book::open(&directory.join("orders"))?,
            bodies: Bodies::open(&directory.join("bodies")).map_err(failed)?,
            present: Present::default(),
            registry: Registry::open(directory)?,
            changes: watch::Sender::new(0),
            keeping: Mutex::default(),
        })))
    }

    /// Who may come.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Every site that has connected since the center was started.
    #[must_use]
    pub fn links(&self) -> Vec<SiteLink> {
        self.0.present.links()
    }

    /// Asks one site. A site that answers too slowly or too much gives an answer that says so and holds the
    /// parts that came.
    ///
    /// # Errors
    /// [`AskError`] if there is no answer at all.
    pub async fn ask(
        &self,
        site: &SiteId,
        question: Question,
        deadline: Duration,
    ) -> Result<Answer, AskError> {
        let (connection, version) = self
            .0
            .present
            .connection(site)
            .map_err(|since| AskError::Offline { since })?;
        if version < Versions::DOWNLINK {
            return Err(AskError::TooOld { version });
        }
        if question.body.len() > MAX_QUESTION_BYTES {
            return Err(AskError::TooLong);
        }
        let limit = usize::try_from(question.max_bytes).unwrap_or(usize::MAX);
        let mut gathering = Gathering::new(limit);
        // The edge stops a round trip earlier, so that what it has to say about that still arrives.
        let within = deadline.saturating_sub(connection.rtt());
        let ask = Call::Ask(Ask {
            kind: question.kind,
            body: question.body,
            within_ms: u32::try_from(within.as_millis()).unwrap_or(u32::MAX),
            max_bytes: question.max_bytes,
        });
        match tokio::time::timeout(deadline, converse(&connection, &ask, &mut gathering)).await {
            Ok(Ok(end)) => Ok(gathering.finish(end)),
            Ok(Err(Cut::Link(text))) => Ok(gathering.finish(End::short(Ending::Failed, text))),
            Ok(Err(Cut::Rules(text))) => Err(AskError::Malformed(text)),
            Err(_) => Ok(gathering.finish(End::short(
                Ending::Deadline,
                "the site did not finish in time",
            ))),
        }
    }

    /// Gives an order to a site, durably. The same kind, key and body again is the same order: its present
    /// status is given and nothing else happens. Blocks.
    ///
    /// # Errors
    /// [`SitesError`] if it was not taken.
    pub fn order(&self, site: &SiteId, order: &NewOrder) -> Result<OrderStatus, SitesError> {
        order.check()?;
        let (now, id) = (self.0.clock.now(), order.id());
        if let Some(known) = self.0.book.find(site, id)? {
            return Ok(known);
        }
        if order.expires <= now || order.expires > now.plus(LONGEST_WAIT) {
            return Err(SitesError::Expiry);
        }
        let keeping = self.keeping();
        self.0.bodies.keep(id, &order.body).map_err(|cause| {
            let path = self.0.bodies.directory().to_owned();
            SitesError::Store {
                path,
                cause: cause.to_string(),
            }
        })?;
        let status = self.0.book.add(site, order, now)?;
        drop(keeping);
        tracing::info!(%site, kind = %status.kind, key = ?status.key, id = %status.id, "an order was given");
        self.changed(site);
        Ok(status)
    }

    /// Takes an order back that has not been sent; gives its status after that.
    ///
    /// # Errors
    /// [`SitesError::Store`].
    pub fn withdraw(&self, site: &SiteId, id: OrderId) -> Result<Option<OrderStatus>, SitesError> {
        let Some(status) = self.0.book.find(site, id)? else {
            return Ok(None);
        };
        if status.state == OrderState::Queued {
            self.settle(&status, OrderState::Withdrawn)?;
        }
        self.0.book.find(site, id)
    }

    /// Where an order to a site stands.
    ///
    /// # Errors
    /// [`SitesError::Store`].
    pub fn status(&self, site: &SiteId, id: OrderId) -> Result<Option<OrderStatus>, SitesError> {
        self.0.book.find(site, id)
    }

    /// A site's orders, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`SitesError::Store`].
    pub fn orders(&self, site: &SiteId, limit: usize) -> Result<Vec<OrderStatus>, SitesError> {
        self.0.book.newest(site, limit)
    }

    /// One order at every site that was given it, such as a plugin's roll-out.
    ///
    /// # Errors
    /// [`SitesError::Store`].
    pub fn everywhere(&self, id: OrderId) -> Result<Vec<OrderStatus>, SitesError> {
        self.0.book.everywhere(id)
    }

    /// Waits until nothing more will happen to an order; none: there is no such order.
    ///
    /// # Errors
    /// [`SitesError::Store`].
    pub async fn outcome(
        &self,
        site: &SiteId,
        id: OrderId,
    ) -> Result<Option<OrderStatus>, SitesError> {
        let mut changes = self.0.changes.subscribe();
        loop {
            changes.mark_unchanged();
            match self.0.book.find(site, id)? {
                Some(status) if !status.state.is_final() => {}
                found => return Ok(found),
            }
            if changes.changed().await.is_err() {
                return self.0.book.find(site, id);
            }
        }
    }

    /// Counts changes of orders: whoever shows them looks again when it moves.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Marks what has waited too long and forgets what was settled long ago. Blocks.
    pub(crate) fn tidy(&self) -> Result<(), SitesError> {
        let now = self.0.clock.now();
        for order in self.0.book.all_open()? {
            if let Some(state) = Dispatch::overdue(&order, now) {
                tracing::warn!(site = %order.site, kind = %order.kind, key = ?order.key, "an order has expired before its site was there");
                self.settle(&order, state)?;
            }
        }
        self.0.book.prune(now.minus(LONGEST_WAIT))
    }

    /// Moves an order on, durably. An order that is settled already stays as it is.
    pub(crate) fn settle(&self, status: &OrderStatus, state: OrderState) -> Result<(), SitesError> {
        let now = self.0.clock.now();
        let is_final = state.is_final();
        let _keeping = self.keeping();
        if self.0.book.change(status, state, now)? {
            let open = self.0.book.everywhere(status.id)?;
            if is_final && open.iter().all(|other| other.state.is_final()) {
                self.0.bodies.forget(status.id);
            }
            self.changed(&status.site);
        }
        Ok(())
    }

    fn keeping(&self) -> MutexGuard<'_, ()> {
        self.0
            .keeping
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, site: &SiteId) {
        self.0.changes.send_modify(|count| *count += 1);
        self.0.present.wake(site);
    }
}

/// Why an answer was cut short.
enum Cut {
    Link(String),
    Rules(String),
}

/// One question's stream. Dropping it resets both directions, by which the edge knows.
async fn converse(
    connection: &Connection,
    ask: &Call,
    gathering: &mut Gathering,
) -> Result<End, Cut> {
    let link = |error: &dyn std::fmt::Display| Cut::Link(error.to_string());
    let rules = |error: &dyn std::fmt::Display| Cut::Rules(error.to_string());
    let (mut down, mut up) = connection.open_bi().await.map_err(|e| link(&e))?;
    let bytes = encode(ask).map_err(|e| rules(&e))?;
    down.write_all(&bytes).await.map_err(|e| link(&e))?;
    let mut decoder = Decoder::<Reply>::new(MAX_PIECE_BYTES + 64);
    loop {
        while let Some(frame) = decoder.next().map_err(|e| rules(&e))? {
            if let Some(end) = gathering.take(frame).map_err(|e| rules(&e))? {
                return Ok(end);
            }
        }
        match up.read_chunk(MAX_PIECE_BYTES, true).await {
            Ok(Some(chunk)) => decoder.push(&chunk.bytes),
            Ok(None) => return Err(Cut::Link("the answer has no end".to_owned())),
            Err(error) => return Err(link(&error)),
        }
    }
}
