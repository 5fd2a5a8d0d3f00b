//! Vehicle plates: two or three digits, a syllable for the use, four digits; old ones with a region in front.
//!
//! Only some forty syllables are used. With a blank inside it also looks like two counts (`12주 3456건`), so that needs
//! a region or a word that says vehicle.

use super::{driver_license::REGIONS, numbers::is_counted};
use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::{Text, is_hangul},
};

const USES: &str =
    "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자배하허호국합육해공";

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for run in text
        .runs()
        .iter()
        .filter(|run| (1..=3).contains(&run.len()))
    {
        let blank_before = usize::from(text.at(run.end) == ' ');
        let usage = run.end + blank_before;
        if !is_hangul(text.at(usage)) || !USES.contains(text.at(usage)) {
            continue;
        }
        let blank = usize::from(text.at(usage + 1) == ' ');
        let digits = usage + 1 + blank;
        let end = text.find(digits, |c| !(c.is_ascii_digit() || c == '*'));
        let left = text.before(run.start);
        if end - digits != 4
            || text.at(end).is_ascii_alphanumeric()
            || left.is_ascii_alphanumeric()
            || left == '.'
        {
            continue;
        }
        let region = region_before(text, run.start);
        let labelled = labels.at(run.start) == Some(Category::Plate);
        let sure = labelled || region.is_some() || labels.mentions(Category::Plate);
        if (sure || (blank + blank_before == 0 && run.len() >= 2 && !is_counted(text, end)))
            && (run.len() >= 2 || region.is_some())
        {
            let trust = if labelled {
                Trust::Labelled
            } else {
                Trust::Shape
            };
            hits.push(Hit::new(
                Kind::Plate,
                trust,
                region.unwrap_or(run.start)..end,
            ));
        }
    }
}

fn region_before(text: &Text, number: usize) -> Option<usize> {
    let end = text.back(number, |c| c == ' ');
    let start = text.back(end, is_hangul);
    (number - end <= 1 && REGIONS.contains(&text.string(start..end).as_str())).then_some(start)
}
