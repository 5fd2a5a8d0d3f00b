//! Database statements without their literals, so that calls of one statement add up and nothing of a user's
//! stays in it.
//!
//! Not a parser: words, numbers, quotes and comments are told apart, which every dialect of SQL has alike.
//! What a dialect could mean either way (`"x"` is a name in one and a text in another) is taken for a text,
//! unless the database is known to take it for a name. Systems that do not speak SQL send commands whose
//! arguments are data; of them only operation and collection are kept.

use super::attributes::Attributes;
use crate::field::clip;

/// Longest statement that is kept, in bytes.
const LONGEST: usize = 1_024;
/// Longest text that is read; what follows is cut off.
const LONGEST_READ: usize = 16 << 10;
/// What stands for a literal.
const LITERAL: &str = "?";

/// Databases that speak SQL as the standard has it: `"x"` is a name, and a backslash is one in a text.
const STANDARD: [&str; 16] = [
    "postgresql",
    "oracle",
    "oracle.db",
    "h2",
    "h2database",
    "hsqldb",
    "derby",
    "db2",
    "ibm.db2",
    "sqlite",
    "mssql",
    "microsoft.sql_server",
    "cockroachdb",
    "tibero",
    "cubrid",
    "edb",
];
/// Databases to which `"x"` is a text, and a backslash hides the quote behind it.
const MYSQL: [&str; 2] = ["mysql", "mariadb"];

/// System, namespace and statement of a database span called `name`.
pub(super) fn of(attributes: Attributes<'_>, name: &str) -> (String, String, String) {
    let text = |names: &[&str], limit| {
        attributes
            .text(names)
            .map(|text| clip(text, limit).to_owned())
    };
    let system = text(&["db.system.name", "db.system"], 64).unwrap_or_default();
    let namespace = text(&["db.namespace", "db.name"], 128).unwrap_or_default();
    let (standard, mysql) = (
        STANDARD.contains(&system.as_str()),
        MYSQL.contains(&system.as_str()),
    );
    let query = attributes.text(&["db.query.text", "db.statement"]);
    let statement = match query.filter(|_| standard || mysql) {
        Some(query) => normalise(query, standard),
        None => {
            let operation = attributes.text(&["db.operation.name", "db.operation"]);
            let collection = attributes.text(&[
                "db.collection.name",
                "db.sql.table",
                "db.mongodb.collection",
            ]);
            match (operation, collection) {
                (Some(operation), Some(collection)) => format!("{operation} {collection}"),
                (Some(operation), None) => operation.to_owned(),
                (None, _) => name.to_owned(),
            }
        }
    };
    let statement = clip(&statement, LONGEST).replace(char::is_control, " ");
    (system, namespace, statement)
}

