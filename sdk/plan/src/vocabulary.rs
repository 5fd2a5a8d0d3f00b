//! What this installation's sites and applications are called, in both languages.
//!
//! The planner reads names with it, the executor writes them.

use bongsu_sdk_model::{AppId, SiteId};

use crate::{Lang, PlanScope, REGIONS, regions};

/// Names of sites, applications and scopes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vocabulary {
    /// Sites.
    pub sites: Vec<Named<SiteId>>,
    /// Applications.
    pub apps: Vec<Named<AppId>>,
    /// Names somebody asked to remember, each for a scope.
    pub aliases: Vec<Alias>,
}

/// An id with what people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<Id> {
    /// The id.
    pub id: Id,
    /// Korean name.
    pub ko: String,
    /// English name.
    pub en: String,
    /// Other names.
    pub aliases: Vec<String>,
}

impl<Id> Named<Id> {
    /// The name in a language.
    #[must_use]
    pub fn label(&self, lang: Lang) -> &str {
        lang.pick(&self.ko, &self.en)
    }
}

/// A remembered name.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// What it is called.
    pub name: String,
    /// What it stands for.
    pub scope: PlanScope,
}

/// Korean names of applications whose id is a common English word.
const APP_WORDS: &[(&str, &str, &[&str])] = &[
    ("account", "계정", &["계좌"]),
    ("auth", "인증", &[]),
    ("billing", "청구", &["과금"]),
    ("board", "게시판", &[]),
    ("cart", "장바구니", &[]),
    (
        "course",
        "수강신청",
        &["수강", "강의", "course registration", "enrolment"],
    ),
    ("delivery", "배송", &["배달"]),
    ("inventory", "재고", &["stock"]),
    ("library", "도서관", &[]),
    ("member", "회원", &[]),
    (
        "minwon",
        "민원",
        &["민원24", "civil service", "civil petition"],
    ),
    ("notice", "공지", &[]),
    ("order", "주문", &[]),
    ("payment", "결제", &["지불", "pay"]),
    ("product", "상품", &["catalog"]),
    ("reservation", "예약", &["booking"]),
    ("search", "검색", &[]),
    ("shipping", "배송", &[]),
    (
        "shop",
        "쇼핑",
        &["쇼핑몰", "상점", "shopping", "shopping mall", "store"],
    ),
    ("tax", "세금", &["세무", "지방세", "국세"]),
    ("welfare", "복지", &[]),
];

impl Vocabulary {
    /// The seventeen regions of Korea as sites, and these applications.
    #[must_use]
    pub fn nationwide(apps: impl IntoIterator<Item = AppId>) -> Self {
        let sites = REGIONS.iter().filter_map(regions::Region::named).collect();
        Self {
            sites,
            apps: apps.into_iter().map(app).collect(),
            aliases: Vec::new(),
        }
    }

    /// These sites and applications. A site called like a region of Korea gets the region's names, an
    /// application called by a common English word its Korean ones.
    #[must_use]
    pub fn of(
        sites: impl IntoIterator<Item = SiteId>,
        apps: impl IntoIterator<Item = AppId>,
    ) -> Self {
        Self {
            sites: sites.into_iter().map(site).collect(),
            apps: apps.into_iter().map(app).collect(),
            aliases: Vec::new(),
        }
    }

    /// What a site is called.
    #[must_use]
    pub fn site_label<'a>(&'a self, id: &'a SiteId, lang: Lang) -> &'a str {
        self.sites
            .iter()
            .find(|site| site.id == *id)
            .map_or(id.as_str(), |site| site.label(lang))
    }

    /// What an application is called.
    #[must_use]
    pub fn app_label<'a>(&'a self, id: &'a AppId, lang: Lang) -> &'a str {
        self.apps
            .iter()
            .find(|app| app.id == *id)
            .map_or(id.as_str(), |app| app.label(lang))
    }
}

fn site(id: SiteId) -> Named<SiteId> {
    let region = REGIONS.iter().find(|region| region.id == id.as_str());
    let plain = || Named {
        ko: id.as_str().to_owned(),
        en: id.as_str().to_owned(),
        id: id.clone(),
        aliases: Vec::new(),
    };
    region
        .and_then(regions::Region::named)
        .unwrap_or_else(plain)
}

fn app(id: AppId) -> Named<AppId> {
    let en = id.as_str().to_owned();
    match APP_WORDS.iter().find(|(word, ..)| *word == id.as_str()) {
        Some((_, ko, aliases)) => Named {
            id,
            ko: (*ko).to_owned(),
            en,
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        },
        None => Named {
            ko: en.clone(),
            en,
            id,
            aliases: Vec::new(),
        },
    }
}
