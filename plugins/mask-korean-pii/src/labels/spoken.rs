//! Words in front of a value, with nothing but a blank (or an opening quote or bracket) between them.

use super::{Bond, Labels, pairs, quoted};
use crate::{
    category::{self, Category},
    text::{Text, is_hangul, is_word},
};

/// How far a spoken label reaches: a clause.
const REACH: usize = 48;

/// Reads every word that is a label.
pub(super) fn read(text: &Text, labels: &mut Labels) {
    let mut at = 0;
    while at < text.len() {
        if !is_word(text.at(at)) {
            at += 1;
            continue;
        }
        let end = text.find(at, |c| !is_word(c) && c != '_' && c != '.' && c != '-');
        word(text, at, end, labels);
        at = end.max(at + 1);
    }
}

fn word(text: &Text, start: usize, end: usize, labels: &mut Labels) {
    let name = text.string(start..end);
    let korean = name.chars().any(is_hangul);
    let found = if korean {
        category::of_korean(&name)
    } else {
        of_english(text, start, &name)
    };
    // `sp_verify_resident(…)`, `foreignerRegistration`: what follows may be the number, whatever its key.
    if !korean && speaks_of_residents(&name) {
        labels.mention(Category::Rrn);
    }
    let found = two_words(text, start, &name).or(found);
    let Some(category) = found else { return };
    labels.mention(category);
    if text.at(end) != ' ' && !matches!(text.at(end), '\'' | '"' | '(' | '[') {
        return;
    }
    let value = text.skip_blanks(end);
    if value - end > 1 || matches!(text.at(value), '=' | ':') {
        return;
    }
    if let Some(inside) = quoted(text, value) {
        labels.add(category, Bond::Spoken, inside, true);
        return;
    }
    let value = value + usize::from(matches!(text.at(value), '(' | '['));
    let clause = pairs::open_end(text, value);
    let token = matches!(
        category,
        Category::UserId | Category::Token | Category::Password | Category::UserName
    );
    let value_end = if token {
        text.find_near(value, clause - value, |c| c == ' ')
    } else {
        clause.min(value + REACH)
    };
    labels.add(category, Bond::Spoken, value..value_end, false);
}

/// Asked of every English word, so the letters are looked at before they are split into words.
fn speaks_of_residents(name: &str) -> bool {
    const ROOTS: [&str; 5] = ["resident", "jumin", "rrn", "ssn", "foreigner"];
    let within = |root: &&str| {
        let windows = name.as_bytes().windows(root.len());
        windows
            .into_iter()
            .any(|part| part.eq_ignore_ascii_case(root.as_bytes()))
    };
    ROOTS.iter().any(within)
        && category::words(name)
            .iter()
            .any(|word| ROOTS.contains(&word.as_str()))
}

/// `사용자 ID`, `접속 IP`, `API 키`, `세션 아이디`, `user ID`, `session id`.
fn two_words(text: &Text, start: usize, second: &str) -> Option<Category> {
    let bare = category::without_particle(second).unwrap_or(second);
    const SHORT: [&str; 9] = [
        "id",
        "ip",
        "키",
        "아이디",
        "아이피",
        "key",
        "no",
        "번호",
        "주소",
    ];
    let short = |word: &str| SHORT.iter().any(|s| s.eq_ignore_ascii_case(word));
    if !(short(second) || short(bare)) || text.before(start) != ' ' {
        return None;
    }
    let second = if short(second) { second } else { bare };
    let first = text.string(text.back(start - 1, is_word)..start - 1);
    if first.is_empty() {
        return None;
    }
    let joined = format!("{first}{second}");
    if joined.chars().any(is_hangul) {
        category::of_korean(&joined)
    } else {
        category::of_key(&format!("{first}_{second}"), &[])
    }
}

/// English words that name a value in prose. Most keys are common words there and mean nothing.
fn of_english(text: &Text, start: usize, name: &str) -> Option<Category> {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "user" | "username" | "login" => Some(Category::UserId),
        "account" if text.at(start + 7) == ' ' => None,
        "bearer" | "basic" => Some(Category::Token),
        "ssn" | "rrn" => Some(Category::Rrn),
        "client" => Some(Category::ClientIp),
        "upstream" | "server" | "host" | "backend" | "to" => Some(Category::ServerIp),
        _ => {
            let found = category::of_lone_key(name)?;
            let prose = matches!(
                found,
                Category::Phone
                    | Category::Card
                    | Category::Passport
                    | Category::Plate
                    | Category::Rrn
                    | Category::DriverLicense
                    | Category::Geo
                    | Category::Birth
                    | Category::Account
                    | Category::Email
            );
            prose.then_some(found)
        }
    }
}
