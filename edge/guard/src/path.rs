//! Paths as rules see them, and the patterns they are compared with.
//!
//! Web servers and applications do not agree on what a path is; a rule must hold for all of their readings. So a
//! path is made as plain as any of them makes it. The trade-off: `/a%2Fb` and `/a/b` are one path here.

/// Longest path looked at, bytes; web servers refuse longer ones.
const LONGEST: usize = 8_192;

/// The path of a request target: decoded once, without query, fragment, parameters (`;…`), `.`, `..`, doubled and
/// final slashes. The root is `/`.
pub(crate) fn plain(target: &str) -> String {
    let bytes = target.as_bytes();
    let path = bytes.get(..LONGEST).unwrap_or(bytes);
    let path = without_origin(path);
    let end = path.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let decoded = decode(path.get(..end.unwrap_or(path.len())).unwrap_or_default());
    let decoded = String::from_utf8_lossy(&decoded);
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split(['/', '\\']) {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    let mut plain = String::with_capacity(decoded.len() + 1);
    for segment in &segments {
        plain.push('/');
        plain.push_str(segment);
    }
    if plain.is_empty() {
        plain.push('/');
    }
    plain
}

/// What follows `scheme://host`, which a target may begin with.
fn without_origin(target: &[u8]) -> &[u8] {
    let scheme = target.windows(3).position(|part| part == b"://");
    let before_query = |at: &usize| {
        !target
            .iter()
            .take(*at)
            .any(|byte| matches!(byte, b'/' | b'?'))
    };
    let Some(at) = scheme.filter(before_query) else {
        return target;
    };
    let rest = target.get(at + 3..).unwrap_or_default();
    let slash = rest.iter().position(|byte| *byte == b'/');
    slash.and_then(|slash| rest.get(slash..)).unwrap_or(b"/")
}

fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, tail @ ..] = rest {
        let pair = match rest {
            [b'%', high, low, after @ ..] => digit(*high)
                .zip(digit(*low))
                .map(|(h, l)| (h << 4 | l, after)),
            _ => None,
        };
        let (byte, after) = pair.unwrap_or((*first, tail));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// What a rule says of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The text between the stars; one part: the path itself.
    parts: Vec<Box<str>>,
    /// A last `/*` was written: the path before it fits, too.
    beneath: bool,
}

impl Pattern {
    /// Reads a pattern; `{name}`, as in templates of URLs, is a star.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with(['/', '*']) {
            return Err(format!("`url` `{text}` does not begin with `/`"));
        }
        if text.len() > 512 || text.contains(['?', '#']) {
            return Err(format!("`url` `{text}` is not a path of at most 512 bytes"));
        }
        let starred = stars(text);
        let beneath = starred.ends_with("/*");
        // A star is no part of a path, so making the pattern plain does not touch it.
        let rooted = starred.starts_with('/');
        let plain = plain(&starred);
        let plain = if rooted {
            &*plain
        } else {
            plain.trim_start_matches('/')
        };
        let text = match (beneath, plain.strip_suffix("/*")) {
            (true, Some(above)) => above,
            _ => plain,
        };
        let mut parts: Vec<Box<str>> = text.split('*').map(Into::into).collect();
        if beneath && parts.len() == 1 && parts.first().is_some_and(|part| part.is_empty()) {
            parts = vec!["/".into()];
        }
        Ok(Self { parts, beneath })
    }

    /// The whole segments that every fitting path begins with.
    pub(crate) fn stem(&self) -> &str {
        let first = self.parts.first().map_or("", |part| part);
        match (self.is_literal(), first.rfind('/')) {
            (true, _) => first,
            (false, Some(slash)) => first.get(..slash).unwrap_or_default(),
            (false, None) => "",
        }
    }

    /// Whether it names one path and, at most, all beneath it.
    fn is_literal(&self) -> bool {
        self.parts.len() == 1
    }

    /// Whether it says next to nothing: `*`, `/*`, `/**`.
    pub(crate) fn is_everything(&self) -> bool {
        let says = self.parts.iter().any(|part| !matches!(&**part, "" | "/"));
        !says && (self.beneath || self.parts.len() > 1)
    }

    /// Whether a plain path fits.
    pub(crate) fn fits(&self, path: &str) -> bool {
        if self.beneath {
            let under = |end: usize| {
                path.get(end..)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            return match &*self.parts {
                [root] if &**root == "/" => true,
                [only] => path.starts_with(&**only) && under(only.len()),
                parts => glob(parts, path, true),
            };
        }
        glob(&self.parts, path, false)
    }
}

