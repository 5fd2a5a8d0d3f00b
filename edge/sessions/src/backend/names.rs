//! The backend's own keys: bindings and denies, kept beside the sessions so that a restart of the edge finds them.
//!
//! A binding is in the slot of its session, so that both go over one connection, the binding first. No client of
//! the edge can name these keys or see them listed.

use bytes::Bytes;

use super::slot::tag;

/// What the names of all of them begin with.
const OURS: &[u8] = b"bongsu:";
const BINDING: &[u8] = b"bongsu:binding:{";
const DENY: &[u8] = b"bongsu:deny:";

/// What a key of ours holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ours<'k> {
    /// The binding of the session at this key.
    Binding(&'k [u8]),
    /// The deny of this name.
    Deny(&'k [u8]),
}

/// The key that holds the binding of the session at `key`.
pub(super) fn binding(key: &[u8]) -> Bytes {
    [BINDING, tag(key), b"}:", key].concat().into()
}

/// The key that holds a deny.
pub(super) fn deny(name: &[u8]) -> Bytes {
    [DENY, name].concat().into()
}

/// Whether a key is one of ours, or would be taken for one.
pub(super) fn is_ours(key: &[u8]) -> bool {
    key.starts_with(OURS)
}

/// What a key of ours holds.
pub(super) fn read(key: &[u8]) -> Option<Ours<'_>> {
    if let Some(name) = key.strip_prefix(DENY) {
        return Some(Ours::Deny(name));
    }
    let rest = key.strip_prefix(BINDING)?;
    // The tag may contain what ends it.
    let splits = rest.windows(2).enumerate().filter(|(_, two)| *two == b"}:");
    splits.into_iter().find_map(|(at, _)| {
        let session = rest.get(at + 2..)?;
        (Some(tag(session)) == rest.get(..at)).then_some(Ours::Binding(session))
    })
}

#[cfg(test)]
mod tests {
    use super::{super::slot::slot, *};

    #[test]
    fn a_binding_is_beside_its_session_and_read_back() {
        for key in ["sess:1", "app:{42}:x", "{a}:b", "a{b}:c{d}:e", ""] {
            let name = binding(key.as_bytes());
            assert_eq!(read(&name), Some(Ours::Binding(key.as_bytes())), "{key}");
            if !key.is_empty() {
                assert_eq!(slot(&name), slot(key.as_bytes()), "{key}");
            }
        }
    }

    #[test]
    fn denies_are_read_and_others_are_not_ours() {
        assert_eq!(read(&deny(b"shop\0kim")), Some(Ours::Deny(b"shop\0kim")));
        assert!(is_ours(&deny(b"")) && !is_ours(b"sess:1"));
        for other in ["bongsu:other", "bongsu:binding:{a}:b", "sess:1"] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
    }
}
