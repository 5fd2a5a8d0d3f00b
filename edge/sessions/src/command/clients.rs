//! `CLIENT`: what a connection says of itself, and what can be seen of the others and done to them.

mod filter;

use std::collections::BTreeSet;

use bytes::Bytes;

use self::filter::{Filter, who};
use super::{
    Access::Connection,
    NO_KEY, Outcome, Refusal, Run, Spec,
    args::{integer, keyword, number, printable, refuse, subcommand_arity, unknown_subcommand},
};
use crate::{
    client::{Client, Replies},
    protocol::Reply,
};

/// The family.
pub(super) const COMMANDS: &[Spec] = &[Spec {
    name: "client",
    arity: -2,
    access: Connection,
    keys: NO_KEY,
    group: "connection",
    summary: "Works with connections",
    run: Run::Client(client),
}];

/// The subcommands, for telling a wrong number of arguments from a wrong name.
const KNOWN: [&[u8]; 15] = [
    b"ID",
    b"GETNAME",
    b"SETNAME",
    b"SETINFO",
    b"NO-EVICT",
    b"NO-TOUCH",
    b"INFO",
    b"KILL",
    b"REPLY",
    b"GETREDIR",
    b"TRACKINGINFO",
    b"TRACKING",
    b"CACHING",
    b"UNBLOCK",
    b"UNPAUSE",
];

fn client(client: &mut Client, args: &[Bytes]) -> Outcome {
    let (subcommand, args) = args.split_first().ok_or(Refusal::Syntax)?;
    let name = keyword(subcommand);
    match (name.as_slice(), args) {
        (b"ID", []) => Ok(Reply::Integer(client.peer.id)),
        (b"GETNAME", []) => Ok(Reply::bulk_or_null(
            Some(client.name.clone()).filter(|name| !name.is_empty()),
        )),
        (b"SETNAME", [name]) => {
            client.name = printable(name, "Client names")?;
            Ok(Reply::OK)
        }
        (b"SETINFO", [attribute, value]) => set_info(client, attribute, value),
        (b"NO-EVICT", [switch]) => {
            client.no_evict = on_or_off(switch)?;
            Ok(Reply::OK)
        }
        (b"NO-TOUCH", [switch]) => on_or_off(switch).map(|_| Reply::OK),
        (b"INFO", []) => {
            show(client, "client|info");
            Ok(Reply::Text(client.peer.line(client.server.clock.now())))
        }
        (b"LIST", filters) => list(client, filters),
        (b"KILL", [_, ..]) if client.read_only => Err(Refusal::Permission("client|kill".into())),
        (b"KILL", [address]) => kill_address(client, address),
        (b"KILL", filters @ [_, ..]) => kill(client, filters),
        (b"REPLY", [mode]) => reply(client, mode),
        (b"UNBLOCK", [id] | [id, _]) => integer(id).map(|_| Reply::Integer(0)),
        (b"UNPAUSE", []) => Ok(Reply::OK),
        (b"GETREDIR", []) => Ok(Reply::Integer(-1)),
        (b"TRACKINGINFO", []) => Ok(tracking_info()),
        (b"TRACKING", [switch, ..]) => match on_or_off(switch)? {
            false => Ok(Reply::OK),
            true => Err(refuse("ERR client side caching is not supported")),
        },
        (b"CACHING", [_]) => Err(refuse(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT \
             mode enabled",
        )),
        (known, _) if KNOWN.contains(&known) => {
            let known = String::from_utf8_lossy(known).to_ascii_lowercase();
            Err(subcommand_arity("client", &known))
        }
        _ => Err(unknown_subcommand("CLIENT", subcommand)),
    }
}

fn on_or_off(switch: &[u8]) -> Result<bool, Refusal> {
    match keyword(switch).as_slice() {
        b"ON" => Ok(true),
        b"OFF" => Ok(false),
        _ => Err(Refusal::Syntax),
    }
}

fn set_info(client: &mut Client, attribute: &Bytes, value: &Bytes) -> Outcome {
    match keyword(attribute).as_slice() {
        b"LIB-NAME" => client.library_name = printable(value, "lib-name")?,
        b"LIB-VER" => client.library_version = printable(value, "lib-ver")?,
        _ => {
            let attribute = String::from_utf8_lossy(attribute);
            return Err(refuse(format!("ERR Unrecognized option '{attribute}'")));
        }
    }
    Ok(Reply::OK)
}

