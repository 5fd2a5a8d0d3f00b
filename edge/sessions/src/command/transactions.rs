//! Commands run as one: queued on their connection after `MULTI`, run together by `EXEC`, and only if no key
//! that was watched has changed.

use bytes::Bytes;

use super::{
    ALL_KEYS, Access::Connection, ClientFn, Keys, NO_KEY, Outcome, Run, Spec, args::refuse,
};
use crate::{
    client::{Client, Transaction, Watching},
    protocol::Reply,
};

const fn spec(
    (name, arity, keys): (&'static str, i64, Keys),
    run: Run,
    summary: &'static str,
) -> Spec {
    Spec {
        name,
        arity,
        access: Connection,
        keys,
        group: "transactions",
        summary,
        run,
    }
}

const fn own(name: (&'static str, i64, Keys), run: ClientFn, summary: &'static str) -> Spec {
    spec(name, Run::Client(run), summary)
}

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    own(("multi", 1, NO_KEY), multi, "Begins to queue commands"),
    spec(
        ("exec", 1, NO_KEY),
        Run::Transaction,
        "Runs what was queued as one",
    ),
    own(("discard", 1, NO_KEY), discard, "Forgets what was queued"),
    own(
        ("watch", -2, ALL_KEYS),
        watch,
        "Makes the next transaction depend on keys",
    ),
    own(
        ("unwatch", 1, NO_KEY),
        unwatch,
        "Depends on no key any longer",
    ),
];

fn multi(client: &mut Client, _: &[Bytes]) -> Outcome {
    if client.transaction.is_some() {
        return Err(refuse("ERR MULTI calls can not be nested"));
    }
    client.transaction = Some(Transaction::default());
    Ok(Reply::OK)
}

fn discard(client: &mut Client, _: &[Bytes]) -> Outcome {
    if client.transaction.take().is_none() {
        return Err(refuse("ERR DISCARD without MULTI"));
    }
    client.unwatch();
    Ok(Reply::OK)
}

fn watch(client: &mut Client, keys: &[Bytes]) -> Outcome {
    if client.transaction.is_some() {
        return Err(refuse("ERR WATCH inside MULTI is not allowed"));
    }
    let cost: usize = keys.iter().map(|key| Watching::cost(key)).sum();
    if !client.may_hold(cost) {
        return Err(refuse("ERR too many watched keys"));
    }
    client.watch(keys);
    Ok(Reply::OK)
}

fn unwatch(client: &mut Client, _: &[Bytes]) -> Outcome {
    client.unwatch();
    Ok(Reply::OK)
}
