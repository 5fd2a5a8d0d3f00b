//! Hands a connected site its orders: one stream each, kinds beside each other, within a kind one after the
//! other. What the connection's end interrupts is handed over again on the next.

use std::time::Duration;

use quinn::Connection;
use tokio::{sync::Notify, task::JoinSet};

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{
    Call, Decoder, Dispatch, Handed, Handing, MAX_PIECE_BYTES, OrderId, OrderState, OrderStatus,
    Reply, encode,
};

use super::session::{Ended, gone};
use crate::Sites;

/// How long a stream that failed on a standing connection is left alone.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Priority of an order's stream among those of the center; acknowledgements have 0.
const PRIORITY: i32 = -1;

type Done = (OrderId, Result<(), String>);

/// Hands over what is open and what is given, until the connection ends.
pub(super) async fn pump(
    connection: &Connection,
    sites: &Sites,
    site: &SiteId,
    news: &Notify,
) -> Ended {
    let mut dispatch = Dispatch::default();
    let mut under_way: JoinSet<Done> = JoinSet::new();
    loop {
        let (of, wanted) = (sites.clone(), site.clone());
        let open = tokio::task::spawn_blocking(move || of.inner().book.open_orders(&wanted)).await;
        match open {
            Ok(Ok(open)) => {
                for order in dispatch.due(open) {
                    let (connection, sites) = (connection.clone(), sites.clone());
                    under_way.spawn(async move {
                        let id = order.id;
                        let handed = hand(&connection, &sites, order).await;
                        if handed.is_err() {
                            tokio::time::sleep(AGAIN_AFTER).await;
                        }
                        (id, handed)
                    });
                }
            }
            Ok(Err(error)) => tracing::error!(%site, %error, "failed to read a site's orders"),
            Err(error) => return gone(error),
        }
        tokio::select! {
            reason = connection.closed() => return gone(reason),
            () = news.notified() => {}
            Some(done) = under_way.join_next() => match done {
                Ok((id, Ok(()))) => dispatch.settled(id),
                Ok((id, Err(reason))) => {
                    tracing::warn!(%site, %id, ?reason, "an order was not handed over, trying again");
                    dispatch.settled(id);
                }
                Err(error) => return gone(error),
            }
        }
    }
}

/// One order: head, body if it is wanted, report.
async fn hand(connection: &Connection, sites: &Sites, order: OrderStatus) -> Result<(), String> {
    let (mut down, mut up) = connection.open_bi().await.map_err(text)?;
    let _ = down.set_priority(PRIORITY);
    let head = Call::Order(order.head(sites.inner().clock.now()));
    down.write_all(&encode(&head).map_err(text)?)
        .await
        .map_err(text)?;
    let mut handing = Handing::of(order.bytes);
    let mut decoder = Decoder::<Reply>::new(MAX_PIECE_BYTES);
    loop {
        while let Some(frame) = decoder.next().map_err(text)? {
            match handing.take(frame).map_err(text)? {
                Handed::SendFrom(from) => {
                    settle(sites, &order, OrderState::Delivered).await?;
                    send_body(&mut down, sites, order.id, from as u64).await?;
                }
                Handed::Settled(outcome) => {
                    let state = OrderState::Settled(outcome);
                    tracing::info!(site = %order.site, id = %order.id, kind = %order.kind, state = state.name(), "an order is settled");
                    return settle(sites, &order, state).await;
                }
            }
        }
        let chunk = up.read_chunk(MAX_PIECE_BYTES, true).await.map_err(text)?;
        decoder.push(&chunk.ok_or("the edge ended the stream")?.bytes);
    }
}

async fn send_body(
    down: &mut quinn::SendStream,
    sites: &Sites,
    id: OrderId,
    mut from: u64,
) -> Result<(), String> {
    loop {
        let of = sites.clone();
        let piece = tokio::task::spawn_blocking(move || of.inner().bodies.piece(id, from));
        let piece = piece.await.map_err(text)?.map_err(text)?;
        if piece.is_empty() {
            return Ok(());
        }
        from += piece.len() as u64;
        let frame = encode(&Call::Body(piece)).map_err(text)?;
        down.write_all(&frame).await.map_err(text)?;
    }
}

async fn settle(sites: &Sites, order: &OrderStatus, state: OrderState) -> Result<(), String> {
    let (sites, order) = (sites.clone(), order.clone());
    tokio::task::spawn_blocking(move || sites.settle(&order, state))
        .await
        .map_err(text)?
        .map_err(text)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
