//! Passport numbers: a letter and eight digits (until 2021), or a letter, three digits, a letter and four digits. The second
//! form looks like nothing else; the first is also what part numbers look like, and needs a word that says passport.

use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::{Text, is_word},
};

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for start in
        (0..text.len()).filter(|i| text.at(*i).is_ascii_alphabetic() && !joined(text.before(*i)))
    {
        let end = text.find(start, |c| !(c.is_ascii_alphanumeric() || c == '*'));
        let chars = text.slice(start..end);
        let label = labels.at(start);
        let labelled = label == Some(Category::Passport);
        let old = matches(chars, "Adddddddd");
        let new = matches(chars, "AdddAdddd");
        let issued = "MSRGDTmsrgdt".contains(text.at(start));
        let foreign = labelled
            && (7..=9).contains(&chars.len())
            && chars
                .iter()
                .filter(|c| c.is_ascii_digit() || **c == '*')
                .count()
                >= 5;
        let mentioned = labels.mentions(Category::Passport);
        let other = matches!(
            label,
            Some(Category::Neutral | Category::Thing | Category::Token | Category::UserId)
        );
        if (labelled && (old || new)) || foreign {
            hits.push(Hit::new(Kind::Passport, Trust::Labelled, start..end));
        } else if issued
            && !other
            && (new && text.at(start).is_ascii_uppercase() || (old && mentioned))
        {
            hits.push(Hit::new(Kind::Passport, Trust::Context, start..end));
        }
    }
}

fn joined(c: char) -> bool {
    (is_word(c) && c.is_ascii()) || c == '-' || c == '_'
}

/// Whether characters have a form: `A` a letter, `d` a digit or its mask.
fn matches(chars: &[char], form: &str) -> bool {
    chars.len() == form.len()
        && form.chars().zip(chars).all(|(f, c)| {
            if f == 'A' {
                c.is_ascii_alphabetic()
            } else {
                c.is_ascii_digit() || *c == '*'
            }
        })
}
