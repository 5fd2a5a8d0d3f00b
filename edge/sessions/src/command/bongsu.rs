//! What Redis has no commands for: whose a session is, ending sessions, denying users.
//!
//! The replies name keys, as `KEYS` does; who may run commands may read sessions anyway.

use std::time::Duration;

use bytes::Bytes;

use super::{
    Access::{Read, Write},
    KeyspaceFn, NO_KEY, Outcome, Refusal, Spec,
    args::{integer, keyword, leading, subcommand_arity, unknown_subcommand},
    on_keys,
};
use crate::{
    engine::{Db, session},
    protocol::Reply,
    sessions::{BindingSource, Deny},
};

/// Longest time a deny may be given, seconds: ten years.
const LONGEST_DENY: i64 = 10 * 366 * 86_400;

/// Every one of them may end sessions under other keys, so each needs all shards.
const fn spec(
    access: super::Access,
    (name, arity): (&'static str, i64),
    run: KeyspaceFn,
    summary: &'static str,
) -> Spec {
    on_keys("bongsu", access, (name, arity, NO_KEY), run, summary)
}

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    spec(
        Write,
        ("bongsu.bind", -3),
        bind,
        "Binds a session to a user, as the rule for logins allows",
    ),
    spec(
        Write,
        ("bongsu.unbind", 2),
        unbind,
        "Makes a session nobody's",
    ),
    spec(
        Read,
        ("bongsu.sessions", 2),
        sessions,
        "Returns the sessions of a user",
    ),
    spec(
        Write,
        ("bongsu.kill", -3),
        kill,
        "Ends a session, or every session of a user",
    ),
    spec(
        Write,
        ("bongsu.deny", -4),
        deny,
        "Denies a user for a while and ends the user's sessions",
    ),
    spec(Write, ("bongsu.allow", -2), allow, "Allows a user again"),
];

fn text(arg: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(arg).map_err(|_| Refusal::Text("ERR not UTF-8".to_owned()))
}

/// An argument that may follow, and nothing after it.
fn optional(rest: &[Bytes]) -> Result<Option<&str>, Refusal> {
    match rest {
        [] => Ok(None),
        [one] => text(one).map(Some),
        _ => Err(Refusal::Syntax),
    }
}

fn bind(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key, user], rest) = leading(args)?;
    let session = session(db.number, key);
    let engine = db.engine;
    engine
        .order_bind(
            db,
            session,
            text(user)?,
            optional(rest)?,
            BindingSource::Command,
        )
        .map_err(Refusal::Text)?;
    Ok(Reply::OK)
}

fn unbind(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([key], _) = leading(args)?;
    let session = session(db.number, key);
    let engine = db.engine;
    Ok(Reply::flag(engine.unbind(db, session)))
}

fn sessions(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([user], _) = leading(args)?;
    let bulk = |bytes: &[u8]| Reply::Bulk(Bytes::copy_from_slice(bytes));
    let engine = db.engine;
    let listed = engine.sessions_of(db, text(user)?).into_iter();
    let row = listed.map(|(application, session, since)| {
        Reply::Array(vec![
            bulk(application.as_bytes()),
            Reply::Integer(i64::from(session.db)),
            bulk(&session.key),
            Reply::Integer(since.as_ms()),
        ])
    });
    Ok(Reply::Array(row.collect()))
}

fn kill(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([what, name], rest) = leading(args)?;
    let engine = db.engine;
    match keyword(what).as_slice() {
        b"SESSION" if rest.is_empty() => {
            let session = session(db.number, name);
            Ok(Reply::flag(engine.end(db, &session)))
        }
        b"USER" => {
            let application = optional(rest)?.map(|name| engine.application(name));
            let application = application.transpose().map_err(Refusal::Text)?;
            Ok(Reply::count(engine.order_end_user(
                db,
                text(name)?,
                application,
            )))
        }
        b"SESSION" => Err(subcommand_arity("bongsu.kill", "session")),
        _ => Err(unknown_subcommand("BONGSU.KILL", what)),
    }
}

fn deny(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([user, seconds, reason], rest) = leading(args)?;
    let seconds = integer(seconds)?;
    if !(1..=LONGEST_DENY).contains(&seconds) {
        return Err(Refusal::NotInteger);
    }
    let life = Duration::from_secs(seconds.unsigned_abs());
    let deny = Deny {
        user: text(user)?.into(),
        application: optional(rest)?.map(Into::into),
        until: db.now.plus(life),
        reason: text(reason)?.to_owned(),
        by: "BONGSU.DENY".to_owned(),
    };
    let engine = db.engine;
    engine
        .order_deny(db, deny)
        .map(Reply::count)
        .map_err(Refusal::Text)
}

fn allow(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([user], rest) = leading(args)?;
    let engine = db.engine;
    Ok(Reply::count(engine.order_allow(
        db,
        text(user)?,
        optional(rest)?,
    )))
}
