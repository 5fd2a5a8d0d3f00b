//! Finds which parts of a text stand under which label: `key=value`, `"key": "value"` and what it is nested in, columns and
//! values of SQL, parameters bound to placeholders, and words in front of a value (`여권번호 M123A4567`).
//!
//! It reads any text the same way; a URL, a log line and JSON inside a log line need no telling apart. It never decides
//! what is masked.

mod pairs;
mod spoken;
mod sql;

use std::{collections::BTreeSet, ops::Range};

use crate::{category::Category, text::Text};

/// No value is longer, in characters; what is behind it is read as if it had no label.
const LONGEST: usize = 512;

/// How a label stands to its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bond {
    /// A separator, a column or a placeholder: nothing but the value is meant.
    Tied,
    /// A word in front of it: the value is perhaps something else.
    Spoken,
}

/// A stretch of text and what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) category: Category,
    pub(crate) bond: Bond,
    /// The value in quotes, or all that may belong to it.
    pub(crate) value: Range<usize>,
    pub(crate) quoted: bool,
}

/// The labels of a text.
pub(crate) struct Labels {
    labels: Vec<Label>,
    mentioned: BTreeSet<Category>,
    /// For every character the category of the label that counts there.
    by_place: Vec<Option<Category>>,
}

impl Labels {
    /// Reads a text.
    pub(crate) fn read(text: &Text) -> Self {
        let mut labels = Self {
            labels: Vec::new(),
            mentioned: BTreeSet::new(),
            by_place: vec![None; text.len()],
        };
        let statement = sql::read(text, &mut labels);
        let placeholders = pairs::read(text, &statement, &mut labels);
        sql::read_parameters(text, &placeholders, &mut labels);
        spoken::read(text, &mut labels);
        labels.settle();
        labels
    }

    /// A tied label counts before a spoken one, and among equals the one that starts last.
    fn settle(&mut self) {
        self.labels
            .sort_by_key(|label| (label.bond == Bond::Tied, label.value.start));
        for label in &self.labels {
            self.by_place[label.value.clone()].fill(Some(label.category));
        }
    }

    /// All labels of one of these categories.
    pub(crate) fn of<'a>(&'a self, categories: &'a [Category]) -> impl Iterator<Item = &'a Label> {
        self.labels
            .iter()
            .filter(|label| categories.contains(&label.category))
    }

    /// The category of the value that holds `at`.
    pub(crate) fn at(&self, at: usize) -> Option<Category> {
        self.by_place.get(at).copied().flatten()
    }

    /// Whether the text speaks of such a thing anywhere.
    pub(crate) fn mentions(&self, category: Category) -> bool {
        self.mentioned.contains(&category)
    }

    fn add(&mut self, category: Category, bond: Bond, value: Range<usize>, quoted: bool) {
        self.mentioned.insert(category);
        let value = value.start
            ..value
                .end
                .min(value.start + LONGEST)
                .min(self.by_place.len());
        if value.start < value.end {
            self.labels.push(Label {
                category,
                bond,
                value,
                quoted,
            });
        }
    }

    fn mention(&mut self, category: Category) {
        self.mentioned.insert(category);
    }
}

/// Behind the `N` of SQL's `N'…'`, if that is what stands at `at`.
fn behind_prefix(text: &Text, at: usize) -> usize {
    at + usize::from(matches!(text.at(at), 'N' | 'n') && text.at(at + 1) == '\'')
}

/// The inside of a quoted string whose opening quote is at `at`, if one is there and it is closed. Quotes of SQL that are
/// doubled belong to the string.
fn quoted(text: &Text, at: usize) -> Option<Range<usize>> {
    let quote = text.at(at);
    if !matches!(quote, '"' | '\'' | '`') {
        return None;
    }
    let mut end = at + 1;
    loop {
        end = text.find_near(end, LONGEST, |c| c == quote);
        if text.at(end) != quote {
            return None;
        }
        if text.at(end + 1) != quote || quote != '\'' {
            return Some(at + 1..end);
        }
        end += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[(Category, &str)]) {
        let text = Text::new(source);
        let labels = Labels::read(&text);
        for (category, value) in expected {
            let found: Vec<String> = labels
                .of(&[*category])
                .map(|l| text.string(l.value.clone()))
                .collect();
            assert!(
                found.iter().any(|v| v == value),
                "{source}: {category:?} {value:?}, found {found:?}"
            );
        }
    }

    #[test]
    fn pairs_of_logs_urls_and_json() {
        use Category::*;
        check(
            "userId=soldam77 name=한다솔",
            &[(UserId, "soldam77"), (MaybeName, "한다솔")],
        );
        check(
            "/login?userId=hayul.j&redirect=%2Fmain",
            &[(UserId, "hayul.j")],
        );
        check("a curl -H \"X-Api-Key: abc def\"", &[(Token, "abc def")]);
        check(
            r#"{"user":{"id":"daon_you"},"menu":[{"name":"김치전"}]}"#,
            &[(UserId, "daon_you"), (Thing, "김치전")],
        );
        check(
            "신청인: 구본아, 연락처: 010",
            &[(MaybeName, "구본아"), (Phone, "010")],
        );
        check("Key (login_id)=(yerin_h) already", &[(UserId, "yerin_h")]);
        check(
            "Reporter: Olivia Brandtner, phone 1",
            &[(MaybeName, "Olivia Brandtner")],
        );
    }

    #[test]
    fn columns_and_placeholders_of_sql() {
        use Category::*;
        check(
            "INSERT INTO t (card_no, exp, lat) VALUES ('4111', 'a,b)', 36.5), ('4222', NULL, 36.6)",
            &[(Card, "4111"), (Card, "4222"), (Geo, "36.5"), (Geo, "36.6")],
        );
        check(
            "SELECT nm FROM minwon WHERE tel IN ('010', '011')",
            &[(Phone, "010"), (Phone, "011")],
        );
        check(
            "WHERE cust_nm = ? AND tel = ? /* params: [박주온, 010, 20] */",
            &[(Name, "박주온"), (Phone, "010")],
        );
        check(
            "full_name=$1 and dob=$2 -- bound: 'Daniel Hartwell', '1991'",
            &[(Name, "Daniel Hartwell"), (Birth, "1991")],
        );
        check(
            "INSERT INTO m (member_nm, x) VALUES (?, ?) ==> Parameters: 최아린(String), 1(Long)",
            &[(Name, "최아린")],
        );
    }

    #[test]
    fn words_in_front_of_values() {
        use Category::*;
        check(
            "여권번호 M396B4977 로 조회",
            &[(Passport, "M396B4977 로 조회")],
        );
        check(
            "[AUTH] 사용자 ID jaemin_oh 접속 IP 192.0.2.77",
            &[(UserId, "jaemin_oh"), (ClientIp, "192.0.2.77")],
        );
        check("user 'luan.song' locked", &[(UserId, "luan.song")]);
    }
}
