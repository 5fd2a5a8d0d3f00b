//! What a key, a column or a word in front of a value says the value is.

mod english;
mod korean;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use crate::text::is_hangul;
use english::{KEYS, PERSON, THING};
use korean::KOREAN;

/// What stands under a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    /// A person's name.
    Name,
    /// A name that may be a person's: `name`, or someone's role.
    MaybeName,
    /// A user's name: in Korean systems often the real one, elsewhere the login.
    UserName,
    Phone,
    Email,
    Rrn,
    Card,
    Account,
    /// `account`: a bank's or a user's.
    AccountOrUser,
    Passport,
    DriverLicense,
    Plate,
    Address,
    Birth,
    ClientIp,
    ServerIp,
    Geo,
    UserId,
    /// Perhaps a login name: `id`, or a message about a login.
    MaybeUserId,
    Password,
    Token,
    /// A number or code that identifies a thing: order, document, trace, time, version, amount.
    Neutral,
    /// A name of a thing: product, file, service.
    Thing,
}

use Category::{Address, MaybeName, MaybeUserId, Name, Neutral, Thing};

/// The category of an English key, written in any of the usual ways (`user_nm`, `userNm`, `USER-NM`); `parent` are the words
/// of what it stands in (an outer key, a table).
pub(crate) fn of_key(key: &str, parent: &[String]) -> Option<Category> {
    if key.chars().any(is_hangul) {
        let found = of_korean(
            &key.chars()
                .filter(|c| !matches!(c, '_' | '-' | ' '))
                .collect::<String>(),
        );
        // `신규 가입 id`: a word of prose in front of a key.
        let last = key.rsplit(' ').next().filter(|last| last.is_ascii());
        return found.or_else(|| last.and_then(|last| of_key(last, parent)));
    }
    let words = words(key);
    by_words(&words, parent)
}

/// As [`of_key`] without a parent. Logs say the same words again and again, so answers are remembered, as far as they are few
/// and short.
pub(crate) fn of_lone_key(key: &str) -> Option<Category> {
    const MOST: usize = 4_096;
    const LONGEST: usize = 40;
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Option<Category>>> = RefCell::default();
    }
    if key.len() > LONGEST {
        return of_key(key, &[]);
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(found) = known.get(key) {
            return *found;
        }
        if known.len() >= MOST {
            known.clear();
        }
        let found = of_key(key, &[]);
        known.insert(key.to_owned(), found);
        found
    })
}

fn by_words(words: &[String], parent: &[String]) -> Option<Category> {
    let last = words.last()?.as_str();
    if matches!(last, "name" | "nm") && words.len() == 1 {
        return Some(of_bare_name(parent));
    }
    let short = matches!(
        last,
        "no" | "num" | "number" | "id" | "value" | "key" | "addr" | "nbr"
    );
    if words.len() == 1 && short && !parent.is_empty() {
        let mut joined = parent.to_vec();
        joined.extend_from_slice(words);
        let found = by_end(&joined).filter(|_| last != "key");
        return found.or_else(|| by_end(words)).or(Some(Neutral));
    }
    if let Some(found) = by_end(words) {
        return Some(found);
    }
    // `UsernameNotFoundException: kim_cs`
    if last == "exception"
        && words.iter().any(|w| {
            matches!(
                w.as_str(),
                "user" | "username" | "member" | "account" | "login"
            )
        })
    {
        return Some(MaybeUserId);
    }
    let before = words.len().checked_sub(2).map(|i| words[i].as_str());
    match (last, before) {
        ("name" | "nm", Some(before)) if PERSON.has(before) => Some(Name),
        ("name" | "nm", Some(before)) if THING.has(before) => Some(Thing),
        ("name" | "nm", Some(_)) => Some(MaybeName),
        (
            "no" | "num" | "number" | "seq" | "id" | "cd" | "code" | "key" | "dt" | "date" | "at"
            | "ymd" | "ms",
            Some(_),
        ) => Some(Neutral),
        ("addr" | "address", _) => Some(Address),
        (_, None) if last.len() > 4 => compound(last),
        _ => None,
    }
}

/// A key of several words that were written as one: `custnm`, `empname`.
fn compound(key: &str) -> Option<Category> {
    let front = key
        .strip_suffix("name")
        .or_else(|| key.strip_suffix("nm"))?;
    Some(if PERSON.has(front) { Name } else { Thing })
}

/// `name` alone is whatever it stands in.
fn of_bare_name(parent: &[String]) -> Category {
    match parent.iter().rev().find_map(|word| {
        let thing = THING.has(word).then_some(Thing);
        thing.or_else(|| (PERSON.has(word) || word == "resident").then_some(Name))
    }) {
        Some(found) => found,
        None => MaybeName,
    }
}

/// The longest end of a key that is known, of up to three words.
fn by_end(words: &[String]) -> Option<Category> {
    (1..=words.len().min(3)).rev().find_map(|n| {
        static TABLE: OnceLock<Table> = OnceLock::new();
        let table = TABLE.get_or_init(|| table(KEYS));
        let joined = words[words.len() - n..].concat();
        // `addr1`, `tel2` are numbered keys; `sha256` is a word.
        let unnumbered = joined.trim_end_matches(|c: char| c.is_ascii_digit());
        table
            .get(joined.as_str())
            .or_else(|| table.get(unnumbered))
            .copied()
    })
}

