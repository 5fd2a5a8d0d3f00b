//! One order: taken in, looked up, carried out, reported. A connection's end stops the taking in and the
//! reporting, never the carrying out: that goes on and keeps its kind's turn until its outcome is on disk.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use bongsu_sdk_wire::{Attempt, Intake, Next, Order, OrderHead, OrderId, Outcome, Record, Reply};

use super::{Carrier, CarriesOut, Streams, ledger::OrderLedger};
use crate::{DownlinkError, ended::Ended};

/// An instant further away than any order's life.
const FAR: Duration = Duration::from_secs(400 * 86_400);

pub(super) async fn serve(
    mut streams: Streams,
    head: OrderHead,
    who: Option<Carrier>,
    ledger: Arc<OrderLedger>,
) -> Result<(), Ended> {
    let expires = Instant::now() + Duration::from_millis(head.expires_in_ms).min(FAR);
    let id = head.id;
    let Some(who) = who else {
        let reason = format!("this edge carries out no orders of kind `{}`", head.kind);
        tracing::warn!(%id, reason, "an order was refused");
        let outcome = Outcome::Failed { reason };
        return report(streams, settle(ledger, id, outcome).await?).await;
    };
    // Held until the outcome is on disk: an order that comes again on the next connection waits here.
    let turn = Arc::clone(&who.turn).lock_owned().await;
    let known = Arc::clone(&ledger);
    let record = blocking(move || known.find(id)).await?;
    let (mut intake, mut next) = Intake::begin(head, record)?;
    loop {
        next = match next {
            Next::Send(reply) => {
                streams.write(&reply).await?;
                intake.complete()?
            }
            Next::Read => match streams.read().await? {
                Some(frame) => intake.take(frame)?,
                None => return Err(Ended::Finished),
            },
            Next::CarryOut(_, Attempt::First) if Instant::now() >= expires => {
                Next::Settle(Outcome::Expired)
            }
            Next::CarryOut(order, attempt) => {
                let (kept, carries_out) = (Arc::clone(&ledger), Arc::clone(&who.carries_out));
                let carrying = tokio::task::spawn_blocking(move || {
                    let outcome = carry_out(&kept, carries_out.as_ref(), &order, attempt);
                    drop(turn);
                    outcome
                });
                let outcome = match carrying.await {
                    Ok(outcome) => outcome?,
                    Err(_) => {
                        let reason = "carrying it out ended badly, hint: see the edge's log";
                        let reason = reason.to_owned();
                        settle(ledger, id, Outcome::Failed { reason }).await?
                    }
                };
                return report(streams, outcome).await;
            }
            Next::Settle(outcome) => {
                return report(streams, settle(ledger, id, outcome).await?).await;
            }
            Next::Report(reply) => {
                streams.write(&reply).await?;
                streams.finish().await;
                return Ok(());
            }
        }
    }
}

/// Begun on disk, carried out, settled on disk. Blocks.
fn carry_out(
    ledger: &OrderLedger,
    who: &dyn CarriesOut,
    order: &Order,
    attempt: Attempt,
) -> Result<Outcome, DownlinkError> {
    let Order { id, kind, key, .. } = order;
    ledger.write(*id, &Record::Begun)?;
    tracing::info!(%id, %kind, ?key, ?attempt, "carrying out an order");
    let outcome = match who.carry_out(order, attempt) {
        Ok(note) => Outcome::Applied { note },
        Err(reason) => {
            tracing::warn!(%id, %kind, reason, "an order failed");
            Outcome::Failed { reason }
        }
    };
    let outcome = outcome.bounded();
    ledger.write(*id, &Record::Settled(outcome.clone()))?;
    Ok(outcome)
}

async fn settle(ledger: Arc<OrderLedger>, id: OrderId, outcome: Outcome) -> Result<Outcome, Ended> {
    blocking(move || {
        // Somebody else may have carried it out while this one was refused.
        if let Some(Record::Settled(known)) = ledger.find(id)? {
            return Ok(known);
        }
        ledger.write(id, &Record::Settled(outcome.clone()))?;
        Ok(outcome)
    })
    .await
}

async fn report(mut streams: Streams, outcome: Outcome) -> Result<(), Ended> {
    streams.write(&Reply::Report(outcome)).await?;
    streams.finish().await;
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DownlinkError> + Send + 'static,
) -> Result<T, Ended> {
    let done = tokio::task::spawn_blocking(work);
    Ok(done.await.map_err(|_| Ended::Worker)??)
}
