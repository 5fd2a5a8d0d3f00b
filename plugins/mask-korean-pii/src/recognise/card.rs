//! Payment card numbers: 13 to 19 digits with a known first digit and Luhn's check digit.
//!
//! Four groups of four (or 4-6-5) are a card's form and need no check digit: a mistyped number is still most of one.
//! Digits without groups need it, and no label that says otherwise.

use super::numbers::{Groups, values};
use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::Text,
};

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for row in Groups::rows(text, 5, |c| matches!(c, '-' | ' ' | '.')) {
        let candidates = (1..=row.count())
            .rev()
            .filter_map(|n| row.first(n))
            .filter(Groups::stands_alone);
        for groups in candidates {
            let range = groups.range();
            if let Some(trust) = judge(&groups, labels.at(range.start)) {
                hits.push(Hit::new(Kind::Card, trust, range));
                break;
            }
        }
    }
}

fn judge(groups: &Groups<'_>, label: Option<Category>) -> Option<Trust> {
    let digits = groups.digits();
    if !(13..=19).contains(&digits.len()) || digits.iter().all(|c| *c == '*') {
        return None;
    }
    let grouped = matches!(
        groups.shape().as_slice(),
        [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3]
    );
    if label == Some(Category::Card) {
        return Some(Trust::Labelled);
    }
    let other = matches!(
        label,
        Some(
            Category::Neutral
                | Category::Account
                | Category::Rrn
                | Category::Phone
                | Category::Geo
                | Category::Thing
        )
    );
    let numbers = values(&digits);
    if other || !issued(&digits) {
        return None;
    }
    let checked = numbers.is_some_and(|n| luhn(&n)) && digits.len() >= 14;
    match (grouped, groups.count(), checked) {
        (true, ..) => Some(Trust::Shape),
        (false, 1, true) => Some(Trust::Context),
        _ => None,
    }
}

/// First digits that card networks have: 3, 4, 5, 6, 9 (domestic), 2221–2720.
fn issued(digits: &[char]) -> bool {
    let first: String = digits.iter().take(4).collect();
    matches!(first.chars().next(), Some('3' | '4' | '5' | '6' | '9'))
        || matches!(first.parse(), Ok(2221..=2720))
}

fn luhn(digits: &[u32]) -> bool {
    let double = |d: u32| if d > 4 { d * 2 - 9 } else { d * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 1 { double(*d) } else { *d })
        .sum();
    sum % 10 == 0
}