type Table = BTreeMap<&'static str, Category>;

/// The lists as a table; a word in two lists belongs to the first.
fn table(lists: &'static [(Category, &'static str)]) -> Table {
    let mut table = Table::new();
    for (category, list) in lists {
        for word in list.split_ascii_whitespace() {
            table.entry(word).or_insert(*category);
        }
    }
    table
}

/// The category of a Korean word or words written without blanks: its longest end that is known. A particle at its end
/// is not part of it.
pub(crate) fn of_korean(word: &str) -> Option<Category> {
    let upper: String = word.chars().map(|c| c.to_ascii_uppercase()).collect();
    let mut bare = upper.as_str();
    for _ in 0..2 {
        if let Some(found) = by_korean_end(bare) {
            return Some(found);
        }
        bare = without_particle(bare)?;
    }
    None
}

fn by_korean_end(word: &str) -> Option<Category> {
    static TABLE: OnceLock<Table> = OnceLock::new();
    let table = TABLE.get_or_init(|| table(KOREAN));
    word.char_indices()
        .find_map(|(at, _)| table.get(&word[at..]).copied())
}

/// A Korean word less the particle it ends with.
pub(crate) fn without_particle(word: &str) -> Option<&str> {
    without_particles(word).next()
}

/// A Korean word less each of the particles that it may end with: `추이랑` is `추` with one and `추이` with another.
pub(crate) fn without_particles(word: &str) -> impl Iterator<Item = &str> {
    const PARTICLES: &str = "으로 에서 에게 께서 부터 까지 한테 이랑 하고 라고 이 가 은 는 을 를 의 로 에 도 와 과 만 랑 님";
    // Most words of a log are English, and none of them ends with a particle.
    let particles = if word.ends_with(is_hangul) {
        PARTICLES
    } else {
        ""
    };
    particles
        .split(' ')
        .filter(|particle| !particle.is_empty())
        .filter_map(move |particle| word.strip_suffix(particle))
        .filter(|rest| !rest.is_empty())
}

/// The words of a key: split at anything but letters and digits, and where lower case turns upper. Words of digits only
/// number a key and say nothing.
pub(crate) fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    let chars: Vec<char> = key.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let next_lower = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        let starts = !previous.is_ascii_alphanumeric()
            || (c.is_ascii_uppercase()
                && (previous.is_ascii_lowercase()
                    || (previous.is_ascii_uppercase() && next_lower)));
        if c.is_ascii_alphanumeric() {
            match words.last_mut() {
                Some(word) if !starts => word.push(c.to_ascii_lowercase()),
                _ => words.push(c.to_ascii_lowercase().to_string()),
            }
        }
        previous = c;
    }
    words.retain(|word| !word.bytes().all(|b| b.is_ascii_digit()));
    words
}

/// Whether `word` is one of the words of `list`.
pub(crate) fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

#[cfg(test)]
mod tests {
    use super::Category::*;
    use super::*;

    #[test]
    fn keys_are_known_however_they_are_written() {
        for (key, category) in [
            ("userId", Some(UserId)),
            ("USER_ID", Some(UserId)),
            ("userid", Some(UserId)),
            ("X-Forwarded-For", Some(ClientIp)),
            ("t.passport_no", Some(Passport)),
            ("homeTel", Some(Phone)),
            ("hotel", None),
            ("cust_nm", Some(Name)),
            ("empNm", Some(Name)),
            ("product_nm", Some(Thing)),
            ("service.name", Some(Thing)),
            ("jsessionid", Some(Token)),
            ("JSESSIONID", Some(Token)),
            ("max_tokens", None),
            ("stl_no", Some(Neutral)),
            ("addr1", Some(Address)),
            ("remoteAddr", Some(ClientIp)),
            ("p50_ms", Some(Neutral)),
            ("법인등록번호", Some(Neutral)),
            ("사용자 ID", Some(UserId)),
        ] {
            assert_eq!(of_key(key, &[]), category, "{key}");
        }
    }

    #[test]
    fn a_bare_name_is_whose_it_stands_in() {
        let of = |parent: &str| of_key("name", &words(parent));
        assert_eq!(of(""), Some(MaybeName));
        assert_eq!(of("menu"), Some(Thing));
        assert_eq!(of("applicant"), Some(Name));
        assert_eq!(of_key("no", &words("passport")), Some(Passport));
        assert_eq!(of_key("id", &words("user")), Some(UserId));
    }

    #[test]
    fn korean_labels_are_known_behind_other_words_and_before_particles() {
        assert_eq!(of_korean("고객전화"), Some(Phone));
        assert_eq!(of_korean("생년월일이"), Some(Birth));
        assert_eq!(of_korean("운전면허번호"), Some(DriverLicense));
        assert_eq!(of_korean("접속IP"), Some(ClientIp));
        assert_eq!(of_korean("점심"), None);
    }
}
