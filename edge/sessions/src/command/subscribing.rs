//! What a connection listens to. Each name is confirmed on its own, in the shape of a message.

use bytes::Bytes;

use super::{
    ALL_KEYS, Access::Connection, ClientFn, Keys, NO_KEY, Outcome, Run, Spec, args::refuse,
};
use crate::{client::Client, protocol::Reply, pubsub::Kind};

const fn spec(
    (name, arity, keys): (&'static str, i64, Keys),
    run: ClientFn,
    summary: &'static str,
) -> Spec {
    Spec {
        name,
        arity,
        access: Connection,
        keys,
        group: "pubsub",
        summary,
        run: Run::Client(run),
    }
}

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    spec(
        ("subscribe", -2, NO_KEY),
        |client, names| listen(client, Kind::Channel, "subscribe", names),
        "Listens to channels",
    ),
    spec(
        ("psubscribe", -2, NO_KEY),
        |client, names| listen(client, Kind::Pattern, "psubscribe", names),
        "Listens to channels whose names match patterns",
    ),
    spec(
        ("ssubscribe", -2, ALL_KEYS),
        |client, names| listen(client, Kind::Shard, "ssubscribe", names),
        "Listens to shard channels",
    ),
    spec(
        ("unsubscribe", -1, NO_KEY),
        |client, names| leave(client, Kind::Channel, "unsubscribe", names),
        "Listens to channels no longer",
    ),
    spec(
        ("punsubscribe", -1, NO_KEY),
        |client, names| leave(client, Kind::Pattern, "punsubscribe", names),
        "Listens to patterns no longer",
    ),
    spec(
        ("sunsubscribe", -1, ALL_KEYS),
        |client, names| leave(client, Kind::Shard, "sunsubscribe", names),
        "Listens to shard channels no longer",
    ),
];

fn confirmation(client: &Client, kind: Kind, word: &'static str, name: Reply) -> Reply {
    let count = Reply::count(client.subscriptions.told(kind));
    Reply::Push(vec![Reply::name(word), name, count])
}

fn listen(client: &mut Client, kind: Kind, word: &'static str, names: &[Bytes]) -> Outcome {
    let mut confirmations = Vec::with_capacity(names.len());
    for name in names {
        if !client.may_hold(name.len()) {
            confirmations.push(refuse("ERR too many subscriptions").into());
            break;
        }
        client.subscriptions.add(kind, name);
        let name = Reply::Bulk(name.clone());
        confirmations.push(confirmation(client, kind, word, name));
    }
    Ok(Reply::Each(confirmations))
}

/// Messages that have arrived come before the word that there will be no more.
fn leave(client: &mut Client, kind: Kind, word: &'static str, names: &[Bytes]) -> Outcome {
    let mut told = Vec::new();
    let mut confirm = |client: &Client, name| told.push(confirmation(client, kind, word, name));
    if names.is_empty() {
        // Counted down one by one, as if they had been named.
        while let Some(name) = client.subscriptions.remove_any(kind) {
            confirm(client, Reply::Bulk(name));
        }
        if told.is_empty() {
            told.push(confirmation(client, kind, word, Reply::Null));
        }
    } else {
        for name in names {
            client.subscriptions.remove(kind, name);
            confirm(client, Reply::Bulk(name.clone()));
        }
    }
    let arrived = client.subscriptions.take_messages();
    let arrived = arrived.into_iter().map(Reply::Message);
    Ok(Reply::Each(arrived.chain(told).collect()))
}
