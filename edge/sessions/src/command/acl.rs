//! Who may log in, as far as clients ask. Users are configured in a file; nothing here changes them.

use bytes::Bytes;

use super::{
    Access::Connection,
    NO_KEY, Outcome, Refusal, Run, Spec,
    args::{keyword, subcommand_arity, unknown_subcommand},
};
use crate::{Config, client::Client, config::DEFAULT, protocol::Reply};

/// The family.
pub(super) const COMMANDS: &[Spec] = &[Spec {
    name: "acl",
    arity: -2,
    access: Connection,
    keys: NO_KEY,
    group: "server",
    summary: "Tells who may log in",
    run: Run::Client(acl),
}];

fn acl(client: &mut Client, args: &[Bytes]) -> Outcome {
    let (subcommand, args) = args.split_first().ok_or(Refusal::Syntax)?;
    let config = &client.server.config;
    match (keyword(subcommand).as_slice(), args) {
        (b"WHOAMI", []) => Ok(text(client.user_name())),
        (b"USERS", []) => {
            let named = config.users.iter().map(|user| user.name.as_str());
            Ok(Reply::Array(
                std::iter::once(DEFAULT).chain(named).map(text).collect(),
            ))
        }
        (b"LIST", []) => Ok(Reply::Array(
            rules(config).map(|rule| text(&rule)).collect(),
        )),
        (known @ (b"WHOAMI" | b"USERS" | b"LIST"), _) => {
            let known = String::from_utf8_lossy(known).to_ascii_lowercase();
            Err(subcommand_arity("acl", &known))
        }
        _ => Err(unknown_subcommand("ACL", subcommand)),
    }
}

fn text(text: &str) -> Reply {
    Reply::Bulk(Bytes::copy_from_slice(text.as_bytes()))
}

/// What each may do, in Redis's words; of passwords only whether one is needed.
fn rules(config: &Config) -> impl Iterator<Item = String> {
    let default = match (&config.password, config.asks_for_login()) {
        (Some(_), _) => "on",
        (None, true) => "off",
        (None, false) => "on nopass",
    };
    let named = config.users.iter().map(|user| {
        let limit = if user.read_only {
            " -@write -@admin"
        } else {
            ""
        };
        format!("user {} on ~* &* +@all{limit}", user.name)
    });
    std::iter::once(format!("user {DEFAULT} {default} ~* &* +@all")).chain(named)
}
