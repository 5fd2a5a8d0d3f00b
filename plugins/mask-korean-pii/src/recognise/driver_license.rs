//! Driving licence numbers: `RR-YY-NNNNNN-CC`, R the issuing region by number (11–28) or, on old ones, by name.

use super::numbers::{Groups, pair};
use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::{Text, is_hangul},
};

/// Regions as licences and plates name them.
pub(super) const REGIONS: [&str; 17] = [
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원", "충북", "충남",
    "전북", "전남", "경북", "경남", "제주",
];

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for row in Groups::rows(text, 4, |c| matches!(c, '-' | ' ')) {
        let label = labels.at(row.range().start);
        let labelled = label == Some(Category::DriverLicense);
        let other = matches!(
            label,
            Some(Category::Neutral | Category::Account | Category::Card | Category::Phone)
        );
        let by_number = row
            .first(4)
            .filter(|g| g.shape() == [2, 2, 6, 2] && g.stands_alone());
        if let Some(groups) = by_number {
            let region = pair(&groups.digits(), 0).is_some_and(|r| (11..=28).contains(&r));
            if labelled || (region && !other) {
                let trust = if labelled {
                    Trust::Labelled
                } else {
                    Trust::Shape
                };
                hits.push(Hit::new(Kind::DriverLicense, trust, groups.range()));
            }
        } else if let Some(groups) = row
            .first(3)
            .filter(|g| g.shape() == [2, 6, 2] && g.stands_alone())
        {
            let start = groups.range().start;
            let name_end = text.back(start, |c| matches!(c, ' ' | '-'));
            let name = text.back(name_end, is_hangul);
            let region =
                REGIONS.contains(&text.string(name..name_end).as_str()) && start - name_end <= 1;
            if region || labelled {
                let start = if region { name } else { start };
                hits.push(Hit::new(
                    Kind::DriverLicense,
                    Trust::Shape,
                    start..groups.range().end,
                ));
            }
        } else if let Some(groups) = row
            .first(1)
            .filter(|g| g.shape() == [12] && labelled && g.stands_alone())
        {
            hits.push(Hit::new(
                Kind::DriverLicense,
                Trust::Labelled,
                groups.range(),
            ));
        }
    }
}
