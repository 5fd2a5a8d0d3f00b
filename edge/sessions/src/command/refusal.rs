//! Why a command was refused, in Redis's words: clients match on them.

use std::borrow::Cow;

use crate::{engine::WrongType, protocol::Reply};

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
    WrongType,
    #[error("ERR syntax error")]
    Syntax,
    #[error("ERR value is not an integer or out of range")]
    NotInteger,
    #[error("ERR value is not a valid float")]
    NotFloat,
    #[error("ERR increment would produce NaN or Infinity")]
    NotFinite,
    #[error("ERR hash value is not an integer")]
    HashNotInteger,
    #[error("ERR increment or decrement would overflow")]
    Overflow,
    #[error("ERR decrement would overflow")]
    DecrementOverflow,
    #[error("ERR invalid expire time in '{0}' command")]
    ExpireTime(&'static str),
    #[error("ERR wrong number of arguments for '{0}' command")]
    Arity(Cow<'static, str>),
    #[error("ERR no such key")]
    NoSuchKey,
    #[error("ERR invalid cursor")]
    Cursor,
    #[error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")]
    TooLong,
    #[error("OOM command not allowed when used memory > 'maxmemory'.")]
    OutOfMemory,
    #[error("NOPERM this user has no permissions to run the '{0}' command")]
    Permission(String),
    #[error("{0}")]
    Fixed(&'static str),
    #[error("{0}")]
    Text(String),
}

impl From<WrongType> for Refusal {
    fn from(_: WrongType) -> Self {
        Self::WrongType
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Error(refusal.to_string().into())
    }
}
