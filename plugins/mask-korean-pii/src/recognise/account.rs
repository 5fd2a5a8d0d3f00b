//! Bank account numbers. They have no form and no check digit of their own: only a label, or a bank's name in front, tells.

use std::ops::Range;

use super::numbers::Groups;
use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::{Text, is_word},
};

/// Banks' names as people write them; any word that ends in one counts.
const BANKS: [&str; 20] = [
    "은행",
    "뱅크",
    "농협",
    "수협",
    "신협",
    "축협",
    "새마을금고",
    "우체국",
    "기업",
    "국민",
    "신한",
    "카뱅",
    "케뱅",
    "토뱅",
    "KB",
    "NH",
    "IBK",
    "SC",
    "KDB",
    "저축",
];

/// How far a bank's name may stand in front of a number: `농협 계좌번호 301-…`.
const REACH: usize = 12;

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for row in Groups::rows(text, 5, |c| matches!(c, '-' | ' ')) {
        for groups in (1..=row.count())
            .rev()
            .filter_map(|n| row.first(n))
            .filter(Groups::stands_alone)
        {
            let range = groups.range();
            let digits = groups.digits();
            let spaced = range.clone().any(|i| text.at(i) == ' ');
            if !(9..=16).contains(&digits.len()) || digits.iter().all(|c| *c == '*') {
                continue;
            }
            let label = labels.at(range.start);
            let trust = match label {
                Some(Category::Account | Category::AccountOrUser) => Trust::Labelled,
                Some(
                    Category::Neutral
                    | Category::Phone
                    | Category::Card
                    | Category::Rrn
                    | Category::Geo,
                ) => continue,
                _ if !spaced && after_bank(text, &range) => Trust::Labelled,
                _ => continue,
            };
            hits.push(Hit::new(Kind::Account, trust, range));
            break;
        }
    }
}

/// Whether a bank's name stands in front of the number, with nothing but `계좌` and the like between.
fn after_bank(text: &Text, number: &Range<usize>) -> bool {
    let mut end = number.start;
    let reach = end.saturating_sub(REACH);
    while end > reach {
        let word_end = text.back(end, |c| matches!(c, ' ' | ':' | '(' | '[' | ')'));
        let start = text.back(word_end, is_word);
        if start == word_end {
            return false;
        }
        let word = text.string(start..word_end);
        if BANKS.iter().any(|bank| word.ends_with(bank)) {
            return true;
        }
        if !["계좌", "계좌번호", "번호", "통장", "입금", "출금", "예금"]
            .iter()
            .any(|w| word.ends_with(w))
        {
            return false;
        }
        end = start;
    }
    false
}
