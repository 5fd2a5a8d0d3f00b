//! Ids of sessions as rules keep them: who reads a rule cannot take a session over.

use ring::digest::{SHA256, digest};

use crate::session;

/// What a kept id begins with.
const MARK: &str = "sha256:";

/// The digest of a session's id.
pub(crate) fn of(id: &str) -> Box<str> {
    let digest = digest(&SHA256, id.as_bytes());
    let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    hex.collect::<String>().into()
}

/// An id, or the digest of one as it was kept, as it is kept.
pub(crate) fn kept(id: &str) -> String {
    match id.strip_prefix(MARK) {
        Some(_) => id.to_owned(),
        None => format!("{MARK}{}", of(&session::id(id))),
    }
}

/// The digest of what is kept.
pub(crate) fn read(kept: &str) -> Box<str> {
    match kept.strip_prefix(MARK) {
        Some(digest) => digest.into(),
        None => of(&session::id(kept)),
    }
}
