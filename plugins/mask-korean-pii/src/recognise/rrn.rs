//! Resident and foreigner registration numbers: `YYMMDD-SNNNNNC`.
//!
//! S tells sex and century (1–4 citizens, 5–8 foreigners). C is a check digit for numbers given before October 2020;
//! later ones are random behind S, so a wrong check digit proves nothing. A date of birth and S are always there. Thirteen
//! digits without the dash are also what times in milliseconds and EAN-13 codes look like; those need a label or a
//! valid check digit.

use super::numbers::{Groups, pair, values};
use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::Text,
};

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for row in Groups::rows(text, 2, |c| matches!(c, '-' | ' ' | '.' | '_')) {
        let two = row
            .first(2)
            .filter(|g| g.shape()[0] == 6 && matches!(g.shape()[1], 1 | 7));
        let one = row.first(1).filter(|g| g.shape() == [13]);
        let half = row
            .first(1)
            .filter(|g| matches!(g.shape().as_slice(), [6 | 7]));
        for groups in [two, one, half]
            .into_iter()
            .flatten()
            .filter(Groups::stands_alone)
        {
            let range = groups.range();
            let label = labels.at(range.start);
            if let Some(trust) = judge(&groups, label, labels.mentions(Category::Rrn)) {
                hits.push(Hit::new(Kind::Rrn, trust, range));
                break;
            }
        }
    }
}

fn judge(groups: &Groups<'_>, label: Option<Category>, mentioned: bool) -> Option<Trust> {
    let digits = groups.digits();
    let whole = digits.len() == 13;
    if label == Some(Category::Rrn) && whole {
        return Some(Trust::Labelled);
    }
    // `jumin1`, `jumin2`: forms ask for the two parts apart.
    if groups.count() == 1 && !whole {
        return (label == Some(Category::Rrn)).then_some(Trust::Labelled);
    }
    let sex = digits.get(6)?.to_digit(10);
    if !is_date(&digits) || sex.is_some_and(|s| s == 0 || s == 9) {
        return None;
    }
    let neutral = matches!(
        label,
        Some(
            Category::Neutral
                | Category::Phone
                | Category::Account
                | Category::Card
                | Category::Geo
                | Category::Thing
        )
    );
    match (groups.count(), whole) {
        // The birth date with the digit for sex is what Korean forms ask for.
        (_, false) => (mentioned && sex.is_some()).then_some(Trust::Context),
        (2, true) if !neutral => Some(Trust::Shape),
        (1, true) if mentioned && !neutral => Some(Trust::Context),
        (1, true) if !neutral => {
            let numbers = values(&digits)?;
            (has_check_digit(&numbers) && !is_ean(&numbers)).then_some(Trust::Context)
        }
        _ => None,
    }
}

/// Whether the first six digits can be a date of birth.
fn is_date(digits: &[char]) -> bool {
    let month = pair(digits, 2).is_some_and(|m| (1..=12).contains(&m));
    month && pair(digits, 4).is_some_and(|d| (1..=31).contains(&d)) && pair(digits, 0).is_some()
}

/// The check digit of numbers given before October 2020; those of foreigners were two higher.
fn has_check_digit(digits: &[u32]) -> bool {
    const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| d * w).sum();
    let foreigner = digits.get(6).is_some_and(|s| *s >= 5);
    let check = (11 - sum % 11) % 10;
    let expected = if foreigner { (check + 2) % 10 } else { check };
    digits.get(12) == Some(&expected)
}

fn is_ean(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(i, d)| if i % 2 == 0 { *d } else { d * 3 })
        .sum();
    sum % 10 == 0
}
