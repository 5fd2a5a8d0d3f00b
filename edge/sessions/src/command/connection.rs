//! What concerns a connection only: who it is, what it speaks, which database it works on.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Access::{self, Connection, Open},
    ClientFn, DATABASES, NO_KEY, Outcome, REDIS_VERSION, Refusal, Run, Spec,
    args::{exactly, integer, keyword, number, printable, refuse},
};
use crate::{
    client::Client,
    config::DEFAULT,
    protocol::{Protocol, Reply},
};

const fn spec(
    access: Access,
    (name, arity): (&'static str, i64),
    run: ClientFn,
    summary: &'static str,
) -> Spec {
    Spec {
        name,
        arity,
        access,
        keys: NO_KEY,
        group: "connection",
        summary,
        run: Run::Client(run),
    }
}

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    spec(Open, ("hello", -1), hello, "Agrees on the protocol version"),
    spec(Open, ("auth", -2), auth, "Authenticates the connection"),
    spec(Open, ("quit", -1), quit, "Closes the connection"),
    spec(
        Open,
        ("reset", 1),
        reset,
        "Returns the connection to its first state",
    ),
    spec(Connection, ("ping", -1), ping, "Answers"),
    spec(Connection, ("echo", 2), echo, "Returns its argument"),
    spec(Connection, ("select", 2), select, "Chooses the database"),
];

const WRONG_PASSWORD: &str = "WRONGPASS invalid username-password pair or user is disabled.";

fn hello(client: &mut Client, args: &[Bytes]) -> Outcome {
    let (protocol, options) = match args.split_first() {
        Some((version, options)) => (read_version(version)?, options),
        None => (client.protocol, args),
    };
    let options = HelloOptions::read(options)?;
    if let Some((user, password)) = options.login {
        log_in(client, user, password)?;
    }
    if !client.is_authenticated() {
        return Err(refuse(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> \
             AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol \
             version at the same time",
        ));
    }
    client.protocol = protocol;
    if let Some(name) = options.name {
        client.name = name;
    }
    Ok(greeting(client))
}

fn read_version(version: &[u8]) -> Result<Protocol, Refusal> {
    match number(version) {
        Some(2) => Ok(Protocol::Resp2),
        Some(3) => Ok(Protocol::Resp3),
        Some(_) => Err(refuse("NOPROTO unsupported protocol version")),
        None => Err(refuse(
            "ERR Protocol version is not an integer or out of range",
        )),
    }
}

/// What may follow the version in `HELLO`.
#[derive(Debug, Default)]
struct HelloOptions<'a> {
    login: Option<(&'a Bytes, &'a Bytes)>,
    name: Option<Bytes>,
}

impl<'a> HelloOptions<'a> {
    fn read(mut args: &'a [Bytes]) -> Result<Self, Refusal> {
        let mut options = Self::default();
        while let [option, more @ ..] = args {
            args = match (keyword(option).as_slice(), more) {
                (b"AUTH", [user, password, tail @ ..]) => {
                    options.login = Some((user, password));
                    tail
                }
                (b"SETNAME", [name, tail @ ..]) => {
                    options.name = Some(printable(name, "Client names")?);
                    tail
                }
                _ => {
                    let option = String::from_utf8_lossy(option);
                    return Err(refuse(format!(
                        "ERR Syntax error in HELLO option '{option}'"
                    )));
                }
            };
        }
        Ok(options)
    }
}

fn greeting(client: &Client) -> Reply {
    Reply::Map(vec![
        (Reply::name("server"), Reply::name("redis")),
        (Reply::name("version"), Reply::name(REDIS_VERSION)),
        (
            Reply::name("proto"),
            Reply::Integer(client.protocol.number()),
        ),
        (Reply::name("id"), Reply::Integer(client.peer.id)),
        (Reply::name("mode"), Reply::name("standalone")),
        (Reply::name("role"), Reply::name("master")),
        (Reply::name("modules"), Reply::Array(Vec::new())),
    ])
}

fn auth(client: &mut Client, args: &[Bytes]) -> Outcome {
    match args {
        [_] if !client.server.config.asks_for_login() => Err(refuse(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure \
             your configuration is correct?",
        )),
        [password] => log_in(client, DEFAULT.as_bytes(), password),
        [user, password] => log_in(client, user, password),
        _ => Err(Refusal::Syntax),
    }
}

/// Any password will do for `default` while nobody has one.
fn log_in(client: &mut Client, user: &[u8], password: &[u8]) -> Outcome {
    let config = &client.server.config;
    let default = || match &config.password {
        Some(own) => own.matches(password),
        None => !config.asks_for_login(),
    };
    // Every password is compared, so that the time does not tell which names there are.
    let named = || {
        config.users.iter().fold(None, |found, one| {
            let matches = one.password.matches(password);
            if (one.name.as_bytes() == user) & matches {
                Some((Arc::from(one.name.as_str()), one.read_only))
            } else {
                found
            }
        })
    };
    let found = if user == DEFAULT.as_bytes() {
        default().then(|| (Arc::from(DEFAULT), false))
    } else {
        named()
    };
    let (user, read_only) = found.ok_or_else(|| refuse(WRONG_PASSWORD))?;
    client.user = Some(user);
    client.read_only = read_only;
    Ok(Reply::OK)
}

fn quit(client: &mut Client, _: &[Bytes]) -> Outcome {
    client.leaving = true;
    Ok(Reply::OK)
}

fn reset(client: &mut Client, _: &[Bytes]) -> Outcome {
    client.reset();
    Ok(Reply::Status("RESET"))
}

/// A subscriber that speaks RESP2 gets its answer in the shape of a message.
fn ping(client: &mut Client, args: &[Bytes]) -> Outcome {
    match args {
        [] | [_] if client.is_subscriber() => {
            let message = args.first().cloned().unwrap_or_default();
            Ok(Reply::Array(vec![
                Reply::name("pong"),
                Reply::Bulk(message),
            ]))
        }
        [] => Ok(Reply::Status("PONG")),
        [message] => Ok(Reply::Bulk(message.clone())),
        _ => Err(Refusal::Arity("ping".into())),
    }
}

fn echo(_: &mut Client, args: &[Bytes]) -> Outcome {
    let [message] = exactly(args)?;
    Ok(Reply::Bulk(message.clone()))
}

fn select(client: &mut Client, args: &[Bytes]) -> Outcome {
    let [number] = exactly(args)?;
    let number = i32::try_from(integer(number)?).map_err(|_| {
        refuse(format!(
            "ERR value is out of range, value must between {} and {}",
            i32::MIN,
            i32::MAX
        ))
    })?;
    let known = u8::try_from(number)
        .ok()
        .filter(|number| *number < DATABASES);
    client.db = known.ok_or_else(|| refuse("ERR DB index is out of range"))?;
    Ok(Reply::OK)
}