fn tracking_info() -> Reply {
    Reply::Map(vec![
        (Reply::name("flags"), Reply::Set(vec![Reply::name("off")])),
        (Reply::name("redirect"), Reply::Integer(-1)),
        (Reply::name("prefixes"), Reply::Array(Vec::new())),
    ])
}

/// The command itself is answered only when turning replies on.
fn reply(client: &mut Client, mode: &[u8]) -> Outcome {
    match (keyword(mode).as_slice(), client.replies) {
        (b"ON", _) => {
            client.replies = Replies::On;
            return Ok(Reply::OK);
        }
        (b"OFF", _) => client.replies = Replies::Off,
        (b"SKIP", Replies::Off) => {}
        // This one's own reply and the next.
        (b"SKIP", _) => client.replies = Replies::Skip(2),
        _ => return Err(Refusal::Syntax),
    }
    Ok(Reply::NOTHING)
}

/// Brings the caller's own line up to date.
fn show(client: &mut Client, command: &'static str) {
    client.last_command = command;
    client.publish();
    client.publish_activity(client.server.clock.now(), 0);
}

fn list(client: &mut Client, filters: &[Bytes]) -> Outcome {
    show(client, "client|list");
    let (option, values) = match filters {
        [] => (Vec::new(), filters),
        [option, values @ ..] => (keyword(option), values),
    };
    let filter = match (option.as_slice(), values) {
        (b"", []) => Vec::new(),
        (b"TYPE", [kind]) => vec![Filter::Type(who(kind)?)],
        (b"ID", ids @ [_, ..]) => {
            let ids = ids.iter().map(|id| number(id).filter(|id| *id > 0));
            let ids: Option<BTreeSet<_>> = ids.collect();
            vec![Filter::Ids(
                ids.ok_or_else(|| refuse("ERR Invalid client ID"))?,
            )]
        }
        _ => return Err(Refusal::Syntax),
    };
    let now = client.server.clock.now();
    let peers = client.server.peers.all().into_iter();
    let wanted = peers.filter(|peer| filter.iter().all(|one| one.takes(peer)));
    Ok(Reply::Text(wanted.map(|peer| peer.line(now)).collect()))
}

fn kill_address(client: &mut Client, address: &[u8]) -> Outcome {
    match end(client, &[Filter::Address(text(address))], false) {
        0 => Err(refuse("ERR No such client")),
        _ => Ok(Reply::OK),
    }
}

fn kill(client: &mut Client, options: &[Bytes]) -> Outcome {
    let (options, []) = options.as_chunks::<2>() else {
        return Err(Refusal::Syntax);
    };
    let (mut filters, mut skip_me) = (Vec::new(), true);
    for [option, value] in options {
        match keyword(option).as_slice() {
            b"ID" => {
                let id = number(value).filter(|id| *id > 0);
                let id = id.ok_or_else(|| refuse("ERR client-id should be greater than 0"))?;
                filters.push(Filter::Ids(BTreeSet::from([id])));
            }
            b"ADDR" => filters.push(Filter::Address(text(value))),
            b"LADDR" => filters.push(Filter::Local(text(value))),
            b"TYPE" => filters.push(Filter::Type(who(value)?)),
            b"USER" => filters.push(Filter::User(known_user(client, value)?)),
            b"SKIPME" => {
                skip_me = match keyword(value).as_slice() {
                    b"YES" => true,
                    b"NO" => false,
                    _ => return Err(Refusal::Syntax),
                }
            }
            _ => return Err(Refusal::Syntax),
        }
    }
    Ok(Reply::count(end(client, &filters, skip_me)))
}

/// Ends whom all filters take; how many those were. The caller still gets its reply.
fn end(client: &mut Client, filters: &[Filter], skip_me: bool) -> usize {
    let mut count = 0;
    for peer in client.server.peers.all() {
        let me = peer.id == client.peer.id;
        if (me && skip_me) || !filters.iter().all(|one| one.takes(&peer)) {
            continue;
        }
        count += 1;
        if me {
            client.leaving = true;
        } else {
            peer.kill();
        }
    }
    count
}

fn known_user(client: &Client, name: &[u8]) -> Result<String, Refusal> {
    let users = &client.server.config.users;
    let known = name == crate::config::DEFAULT.as_bytes()
        || users.iter().any(|user| user.name.as_bytes() == name);
    let name = text(name);
    known
        .then_some(name.clone())
        .ok_or_else(|| refuse(format!("ERR No such user '{name}'")))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
