//! What concerns a connection only: who it is, what it speaks, which database it works on.

use bytes::Bytes;

use super::{
    Access::{self, Connection, Open},
    ClientFn, DATABASES, NO_KEY, Outcome, REDIS_VERSION, Refusal, Run, Spec,
    args::{exactly, integer, keyword, number, subcommand_arity, unknown_subcommand},
};
use crate::{
    client::Client,
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
    spec(Connection, ("client", -2), client, "Works with connections"),
];

const WRONG_PASSWORD: &str = "WRONGPASS invalid username-password pair or user is disabled.";

fn refuse(text: impl Into<String>) -> Refusal {
    Refusal::Text(text.into())
}

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
    let version = if client.protocol == Protocol::Resp3 {
        3
    } else {
        2
    };
    Reply::Map(vec![
        (Reply::name("server"), Reply::name("redis")),
        (Reply::name("version"), Reply::name(REDIS_VERSION)),
        (Reply::name("proto"), Reply::Integer(version)),
        (Reply::name("id"), Reply::Integer(client.id)),
        (Reply::name("mode"), Reply::name("standalone")),
        (Reply::name("role"), Reply::name("master")),
        (Reply::name("modules"), Reply::Array(Vec::new())),
    ])
}

fn auth(client: &mut Client, args: &[Bytes]) -> Outcome {
    match args {
        [_] if client.server.config.password.is_none() => Err(refuse(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure \
             your configuration is correct?",
        )),
        [password] => log_in(client, b"default", password),
        [user, password] => log_in(client, user, password),
        _ => Err(Refusal::Syntax),
    }
}

/// There is one user, `default`; without a password configured, any will do.
fn log_in(client: &mut Client, user: &[u8], password: &[u8]) -> Outcome {
    let right = client
        .server
        .config
        .password
        .as_ref()
        .is_none_or(|own| own.matches(password));
    if user != b"default" || !right {
        return Err(refuse(WRONG_PASSWORD));
    }
    client.authenticated = true;
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

fn ping(_: &mut Client, args: &[Bytes]) -> Outcome {
    match args {
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

fn client(client: &mut Client, args: &[Bytes]) -> Outcome {
    let (subcommand, args) = args.split_first().ok_or(Refusal::Syntax)?;
    match (keyword(subcommand).as_slice(), args) {
        (b"ID", []) => Ok(Reply::Integer(client.id)),
        (b"GETNAME", []) => Ok(Reply::bulk_or_null(
            Some(client.name.clone()).filter(|name| !name.is_empty()),
        )),
        (b"SETNAME", [name]) => {
            client.name = printable(name, "Client names")?;
            Ok(Reply::OK)
        }
        (b"SETINFO", [attribute, value]) => set_info(client, attribute, value),
        (b"NO-EVICT" | b"NO-TOUCH", [switch]) => match keyword(switch).as_slice() {
            b"ON" | b"OFF" => Ok(Reply::OK),
            _ => Err(Refusal::Syntax),
        },
        (b"INFO", []) => Ok(Reply::Text(client.line())),
        (b"LIST", []) => {
            client.publish();
            Ok(Reply::Text(
                client.server.clients.lines(client.server.clock.now()),
            ))
        }
        (b"LIST", _) => Err(Refusal::Syntax),
        (
            known @ (b"ID" | b"GETNAME" | b"SETNAME" | b"SETINFO" | b"NO-EVICT" | b"NO-TOUCH"
            | b"INFO"),
            _,
        ) => Err(subcommand_arity(
            "client",
            &String::from_utf8_lossy(known).to_ascii_lowercase(),
        )),
        _ => Err(unknown_subcommand("CLIENT", subcommand)),
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

/// A copy of a name without spaces or control characters; `CLIENT LIST` could not be read otherwise.
fn printable(name: &[u8], what: &str) -> Result<Bytes, Refusal> {
    if name.iter().all(u8::is_ascii_graphic) {
        return Ok(Bytes::copy_from_slice(name));
    }
    Err(refuse(format!(
        "ERR {what} cannot contain spaces, newlines or special characters."
    )))
}
