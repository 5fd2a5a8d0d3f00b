//! The seventeen regions of Korea: the sites of a nationwide installation and what people call them.

use bongsu_sdk_model::SiteId;

use crate::{Named, PlanScope};

/// A first-level administrative division.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Site id.
    pub id: &'static str,
    /// Short Korean name.
    pub ko: &'static str,
    /// English name (Revised Romanisation).
    pub en: &'static str,
    /// Other names: formal ones, former ones, common romanisations.
    pub aliases: &'static [&'static str],
}

macro_rules! regions {
    ($($id:literal $ko:literal $en:literal [$($alias:literal),*])*) => {
        &[$(Region { id: $id, ko: $ko, en: $en, aliases: &[$($alias),*] },)*]
    };
}

/// All of them, in the order of their administrative codes.
pub const REGIONS: &[Region] = regions! {
    "seoul" "서울" "Seoul" ["서울시", "서울특별시"]
    "busan" "부산" "Busan" ["부산시", "부산광역시", "pusan"]
    "daegu" "대구" "Daegu" ["대구시", "대구광역시", "taegu"]
    "incheon" "인천" "Incheon" ["인천시", "인천광역시", "inchon"]
    "gwangju" "광주" "Gwangju" ["광주시", "광주광역시", "kwangju"]
    "daejeon" "대전" "Daejeon" ["대전시", "대전광역시", "taejon"]
    "ulsan" "울산" "Ulsan" ["울산시", "울산광역시"]
    "sejong" "세종" "Sejong" ["세종시", "세종특별자치시"]
    "gyeonggi" "경기" "Gyeonggi" ["경기도", "kyonggi", "kyunggi", "gyeonggi-do"]
    "gangwon" "강원" "Gangwon" ["강원도", "강원특별자치도", "kangwon", "gangwon-do"]
    "chungbuk" "충북" "Chungbuk" ["충청북도", "north chungcheong", "chungcheongbuk-do", "chungcheongbuk"]
    "chungnam" "충남" "Chungnam" ["충청남도", "south chungcheong", "chungcheongnam-do", "chungcheongnam"]
    "jeonbuk" "전북" "Jeonbuk" ["전라북도", "전북특별자치도", "north jeolla", "jeollabuk-do", "jeollabuk"]
    "jeonnam" "전남" "Jeonnam" ["전라남도", "south jeolla", "jeollanam-do", "jeollanam"]
    "gyeongbuk" "경북" "Gyeongbuk" ["경상북도", "north gyeongsang", "gyeongsangbuk-do", "gyeongsangbuk"]
    "gyeongnam" "경남" "Gyeongnam" ["경상남도", "south gyeongsang", "gyeongsangnam-do", "gyeongsangnam"]
    "jeju" "제주" "Jeju" ["제주도", "제주시", "제주특별자치도", "cheju", "jeju-do"]
};

/// Names for several regions together.
const GROUPS: &[(&[&str], &[&str])] = &[
    (
        &["수도권", "capital area", "capital region", "greater seoul"],
        &["seoul", "incheon", "gyeonggi"],
    ),
    (
        &["충청권", "충청도", "충청", "chungcheong"],
        &["daejeon", "sejong", "chungbuk", "chungnam"],
    ),
    (
        &["호남권", "호남", "전라도", "honam", "jeolla"],
        &["gwangju", "jeonbuk", "jeonnam"],
    ),
    (
        &["영남권", "영남", "경상도", "yeongnam", "gyeongsang"],
        &["busan", "daegu", "ulsan", "gyeongbuk", "gyeongnam"],
    ),
    (&["부울경"], &["busan", "ulsan", "gyeongnam"]),
];

impl Region {
    /// The region as a name in a vocabulary.
    #[must_use]
    pub fn named(&self) -> Option<Named<SiteId>> {
        Some(Named {
            id: SiteId::new(self.id).ok()?,
            ko: self.ko.to_owned(),
            en: self.en.to_owned(),
            aliases: self.aliases.iter().map(|&alias| alias.to_owned()).collect(),
        })
    }
}

/// Every usual name of a group of regions with its scope, cut down to the sites that exist.
pub(crate) fn groups(exists: impl Fn(&SiteId) -> bool) -> Vec<(&'static str, PlanScope)> {
    let scope = |ids: &[&str]| PlanScope {
        sites: ids
            .iter()
            .filter_map(|id| SiteId::new(id).ok())
            .filter(&exists)
            .collect(),
        ..PlanScope::default()
    };
    let all = GROUPS
        .iter()
        .flat_map(|(names, ids)| names.iter().map(move |name| (*name, scope(ids))));
    all.filter(|(_, scope)| !scope.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_seventeen_with_distinct_names() {
        assert_eq!(REGIONS.len(), 17);
        let mut names: Vec<_> = REGIONS
            .iter()
            .flat_map(|r| r.aliases.iter().copied().chain([r.id, r.ko]))
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(REGIONS.iter().all(|region| region.named().is_some()));
    }

    #[test]
    fn groups_name_known_regions_only() {
        let known = |id: &SiteId| REGIONS.iter().any(|r| r.id == id.as_str());
        for ((_, ids), (_, scope)) in GROUPS
            .iter()
            .flat_map(|(names, ids)| names.iter().map(move |n| (n, ids)))
            .zip(groups(known))
        {
            assert_eq!(ids.len(), scope.sites.len());
        }
    }
}