/// Whether the parts stand in `text` in their order, the first at its beginning and the last at its end, or with
/// `beneath` before a slash or the end.
fn glob(parts: &[Box<str>], text: &str, beneath: bool) -> bool {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return false;
    };
    if parts.len() == 1 {
        return **first == *text;
    }
    let Some(mut rest) = text.strip_prefix(&**first) else {
        return false;
    };
    for part in parts.get(1..parts.len() - 1).unwrap_or_default() {
        match rest.find(&**part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    if !beneath {
        return rest.ends_with(&**last);
    }
    let ends = rest
        .match_indices(&**last)
        .map(|(at, part)| at + part.len());
    ends.into_iter().any(|end| {
        rest.get(end..)
            .is_some_and(|after| after.is_empty() || after.starts_with('/'))
    })
}

/// The text with every `{…}` as a star.
fn stars(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, tail)) = after.split_once('}') else {
            break;
        };
        out.push_str(before);
        out.push('*');
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_one_path() {
        for spelling in [
            "/admin/users",
            "//admin///users/",
            "/admin/./users?x=1#y",
            "/x/../admin/users",
            "/%61dmin/%75sers",
            "/admin;jsessionid=1/users;x",
            "/admin%2fusers",
            "/admin\\users",
            "/../../admin/users",
            "http://example.kr/admin/users",
        ] {
            assert_eq!(plain(spelling), "/admin/users", "{spelling}");
        }
        assert_eq!(plain(""), "/");
        assert_eq!(plain("/?next=http://x/y"), "/");
        assert_eq!(plain("/%EB%AF%BC%EC%9B%90"), "/민원");
        assert_eq!(plain("/100%"), "/100%");
    }

    #[test]
    fn patterns_fit_what_a_person_reads_in_them() {
        let fits = |pattern: &str, path: &str| Pattern::parse(pattern).unwrap().fits(&plain(path));
        for (pattern, path) in [
            ("/admin/*", "/admin"),
            ("/admin/*", "/admin/"),
            ("/admin/*", "/admin/a/b"),
            ("/admin", "/admin/"),
            ("/*/edit", "/a/b/edit"),
            ("/minwon/{id}/print", "/minwon/4711/print"),
            ("*.jsp", "/a/b.jsp"),
            ("/report*", "/reports/monthly"),
            ("/a/*/b/*", "/a/x/b"),
            ("/a/*/b/*", "/a/x/b/c"),
            ("/*", "/"),
        ] {
            assert!(fits(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/admin/*", "/administrator"),
            ("/admin", "/admin/x"),
            ("/*/edit", "/a/editor"),
            ("/a/*/b/*", "/a/x/bc"),
            ("*.jsp", "/a.jsp/b"),
        ] {
            assert!(!fits(pattern, path), "{pattern} {path}");
        }
        assert!(Pattern::parse("admin").is_err());
    }

    #[test]
    fn a_pattern_that_says_nothing_is_known() {
        for all in ["*", "/*", "/**", "/{x}", "//*"] {
            assert!(Pattern::parse(all).unwrap().is_everything(), "{all}");
        }
        for some in ["/", "/a", "/a/*", "/a*", "*.jsp"] {
            assert!(!Pattern::parse(some).unwrap().is_everything(), "{some}");
        }
        assert_eq!(Pattern::parse("/a/b*").unwrap().stem(), "/a");
        assert_eq!(Pattern::parse("/a/b/*").unwrap().stem(), "/a/b");
    }
}
