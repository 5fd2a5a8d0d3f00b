//! PHP's session formats, as far as finding one variable needs: `php` (`name|value` again and again, the
//! default) and `php_serialize` (one array of all).
//!
//! Reads lengths and types and never makes an object of anything; a format it does not know to the end is
//! unreadable, not half read.

use super::{Found, path::Path};

/// Deepest nesting of arrays and objects.
const DEEPEST: usize = 32;

/// The user named by the variable (and places within it) that `path` says.
pub(super) fn find(value: &[u8], path: &Path) -> Found {
    let mut reader = Reader { rest: value };
    let found = if value.starts_with(b"a:") {
        reader.value(Some(path.steps()), 0)
    } else {
        reader.variables(path.steps())
    };
    match found {
        Some(found) if reader.rest.is_empty() => found,
        _ => Found::Unreadable,
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

/// A name in an array or object.
enum Name<'a> {
    Text(&'a [u8]),
    Number(&'a [u8]),
}

impl Name<'_> {
    fn is(&self, step: &str) -> bool {
        let (Self::Text(name) | Self::Number(name)) = self;
        *name == step.as_bytes()
    }
}

impl<'a> Reader<'a> {
    /// `name|value` until the end.
    fn variables(&mut self, steps: &[Box<str>]) -> Option<Found> {
        let (step, below) = steps.split_first()?;
        let mut found = Found::Nobody;
        while !self.rest.is_empty() {
            let name = Name::Text(self.until(b'|')?);
            if name.is(step) {
                found = self.value(Some(below), 0)?;
            } else {
                self.value(None, 0)?;
            }
        }
        Some(found)
    }

    /// One value: the user id at the end of `steps`, if it is in there. Without steps it is skipped.
    fn value(&mut self, steps: Option<&[Box<str>]>, depth: usize) -> Option<Found> {
        let (&kind, rest) = self.rest.split_first()?;
        self.rest = rest;
        let user = |text: &[u8]| match steps {
            Some([]) => std::str::from_utf8(text).map_or(Found::Unreadable, Found::user),
            _ => Found::Nobody,
        };
        let found = match kind {
            b's' => {
                self.expect(b":")?;
                let text = self.text()?;
                self.expect(b";")?;
                user(text)
            }
            b'i' => {
                self.expect(b":")?;
                user(self.until(b';')?)
            }
            // A truth value, a fraction, or a reference to an earlier value.
            b'b' | b'd' | b'r' | b'R' => {
                self.expect(b":")?;
                self.until(b';')?;
                Found::Nobody
            }
            b'N' => {
                self.expect(b";")?;
                Found::Nobody
            }
            b'E' => {
                self.expect(b":")?;
                self.text()?;
                self.expect(b";")?;
                Found::Nobody
            }
            b'a' => {
                self.expect(b":")?;
                return self.entries(steps, depth);
            }
            b'O' => {
                self.expect(b":")?;
                self.text()?;
                self.expect(b":")?;
                return self.entries(steps, depth);
            }
            // `C` and what may come later hold bytes only their class can read.
            _ => return None,
        };
        Some(found)
    }

    /// `count:{name value …}`.
    fn entries(&mut self, steps: Option<&[Box<str>]>, depth: usize) -> Option<Found> {
        let count = self.number(b':')?;
        self.expect(b"{")?;
        if depth == DEEPEST {
            return None;
        }
        let mut found = Found::Nobody;
        for _ in 0..count {
            let name = self.name()?;
            match steps.and_then(<[_]>::split_first) {
                Some((step, below)) if name.is(step) => {
                    found = self.value(Some(below), depth + 1)?
                }
                _ => drop(self.value(None, depth + 1)?),
            }
        }
        self.expect(b"}")?;
        Some(found)
    }

    fn name(&mut self) -> Option<Name<'a>> {
        let (&kind, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.expect(b":")?;
        match kind {
            b'i' => self.until(b';').map(Name::Number),
            b's' => {
                let text = self.text()?;
                self.expect(b";")?;
                Some(Name::Text(text))
            }
            _ => None,
        }
    }

    /// `length:"bytes"`.
    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number(b':')?;
        self.expect(b"\"")?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        self.expect(b"\"")?;
        Some(text)
    }

    fn number(&mut self, end: u8) -> Option<usize> {
        std::str::from_utf8(self.until(end)?).ok()?.parse().ok()
    }

    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.rest.iter().position(|byte| *byte == end)?;
        let (taken, rest) = self.rest.split_at_checked(at)?;
        self.rest = rest.get(1..)?;
        Some(taken)
    }

    fn expect(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, value: &str, expected: Option<&str>) {
        let expected = expected.map_or(Found::Nobody, |text| Found::User(text.into()));
        assert_eq!(
            find(value.as_bytes(), &Path::parse(path).unwrap()),
            expected
        );
    }

    #[test]
    fn variables_of_both_formats_are_found() {
        check("user", r#"user|s:5:"alice";"#, Some("alice"));
        check(
            "user",
            r#"n|i:1;b|b:1;d|d:0.5;z|N;user|s:6:"김";t|i:9;"#.replace("6:", "3:").as_str(),
            Some("김"),
        );
        check("user", r#"user|i:42;"#, Some("42"));
        check(
            "login.id",
            r#"a|a:0:{}login|a:2:{s:2:"id";s:3:"kim";i:0;b:0;}"#,
            Some("kim"),
        );
        check(
            "user.name",
            r#"user|O:4:"User":2:{s:4:"name";s:3:"kim";s:1:"e";E:7:"Suit:Up";}"#,
            Some("kim"),
        );
        check(
            "user",
            r#"a:2:{s:4:"lang";s:2:"ko";s:4:"user";s:3:"kim";}"#,
            Some("kim"),
        );
        check(
            "user",
            r#"text|s:14:"user|s:3:"no";";user|s:3:"kim";"#,
            Some("kim"),
        );
        check("user", "", None);
        check("user", "lang|N;", None);
        check("user", "user|N;", None);
        check("user", "user|b:1;", None);
        check("user.id", r#"user|s:3:"kim";"#, None);
    }

    #[test]
    fn what_is_not_understood_to_the_end_is_unreadable() {
        let deep = format!("x|{}{}", "a:1:{i:0;".repeat(40), "}".repeat(40));
        for value in [
            r#"user|s:9:"kim";"#,
            r#"user|s:3:"kim""#,
            r#"user|s:3:"kim";x|C:3:"Foo":2:{ab}"#,
            "user",
            "user|",
            "a:99999999999:{}",
            "a:1:{i:0;i:1;",
            "user|s:18446744073709551615:\"kim\";",
            deep.as_str(),
        ] {
            let path = Path::parse("user").unwrap();
            assert_eq!(find(value.as_bytes(), &path), Found::Unreadable, "{value}");
        }
    }
}
