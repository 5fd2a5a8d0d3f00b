//! What the center may ask of this edge and order it to do. Knows no kind of either: whoever can answer or
//! carry out one registers it.
//!
//! ```ignore
//! let mut downlink = Downlink::open(&data.join("orders"), now)?;
//! downlink.answers("sessions.live", live)?;       // an `Answers`
//! downlink.carries_out("action", actions)?;       // a `CarriesOut`
//! ```
//!
//! Both are called on blocking threads. A kind's orders come one after the other; an order that is in the
//! ledger as settled is not carried out again, and one that was begun when the edge stopped comes again as
//! [`Attempt::Interrupted`].

mod answering;
mod ledger;
mod obeying;
mod renewing;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use quinn::{RecvStream, SendStream};
use tokio::{sync::Semaphore, task::JoinSet};

use bongsu_sdk_model::Timestamp;
use bongsu_sdk_wire::{Call, Decoder, MAX_PIECE_BYTES, Order, OrderError, OrderKind, encode};

pub use self::answering::{Asked, Stopped, Unanswered};
use self::ledger::OrderLedger;
pub(crate) use self::renewing::Road;
use crate::{
    budget::{Budget, PIECE, Use},
    ended::Ended,
};
pub use bongsu_sdk_wire::Attempt;

/// Questions answered at one time; further ones are told to come again.
const ANSWERING: usize = 4;
/// Streams of the center that may be open at one time.
pub(crate) const STREAMS: u8 = 64;

/// Answers one kind of question.
pub trait Answers: Send + Sync + 'static {
    /// Answers the question `body` by giving parts to `asked`, each complete in itself, the most useful
    /// first. Blocks.
    ///
    /// # Errors
    /// [`Unanswered`]; [`Stopped`] from [`Asked::part`] is passed on with `?`.
    fn answer(&self, body: &[u8], asked: &mut Asked) -> Result<(), Unanswered>;
}

/// Carries out one kind of order.
pub trait CarriesOut: Send + Sync + 'static {
    /// Carries out an order and gives a note for whoever gave it. What it does must be durable when it
    /// returns. On [`Attempt::Interrupted`] an earlier call may have done all, some or none of it. Blocks; no
    /// other order of this kind is carried out meanwhile.
    ///
    /// # Errors
    /// The reason, for whoever gave the order. It is final: the order does not come again.
    fn carry_out(&self, order: &Order, attempt: Attempt) -> Result<String, String>;
}

/// Why the downlink could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownlinkError {
    /// The ledger cannot be used.
    #[error("failed to use the ledger of orders `{path}`: {cause}")]
    Ledger {
        /// Its directory.
        path: PathBuf,
        /// What was wrong.
        cause: String,
    },
    /// Not the name of a kind.
    #[error(transparent)]
    Kind(#[from] OrderError),
}

/// Everything this edge answers and carries out.
pub struct Downlink {
    answers: BTreeMap<OrderKind, Arc<dyn Answers>>,
    carriers: BTreeMap<OrderKind, Carrier>,
    ledger: Arc<OrderLedger>,
    answering: Arc<Semaphore>,
}

/// Who carries out a kind, and who has the turn.
#[derive(Clone)]
struct Carrier {
    carries_out: Arc<dyn CarriesOut>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Downlink {
    /// Opens the ledger of orders in `directory`; nothing is answered or carried out yet. Blocks.
    ///
    /// # Errors
    /// [`DownlinkError::Ledger`].
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, DownlinkError> {
        Ok(Self {
            answers: BTreeMap::new(),
            carriers: BTreeMap::new(),
            ledger: Arc::new(OrderLedger::open(directory, now)?),
            answering: Arc::new(Semaphore::new(ANSWERING)),
        })
    }

    /// Questions of `kind` are answered by `who`.
    ///
    /// # Errors
    /// [`DownlinkError::Kind`].
    pub fn answers(&mut self, kind: &str, who: Arc<dyn Answers>) -> Result<(), DownlinkError> {
        self.answers.insert(OrderKind::new(kind)?, who);
        Ok(())
    }

    /// Orders of `kind` are carried out by `who`.
    ///
    /// # Errors
    /// [`DownlinkError::Kind`].
    pub fn carries_out(
        &mut self,
        kind: &str,
        who: Arc<dyn CarriesOut>,
    ) -> Result<(), DownlinkError> {
        let carrier = Carrier {
            carries_out: who,
            turn: Arc::default(),
        };
        self.carriers.insert(OrderKind::new(kind)?, carrier);
        Ok(())
    }
}

/// What a stream of the center needs to read.
pub(crate) struct Streams {
    pub(crate) up: SendStream,
    pub(crate) down: RecvStream,
    pub(crate) decoder: Decoder<Call>,
    budget: Arc<Budget>,
}

impl Streams {
    /// The next frame; none at the stream's end.
    pub(crate) async fn read(&mut self) -> Result<Option<Call>, Ended> {
        loop {
            if let Some(frame) = self.decoder.next()? {
                return Ok(Some(frame));
            }
            match self.down.read_chunk(MAX_PIECE_BYTES, true).await? {
                Some(chunk) => self.decoder.push(&chunk.bytes),
                None => return Ok(None),
            }
        }
    }

    pub(crate) async fn write(&mut self, frame: &bongsu_sdk_wire::Reply) -> Result<(), Ended> {
        for piece in encode(frame)?.chunks(PIECE) {
            self.budget.take(Use::Reply, piece.len()).await;
            self.up.write_all(piece).await?;
        }
        Ok(())
    }

    /// Ends the stream and waits until the center has everything.
    pub(crate) async fn finish(mut self) {
        if self.up.finish().is_ok() {
            let _ = self.up.stopped().await;
        }
    }
}

/// Serves the center's streams until the connection ends. Whatever breaks on one of them concerns it alone.
pub(crate) async fn pump(road: &Road, downlink: &Downlink) -> Result<(), Ended> {
    let connection = &road.connection;
    let mut serving: JoinSet<()> = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connection.accept_bi() => {
                let (up, down) = accepted?;
                let streams = Streams {
                    up,
                    down,
                    decoder: Decoder::new(MAX_PIECE_BYTES + 64),
                    budget: Arc::clone(&road.budget),
                };
                serving.spawn(downlink.serve(streams, road.clone()));
            }
            Some(_) = serving.join_next() => {}
        }
    }
}

impl Downlink {
    /// What to do with a stream, owning all it needs.
    fn serve(&self, mut streams: Streams, road: Road) -> impl Future<Output = ()> + Send + 'static {
        let (answers, carriers) = (self.answers.clone(), self.carriers.clone());
        let (ledger, answering) = (Arc::clone(&self.ledger), Arc::clone(&self.answering));
        async move {
            let served = match streams.read().await {
                Ok(Some(Call::Ask(ask))) => {
                    let who = answers.get(&ask.kind).cloned();
                    answering::serve(streams, ask, who, answering).await
                }
                Ok(Some(Call::Order(head))) => {
                    let who = carriers.get(&head.kind).cloned();
                    obeying::serve(streams, head, who, ledger).await
                }
                Ok(Some(Call::Renew)) => renewing::serve(streams, road).await,
                Ok(_) => {
                    tracing::warn!("a stream of the center began with no question and no order");
                    Ok(())
                }
                Err(ended) => Err(ended),
            };
            if let Err(ended) = served {
                tracing::debug!(reason = %ended, "a stream of the center has ended early");
            }
        }
    }
}
