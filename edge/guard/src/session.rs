//! A session's id out of its cookie: frameworks sign, encode or extend it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The id as the session store knows it.
///
/// | cookie | of | id |
/// |---|---|---|
/// | `s%3Aabc.signature`, `s:abc.signature` | express-session | `abc` |
/// | base64 of a UUID | Spring Session | the UUID |
/// | `ABC123.node1` | Tomcat, JBoss with a route | `ABC123` |
/// | anything else | | as it is |
pub(crate) fn id(cookie: &str) -> String {
    let signed = ["s:", "s%3A", "s%3a"]
        .into_iter()
        .find_map(|mark| cookie.strip_prefix(mark));
    if let Some(signed) = signed {
        return signed
            .rsplit_once('.')
            .map_or(signed, |(id, _)| id)
            .to_owned();
    }
    let decoded = STANDARD
        .decode(cookie)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some(uuid) = decoded.filter(|text| is_uuid(text)) {
        return uuid;
    }
    cookie.split('.').next().unwrap_or_default().to_owned()
}

fn is_uuid(text: &str) -> bool {
    let is_part = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_in_the_cookies_of_the_common_frameworks() {
        assert_eq!(id("s%3AaB3-_x.MEYzQ%2Fsig"), "aB3-_x");
        assert_eq!(id("0A1B2C.node1"), "0A1B2C");
        let spring = "MTIzNDU2NzgtMTIzNC0xMjM0LTEyMzQtMTIzNDU2Nzg5MGFi";
        assert_eq!(id(spring), "12345678-1234-1234-1234-1234567890ab");
        assert_eq!(id("plain"), "plain");
    }
}
