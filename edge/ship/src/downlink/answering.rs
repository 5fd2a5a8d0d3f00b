//! One question: answered on a blocking thread, its parts sent as they come, cut off at the limit of time or
//! size, given up when the center does.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, mpsc},
    time::Instant,
};

use bongsu_sdk_wire::{Ask, End, Ending, MAX_PIECE_BYTES, MAX_QUESTION_BYTES, Reply};

use super::{Answers, Streams};
use crate::ended::Ended;

/// Parts that wait to be sent.
const QUEUED: usize = 4;

/// Whoever asked does not want more; go home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped(Ending);

/// Why a question was not answered to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// Enough was said.
    Stopped(Stopped),
    /// The body is no question of this kind; the text says what is wrong with it.
    Bad(String),
    /// It could not be answered; the text is for whoever asked and holds nothing secret.
    Failed(String),
}

impl From<Stopped> for Unanswered {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

/// A question under way: takes parts and knows when it is enough.
#[derive(Debug)]
pub struct Asked {
    parts: mpsc::Sender<Vec<u8>>,
    room: usize,
    until: Instant,
}

impl Asked {
    /// Sends a part of the answer, at most 256 KiB; waits while the link is busy.
    ///
    /// # Errors
    /// [`Stopped`] when time or size is used up or nobody waits any more: return it.
    pub fn part(&mut self, part: Vec<u8>) -> Result<(), Stopped> {
        if Instant::now() >= self.until {
            return Err(Stopped(Ending::Deadline));
        }
        if part.len() > self.room.min(MAX_PIECE_BYTES) {
            return Err(Stopped(Ending::Size));
        }
        self.room -= part.len();
        self.parts
            .blocking_send(part)
            .map_err(|_| Stopped(Ending::Deadline))
    }

    /// Time left.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Bytes left.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.room
    }
}

pub(super) async fn serve(
    mut streams: Streams,
    ask: Ask,
    who: Option<Arc<dyn Answers>>,
    answering: Arc<Semaphore>,
) -> Result<(), Ended> {
    let refused = |how, text: &str| Reply::End(End::short(how, text));
    let Some(who) = who else {
        let text = format!("this edge answers no questions of kind `{}`", ask.kind);
        streams.write(&refused(Ending::UnknownKind, &text)).await?;
        streams.finish().await;
        return Ok(());
    };
    if ask.body.len() > MAX_QUESTION_BYTES {
        streams
            .write(&refused(Ending::BadQuestion, "the question is too long"))
            .await?;
        streams.finish().await;
        return Ok(());
    }
    let Ok(permit) = answering.try_acquire_owned() else {
        let text = "the edge is answering other questions, hint: ask again in a second";
        streams.write(&refused(Ending::Busy, text)).await?;
        streams.finish().await;
        return Ok(());
    };
    let until = Instant::now() + Duration::from_millis(ask.within_ms.into());
    let (parts, mut coming) = mpsc::channel(QUEUED);
    let mut asked = Asked {
        parts,
        room: usize::try_from(ask.max_bytes).unwrap_or(usize::MAX),
        until,
    };
    // It goes on when nobody waits any more, until it looks at `asked` again; the permit bounds how many do.
    let working = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        who.answer(&ask.body, &mut asked)
    });
    let answering = async {
        while let Some(part) = coming.recv().await {
            streams.write(&Reply::Part(part)).await?;
        }
        Ok(working.await)
    };
    let end = match tokio::time::timeout_at(until, answering).await {
        Ok(Err(ended)) => return Err(ended),
        Ok(Ok(Ok(done))) => end_of(done),
        Ok(Ok(Err(_))) => End::short(
            Ending::Failed,
            "answering ended badly, hint: see the edge's log",
        ),
        Err(_) => End::short(Ending::Deadline, "the edge did not finish in time"),
    };
    drop(coming);
    streams.write(&Reply::End(end)).await?;
    streams.finish().await;
    Ok(())
}

fn end_of(done: Result<(), Unanswered>) -> End {
    match done {
        Ok(()) => End::complete(),
        Err(Unanswered::Stopped(Stopped(how))) => {
            let text = match how {
                Ending::Size => "there is more than was asked for",
                _ => "the edge did not finish in time",
            };
            End::short(how, text)
        }
        Err(Unanswered::Bad(text)) => End::short(Ending::BadQuestion, text),
        Err(Unanswered::Failed(text)) => End::short(Ending::Failed, text),
    }
}
