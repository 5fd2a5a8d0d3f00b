//! Replies of the backend as our own.
//!
//! The backend is asked in the client's own protocol version, so the shape is Redis's. Only RESP2's two nulls
//! are one in the library; which of them it was is told by the command.

use bytes::Bytes;
use redis::{Value, VerbatimFormat};

use super::delivery::{Told, text};
use crate::{engine::Call, protocol::Reply};

/// What the client of a call is told.
pub(super) fn reply(call: &Call, told: Told) -> Reply {
    match told {
        Ok(Value::Nil) if answers_with_lists(call) => Reply::NullArray,
        Ok(value) => convert(value),
        Err(fault) => Reply::Error(fault.text.into()),
    }
}

/// Whether nothing is said by a null list in RESP2.
fn answers_with_lists(call: &Call) -> bool {
    match call.spec.name {
        "lpop" | "rpop" => call.args.len() > 1,
        "lmpop" | "zmpop" | "exec" => true,
        _ => false,
    }
}

/// A value as a reply.
pub(super) fn convert(value: Value) -> Reply {
    let all = |values: Vec<Value>| values.into_iter().map(convert).collect();
    match value {
        Value::Nil => Reply::Null,
        Value::Int(number) => Reply::Integer(number),
        Value::BulkString(bytes) => Reply::Bulk(bytes.into()),
        Value::Array(values) => Reply::Array(all(values)),
        Value::SimpleString(line) => Reply::Line(line),
        Value::Okay => Reply::OK,
        Value::Map(pairs) => {
            let pair = |(key, value)| (convert(key), convert(value));
            Reply::Map(pairs.into_iter().map(pair).collect())
        }
        Value::Attribute { data, .. } => convert(*data),
        Value::Set(values) => Reply::Set(all(values)),
        Value::Double(number) => Reply::Double(number),
        Value::Boolean(yes) => Reply::Boolean(yes),
        Value::VerbatimString { format, text } => match format {
            VerbatimFormat::Text => Reply::Text(text),
            _ => Reply::Bulk(text.into()),
        },
        Value::BigNumber(digits) => Reply::BigNumber(String::from_utf8_lossy(&digits).into_owned()),
        Value::Push { data, .. } => Reply::Push(all(data)),
        Value::ServerError(error) => Reply::Error(text(&error).into()),
        _ => Reply::Error("ERR the session backend replied with a type that is not known".into()),
    }
}

/// A bulk string of a value, if it is one.
pub(super) fn bulk(value: Value) -> Option<Bytes> {
    match value {
        Value::BulkString(bytes) => Some(bytes.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::{command, protocol::Protocol};

    fn call(name: &str, args: &[&'static str]) -> Call {
        let spec = command::named(name.as_bytes()).unwrap();
        let command::Run::Keyspace(run) = spec.run else {
            panic!("{name} is not run on keys")
        };
        Call {
            spec,
            run,
            args: args
                .iter()
                .map(|arg| Bytes::from_static(arg.as_bytes()))
                .collect(),
            db: 0,
            client: None,
        }
    }

    #[track_caller]
    fn check(value: Value, resp2: &str, resp3: &str) {
        for (protocol, expected) in [(Protocol::Resp2, resp2), (Protocol::Resp3, resp3)] {
            let mut out = BytesMut::new();
            reply(&call("get", &["k"]), Ok(value.clone())).encode(protocol, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{value:?}");
        }
    }

    #[test]
    fn every_value_is_written_as_it_came() {
        check(Value::Nil, "$-1\r\n", "_\r\n");
        check(Value::Okay, "+OK\r\n", "+OK\r\n");
        check(Value::SimpleString("hash".into()), "+hash\r\n", "+hash\r\n");
        check(
            Value::BulkString(vec![0, 13]),
            "$2\r\n\0\r\r\n",
            "$2\r\n\0\r\r\n",
        );
        check(Value::Boolean(true), ":1\r\n", "#t\r\n");
        check(Value::Double(0.5), "$3\r\n0.5\r\n", ",0.5\r\n");
        check(
            Value::Array(vec![Value::Int(1), Value::Nil]),
            "*2\r\n:1\r\n$-1\r\n",
            "*2\r\n:1\r\n_\r\n",
        );
        check(
            Value::Map(vec![(Value::Int(1), Value::Set(vec![]))]),
            "*2\r\n:1\r\n*0\r\n",
            "%1\r\n:1\r\n~0\r\n",
        );
    }

    #[test]
    fn errors_keep_their_words() {
        for line in [
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "ERR syntax error",
            "CROSSSLOT Keys in request don't hash to the same slot",
            "ERR",
        ] {
            let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
            assert_eq!(convert(value), Reply::Error(line.into()));
        }
    }
}
