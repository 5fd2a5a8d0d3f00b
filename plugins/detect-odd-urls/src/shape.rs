//! What a request target looks like when somebody tries a door. Shapes of attacks that people know, each one word.
//!
//! It never decodes more than `%xx` once, and never keeps the text.

/// A shape that ordinary use does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `../` out of the folder.
    Traversal,
    /// SQL in a parameter.
    Sql,
    /// Markup in a parameter.
    Script,
    /// A look-up or command in a parameter.
    Command,
    /// A file that servers hide.
    HiddenFile,
}

impl Shape {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Traversal => "path traversal",
            Self::Sql => "SQL",
            Self::Script => "script",
            Self::Command => "command",
            Self::HiddenFile => "hidden file",
        }
    }

    pub(crate) const fn korean(self) -> &'static str {
        match self {
            Self::Traversal => "경로 이탈",
            Self::Sql => "SQL 삽입",
            Self::Script => "스크립트 삽입",
            Self::Command => "명령 삽입",
            Self::HiddenFile => "숨김 파일",
        }
    }
}

/// Words that betray a shape. Lower case; blanks as they are after decoding.
const SIGNS: [(&str, Shape); 24] = [
    ("../", Shape::Traversal),
    ("..\\", Shape::Traversal),
    ("/etc/passwd", Shape::Traversal),
    ("/web-inf/", Shape::HiddenFile),
    ("/.git/", Shape::HiddenFile),
    ("/.env", Shape::HiddenFile),
    ("/.svn/", Shape::HiddenFile),
    ("/.aws/", Shape::HiddenFile),
    ("/wp-login.php", Shape::HiddenFile),
    ("/phpmyadmin", Shape::HiddenFile),
    ("union select", Shape::Sql),
    ("union all select", Shape::Sql),
    ("' or '", Shape::Sql),
    ("' or 1=1", Shape::Sql),
    (" or 1=1--", Shape::Sql),
    ("sleep(", Shape::Sql),
    ("information_schema", Shape::Sql),
    ("<script", Shape::Script),
    ("javascript:", Shape::Script),
    ("onerror=", Shape::Script),
    ("${jndi:", Shape::Command),
    ("$(", Shape::Command),
    ("`id`", Shape::Command),
    (";cat ", Shape::Command),
];

/// Longest target that is looked at; what comes after it is not.
const LONGEST: usize = 2_048;

/// The first shape that `target` shows.
pub(crate) fn of(target: &str, scratch: &mut Vec<u8>) -> Option<Shape> {
    // Nearly every target is clean, and one pass tells.
    let bytes = target.as_bytes();
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
    let suspect = bytes.iter().any(|b| {
        matches!(
            b,
            b'%' | b'+' | b'\'' | b'<' | b'$' | b'`' | b';' | b'\\' | b'(' | b':' | b'='
        )
    }) || bytes
        .windows(2)
        .any(|two| matches!(two, b".." | b"/." | b"/W" | b"/w" | b"/p" | b"/e"));
    if !suspect {
        return None;
    }
    decode(bytes, scratch);
    SIGNS
        .iter()
        .find(|(sign, _)| contains(scratch, sign.as_bytes()))
        .map(|(_, shape)| *shape)
}

fn decode(bytes: &[u8], into: &mut Vec<u8>) {
    into.clear();
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        let decoded = match byte {
            b'+' => b' ',
            b'%' => match rest.as_slice() {
                [high, low, ..] => match (digit(*high), digit(*low)) {
                    (Some(high), Some(low)) => {
                        rest.nth(1);
                        high * 16 + low
                    }
                    _ => byte,
                },
                _ => byte,
            },
            _ => byte,
        };
        into.push(decoded.to_ascii_lowercase());
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn contains(text: &[u8], sign: &[u8]) -> bool {
    let Some((&first, rest)) = sign.split_first() else {
        return false;
    };
    text.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == first)
        .any(|(at, _)| {
            text.get(at + 1..)
                .is_some_and(|after| after.starts_with(rest))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(target: &str) -> Option<Shape> {
        of(target, &mut Vec::new())
    }

    #[test]
    fn attacks_are_told_by_their_shape_however_they_are_written() {
        assert_eq!(
            shape("/file?name=..%2F..%2fetc/passwd"),
            Some(Shape::Traversal)
        );
        assert_eq!(shape("/list?id=1+UNION%20SELECT+1"), Some(Shape::Sql));
        assert_eq!(shape("/q?x=%3CScRiPt%3Ealert(1)"), Some(Shape::Script));
        assert_eq!(shape("/?x=${jndi:ldap://a}"), Some(Shape::Command));
        assert_eq!(shape("/.git/config"), Some(Shape::HiddenFile));
        assert_eq!(shape("/WEB-INF/web.xml"), Some(Shape::HiddenFile));
    }

    #[test]
    fn ordinary_targets_and_broken_escapes_have_none() {
        for target in [
            "/minwon/4711?page=2&sort=-date",
            "/search?q=%EB%AF%BC%EC%9B%90+%EC%8B%A0%EC%B2%AD",
            "/a.b/c..d?x=1;y=2",
            "/union/select-committee",
            "/%",
            "/%2",
            "/%zz",
            "",
        ] {
            assert_eq!(shape(target), None, "{target}");
        }
        assert_eq!(shape(&format!("/{}<script", "a".repeat(3_000))), None);
    }
}
