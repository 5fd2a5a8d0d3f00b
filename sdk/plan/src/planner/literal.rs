//! Pieces with a form of their own: quoted text, URL paths, addresses, names with digits or dashes.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::token::Kind;

/// Quoted text at the start of `rest`, quotes included in the length.
pub(super) fn quoted(rest: &str) -> Option<(Kind, usize)> {
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = rest.get(1..)?;
    let len = inner.find(quote).filter(|len| *len > 0 && *len <= 200)?;
    let text = inner.get(..len)?;
    // An apostrophe is no quote: what it encloses would begin or end with a space.
    if text.starts_with(' ') || text.ends_with(' ') {
        return None;
    }
    let kind = path(text)
        .filter(|(_, covered)| *covered == text.len())
        .map_or_else(|| Kind::Quoted(text.to_owned()), |(kind, _)| kind);
    Some((kind, len + 2))
}

/// A URL path at the start of `rest`.
pub(super) fn path(rest: &str) -> Option<(Kind, usize)> {
    rest.strip_prefix('/')?;
    let inside = |c: char| c.is_ascii_alphanumeric() || "/_-.*{}:%~@$+=&?".contains(c);
    let len = rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
    let path = rest
        .get(..len)?
        .trim_end_matches(['.', '?', ':', '~', '&', '=']);
    (path.len() <= 512).then(|| (Kind::Path(path.to_owned()), path.len()))
}

/// A word of ASCII letters, digits and what joins them, at the start of `rest`.
pub(super) fn word(rest: &str) -> &str {
    word_run(rest).trim_end_matches(['.', '-', ':', '_', '@', '+'])
}

fn word_run(rest: &str) -> &str {
    let inside = |c: char| c.is_ascii_alphanumeric() || "._-@:+".contains(c);
    let len = rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
    rest.get(..len).unwrap_or_default()
}

/// An address or range at the start of `rest`; one that only looks like it is [`Kind::BadIp`].
pub(super) fn address(rest: &str) -> Option<(Kind, usize)> {
    let run = word_run(rest);
    let word = if run.contains("::") {
        run.trim_end_matches('.')
    } else {
        word(rest)
    };
    let suffix = rest
        .get(word.len()..)?
        .strip_prefix('/')
        .map_or("", |tail| {
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            tail.get(..digits).unwrap_or_default()
        });
    let len = if suffix.is_empty() {
        word.len()
    } else {
        word.len() + 1 + suffix.len()
    };
    let whole = rest.get(..len)?;
    if let Ok(v4) = word.parse::<Ipv4Addr>() {
        return Some((ranged(v4.to_string(), suffix, 32, whole), len));
    }
    if word.matches(':').count() >= 2
        && let Ok(v6) = word.parse::<Ipv6Addr>()
    {
        return Some((ranged(v6.to_string(), suffix, 128, whole), len));
    }
    let parts: Vec<&str> = word.split('.').collect();
    let shaped = parts.len() == 4
        && parts.iter().all(|part| {
            (1..=3).contains(&part.len())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_digit() || matches!(b, b'x' | b'X' | b'*' | b'n'))
        });
    shaped.then_some((Kind::BadIp, len))
}

fn ranged(address: String, suffix: &str, most: u8, whole: &str) -> Kind {
    match suffix.parse::<u8>() {
        Ok(bits) if bits <= most => Kind::Ip(whole.to_owned()),
        Ok(_) => Kind::BadIp,
        Err(_) => Kind::Ip(address),
    }
}

/// Whether a word names something: it has a digit, or parts joined by a dash, an underscore or an `@`.
pub(super) fn names_something(word: &str) -> bool {
    let letters = word.bytes().any(|b| b.is_ascii_alphabetic());
    let joined = word.trim_matches(['-', '_']).contains(['-', '_', '@', '.']);
    (letters && (joined || word.bytes().any(|b| b.is_ascii_digit()))) || is_hex_id(word)
}

/// Whether a word is an id in hexadecimal: at least 12 digits, both letters and numbers among them.
pub(super) fn is_hex_id(word: &str) -> bool {
    word.len() >= 12
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_end_where_the_particle_begins() {
        for (text, path_text) in [
            ("/admin/*은", "/admin/*"),
            ("/maintenance.html로", "/maintenance.html"),
            ("/orders/{id}?", "/orders/{id}"),
            ("/api/v1/pay.", "/api/v1/pay"),
            ("/*", "/*"),
        ] {
            assert_eq!(
                path(text),
                Some((Kind::Path(path_text.to_owned()), path_text.len()))
            );
        }
    }

    #[test]
    fn addresses() {
        let ip = |text: &str| Some((Kind::Ip(text.to_owned()), text.len()));
        assert_eq!(address("10.0.0.1에서"), ip("10.0.0.1"));
        assert_eq!(address("203.0.113.0/24 대역"), ip("203.0.113.0/24"));
        assert_eq!(
            address("2001:db8::/32"),
            None.or(Some((Kind::Ip("2001:db8::/32".to_owned()), 13)))
        );
        assert_eq!(address("xxx.xxx.xxx.0/24는"), Some((Kind::BadIp, 16)));
        assert_eq!(address("10.0.0.0/99"), Some((Kind::BadIp, 11)));
        assert_eq!(address("v1.2.3"), None);
    }
}