/// A statement with `?` for every literal, one space between words, and lists of literals as one.
fn normalise(query: &str, standard: bool) -> String {
    let mut rest = clip(query, LONGEST_READ);
    let mut made = Normal::default();
    while let Some(first) = rest.chars().next() {
        if made.text.len() > LONGEST {
            break;
        }
        let length = match first {
            c if c.is_whitespace() => {
                made.gap = true;
                c.len_utf8()
            }
            '-' if rest.starts_with("--") => made.comment(rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                made.comment(rest.find("*/").map_or(rest.len(), |at| at + 2))
            }
            '\'' => made.literal(quoted(rest, '\'', !standard)),
            '"' if !standard => made.literal(quoted(rest, '"', true)),
            '"' => made.word(rest, quoted(rest, '"', false)),
            '`' => made.word(rest, quoted(rest, '`', false)),
            '$' => match dollar_quoted(rest) {
                Some(length) => made.literal(length),
                None => made.literal(1 + span(rest.get(1..).unwrap_or_default(), is_word)),
            },
            ':' | '@' if rest.chars().nth(1).is_some_and(is_word) => {
                made.literal(1 + span(rest.get(1..).unwrap_or_default(), is_word))
            }
            '?' => made.literal(1),
            '%' if rest.starts_with("%s") => made.literal(2),
            c if c.is_ascii_digit() => made.literal(span(rest, |c| is_word(c) || c == '.')),
            c if is_word(c) => {
                let length = span(rest, |c| is_word(c) || c == '.');
                // N'…', E'…', X'…' are texts with a letter before them; E is for backslashes.
                match rest
                    .get(length..)
                    .filter(|text| length == 1 && text.starts_with('\''))
                {
                    Some(text) => {
                        let escapes = !standard || matches!(c, 'e' | 'E');
                        made.literal(1 + quoted(text, '\'', escapes))
                    }
                    None => made.word(rest, length),
                }
            }
            c => made.sign(c),
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    made.text
}

/// A statement being written.
#[derive(Debug, Default)]
struct Normal {
    text: String,
    /// Whether there was space since the last word.
    gap: bool,
}

impl Normal {
    const fn comment(&mut self, length: usize) -> usize {
        self.gap = true;
        length
    }

    fn literal(&mut self, length: usize) -> usize {
        // One more of a list is no news: `?, ?` is `?`, and so is `(?), (?)`.
        if self.text.ends_with("?, ") {
            self.text.truncate(self.text.len() - 2);
            self.gap = false;
            return length;
        }
        self.push(LITERAL);
        length
    }

    fn word(&mut self, rest: &str, length: usize) -> usize {
        self.push(rest.get(..length).unwrap_or_default());
        length
    }

    fn sign(&mut self, sign: char) -> usize {
        match sign {
            ',' => {
                self.text.push_str(", ");
                self.gap = false;
            }
            ')' => {
                self.text.push(')');
                self.gap = false;
                if self.text.ends_with("(?), (?)") {
                    self.text.truncate(self.text.len() - "), (?)".len() + 1);
                }
            }
            ';' => {}
            sign => {
                let mut bytes = [0; 4];
                self.push(sign.encode_utf8(&mut bytes));
            }
        }
        sign.len_utf8()
    }

    fn push(&mut self, word: &str) {
        let open = self.text.is_empty() || self.text.ends_with([' ', '(']);
        if self.gap && !open {
            self.text.push(' ');
        }
        self.gap = false;
        self.text.push_str(word);
    }
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '#' || !c.is_ascii()
}

/// Bytes at the start of `text` whose characters pass.
fn span(text: &str, pass: impl Fn(char) -> bool) -> usize {
    text.find(|c| !pass(c)).unwrap_or(text.len())
}

/// Bytes of a quoted text with its quotes; a doubled quote, and with `escapes` one behind a backslash, do not
/// end it. A text that does not end is the rest.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && escapes {
            characters.next();
        } else if c == quote {
            if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return at + quote.len_utf8();
            }
        }
    }
    text.len()
}

/// Bytes of PostgreSQL's `$tag$ … $tag$`.
fn dollar_quoted(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('$')?;
    let tag = inside.get(..span(inside, |c| c.is_ascii_alphabetic() || c == '_'))?;
    inside.get(tag.len()..)?.strip_prefix('$')?;
    let mark = text.get(..tag.len() + 2)?;
    let body = text.get(mark.len()..)?;
    Some(
        body.find(mark)
            .map_or(text.len(), |at| mark.len() + at + mark.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, normal: &str) {
        assert_eq!(normalise(query, true), normal, "{query}");
    }

    #[test]
    fn literals_are_left_out() {
        check(
            "SELECT  name\n FROM users -- who\n WHERE id = 4711 AND ssn='900101-1234567' /* x */ AND a > 1.5e3;",
            "SELECT name FROM users WHERE id = ? AND ssn=? AND a > ?",
        );
        check(
            r"select 'it''s', E'a\'b', N'홍길동', $$x y$$, $t$z$t$",
            "select ?",
        );
        check(r"select 'a\', 'secret'", "select ?");
        assert_eq!(normalise(r"select 'a\', secret'", false), "select ?");
        check(
            "update t set a = $1, b = :name, c = @p WHERE d LIKE %s",
            "update t set a = ?, b = ?, c = ? WHERE d LIKE ?",
        );
        check(
            "select t1.c2 from \"Order\" t1",
            "select t1.c2 from \"Order\" t1",
        );
        assert_eq!(
            normalise("select \"secret\" from `t`", false),
            "select ? from `t`"
        );
        check("select 'never ends", "select ?");
    }

    #[test]
    fn lists_are_one_whatever_their_length() {
        check(
            "select * from t where id in (1,2, 3)",
            "select * from t where id in (?)",
        );
        check(
            "insert into t (a, b) values (1, 'x'), (2, 'y'),(3,'z')",
            "insert into t (a, b) values (?)",
        );
        check("values (?)", "values (?)");
    }

    #[test]
    fn a_long_statement_is_cut() {
        let made = normalise(&"select a from b where c = d and ".repeat(10_000), true);
        assert!(made.len() < LONGEST + 64, "{}", made.len());
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]
        #[test]
        fn no_text_makes_it_panic_or_lets_a_literal_through(
            head in "[a-z '\"$`\\\\\\-/*]{0,20}",
            secret in "[0-9]{6}",
        ) {
            let _ = normalise(&head, true);
            let query = format!("select x from t where a = '{secret}' and b = {secret} {head}");
            proptest::prop_assert!(!normalise(&query, true).contains(&secret));
        }
    }
}
