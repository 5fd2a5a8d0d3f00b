//! What may be kept of what a client or a sender says, whichever way it came: bounded, and in one form.
//!
//! Text is cut at its limit, but an id that is too long is left out: a cut id would be another id.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use bongsu_sdk_model::{AppId, IdError};

/// Longest session id, user id or cookie, in bytes.
pub(crate) const LONGEST_ID: usize = 512;
/// Longest request target that is kept, in bytes.
pub(crate) const LONGEST_TARGET: usize = 4_096;
/// Longest user agent that is kept, in bytes.
pub(crate) const LONGEST_AGENT: usize = 512;
/// Longest method; nothing longer is one.
pub(crate) const LONGEST_METHOD: usize = 32;

/// An id as it may be kept: neither empty, nor the `-` of logs, nor longer than [`LONGEST_ID`].
pub(crate) fn id(text: &str) -> Option<String> {
    (!matches!(text, "" | "-") && text.len() <= LONGEST_ID).then(|| text.to_owned())
}

/// An address, with or without a port; one of IPv4 mapped into IPv6 is that of IPv4.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    let ip = text
        .parse()
        .or_else(|_| text.parse().map(|socket: SocketAddr| socket.ip()));
    ip.ok().map(|ip: IpAddr| ip.to_canonical())
}

/// `text` without what must not be kept, cut at `limit` bytes.
pub(crate) fn clip(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

/// A checked name of what a sender calls itself, `default` if it does not: control characters are replaced
/// and the end is cut. `None` cannot happen with the models' limits.
pub(crate) fn name<T>(text: Option<&str>, check: fn(&str) -> Result<T, IdError>) -> Option<T> {
    let text = text.filter(|text| !text.is_empty()).unwrap_or("default");
    let clean = match text.contains(char::is_control) {
        true => Cow::Owned(text.replace(char::is_control, " ")),
        false => Cow::Borrowed(text),
    };
    check(clip(&clean, AppId::MAX_BYTES)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_port_and_a_mapping() {
        assert_eq!(
            address("[2001:db8::1]:443"),
            Some("2001:db8::1".parse().unwrap())
        );
        assert_eq!(
            address("::ffff:10.1.2.3"),
            Some("10.1.2.3".parse().unwrap())
        );
        assert_eq!(address("10.1.2.3:80"), Some("10.1.2.3".parse().unwrap()));
        assert_eq!(address("shop.example"), None);
    }

    #[test]
    fn an_id_is_kept_whole_or_not_at_all() {
        assert_eq!(id("s-1").as_deref(), Some("s-1"));
        assert_eq!(
            [id(""), id("-"), id(&"s".repeat(LONGEST_ID + 1))],
            [None, None, None]
        );
        assert_eq!(clip("가나다", 4), "가");
    }
}
