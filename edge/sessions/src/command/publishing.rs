//! Telling those who listen, and who they are.

use bytes::Bytes;

use super::{
    Access::Publish,
    NO_KEY, ONE_KEY, Outcome, Refusal, Spec,
    args::{exactly, keyword, refuse, subcommand_arity, unknown_subcommand},
    glob, on_keys,
};
use crate::{
    engine::Db,
    protocol::Reply,
    pubsub::{Announcement, Kind},
};

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    on_keys(
        "pubsub",
        Publish,
        ("publish", 3, NO_KEY),
        publish,
        "Tells those who listen to a channel",
    ),
    on_keys(
        "pubsub",
        Publish,
        ("spublish", 3, ONE_KEY),
        spublish,
        "Tells those who listen to a shard channel",
    ),
    on_keys(
        "pubsub",
        Publish,
        ("pubsub", -2, NO_KEY),
        pubsub,
        "Returns who listens to what",
    ),
];

/// The arguments are views of a whole request, which their listeners' outboxes do not keep: messages are encoded
/// when they are told.
fn publish(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [channel, payload] = exactly(args)?.clone();
    let receivers = db.engine.broker().receivers(&channel);
    if receivers > 0 {
        db.announce(Announcement::Message { channel, payload });
    }
    Ok(Reply::count(receivers))
}

fn spublish(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [channel, payload] = exactly(args)?.clone();
    let receivers = db.engine.broker().listening(Kind::Shard, &channel);
    if receivers > 0 {
        db.announce(Announcement::ShardMessage { channel, payload });
    }
    Ok(Reply::count(receivers))
}

fn pubsub(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let (subcommand, args) = args.split_first().ok_or(Refusal::Syntax)?;
    let broker = db.engine.broker();
    let names = |kind, pattern: Option<&Bytes>| {
        let names = broker.names(kind).into_iter();
        let wanted = names.filter(|name| pattern.is_none_or(|one| glob::matches(one, name)));
        Ok(Reply::Array(wanted.map(Reply::Bulk).collect()))
    };
    let listening = |kind| {
        let counts = args.iter().flat_map(|name| {
            let count = Reply::count(broker.listening(kind, name));
            [Reply::Bulk(name.clone()), count]
        });
        Ok(Reply::Array(counts.collect()))
    };
    match (keyword(subcommand).as_slice(), args) {
        (b"CHANNELS", [] | [_]) => names(Kind::Channel, args.first()),
        (b"SHARDCHANNELS", [] | [_]) => names(Kind::Shard, args.first()),
        (b"NUMSUB", _) => listening(Kind::Channel),
        (b"SHARDNUMSUB", _) => listening(Kind::Shard),
        (b"NUMPAT", []) => Ok(Reply::count(broker.count(Kind::Pattern))),
        (b"NUMPAT", _) => Err(subcommand_arity("pubsub", "numpat")),
        (b"CHANNELS" | b"SHARDCHANNELS", _) => Err(refuse(format!(
            "ERR unknown subcommand or wrong number of arguments for '{}'. Try PUBSUB HELP.",
            String::from_utf8_lossy(subcommand)
        ))),
        _ => Err(unknown_subcommand("PUBSUB", subcommand)),
    }
}
