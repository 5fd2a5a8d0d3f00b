//! The groups a figure is split into.

use bongsu_sdk_model::{AppId, InstanceId, SiteId, UrlTemplate};

use super::{ExecuteError, build::Builder};
use crate::{Condition, Dimension, FactScope, Field, Lang, Query, Value, Vocabulary};

/// One member of a dimension, or all of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Group {
    /// Not split.
    All,
    /// One site.
    Site(SiteId),
    /// One application.
    App(AppId),
    /// One URL.
    Url(UrlTemplate),
    /// One running copy.
    Instance(InstanceId),
}

impl Group {
    pub(super) fn of(dimension: Dimension, name: &str) -> Option<Self> {
        match dimension {
            Dimension::Site => SiteId::new(name).ok().map(Self::Site),
            Dimension::App => AppId::new(name).ok().map(Self::App),
            Dimension::Url => UrlTemplate::new(name).ok().map(Self::Url),
            Dimension::Instance => InstanceId::new(name).ok().map(Self::Instance),
            _ => None,
        }
    }

    /// Narrows a query to this group.
    pub(super) fn narrow(&self, mut query: Query) -> Query {
        match self {
            Self::All => {}
            Self::Site(id) => query.sites = vec![id.clone()],
            Self::App(id) => query.apps = vec![id.clone()],
            Self::Url(url) => query.urls = vec![url.clone()],
            Self::Instance(id) => query.instances = vec![id.clone()],
        }
        query
    }

    /// The scope of a fact measured by `query`.
    pub(super) fn scope(&self, query: &Query) -> FactScope {
        let (site, sites) = match query.sites.as_slice() {
            [one] => (Some(one.clone()), Vec::new()),
            several => (None, several.to_vec()),
        };
        FactScope {
            site,
            sites,
            apps: query.apps.clone(),
            urls: query.urls.clone(),
            instances: query.instances.clone(),
        }
    }

    /// What it is called.
    pub(super) fn label(&self, vocabulary: &Vocabulary, lang: Lang) -> String {
        match self {
            Self::All => lang.pick("전체", "all").to_owned(),
            Self::Site(id) => vocabulary.site_label(id, lang).to_owned(),
            Self::App(id) => vocabulary.app_label(id, lang).to_owned(),
            Self::Url(url) => url.as_str().to_owned(),
            Self::Instance(id) => id.as_str().to_owned(),
        }
    }
}

/// Most groups one answer measures.
const MAX_GROUPS: usize = 1_000;

/// The groups of the plan: its dimension's members with data, or everything together.
pub(super) fn groups(builder: &mut Builder<'_>, query: &Query) -> Result<Vec<Group>, ExecuteError> {
    let dimension = match builder.plan.group_by.as_slice() {
        [] => return Ok(vec![Group::All]),
        [one] => *one,
        [_, second, ..] => {
            return Err(
                builder.unsupported(format!("group_by: a second dimension, {}", second.name()))
            );
        }
    };
    if !matches!(
        dimension,
        Dimension::Site | Dimension::App | Dimension::Url | Dimension::Instance
    ) {
        return Err(builder.unsupported(format!("group_by: {}", dimension.name())));
    }
    let mut names = builder.members(dimension, query)?;
    names.sort_unstable();
    names.dedup();
    if names.len() > MAX_GROUPS {
        names.truncate(MAX_GROUPS);
        builder.caveat(
            "구성원이 너무 많아 일부만 계산했습니다.",
            "There are too many members; only some were measured.",
        );
    }
    Ok(names
        .iter()
        .filter_map(|name| Group::of(dimension, name))
        .collect())
}

/// Whether a group's figures fulfil the plan's conditions on metrics. A figure that is missing does not.
pub(super) fn fulfils(builder: &mut Builder<'_>, group: &Group) -> Result<bool, ExecuteError> {
    for Condition { field, cmp, value } in &builder.plan.conditions {
        let (Field::Metric(metric), Value::Number(level)) = (field, value) else {
            return Err(builder.unsupported("where"));
        };
        let query = group.narrow(builder.query(*metric));
        let measured = builder.peek(&query)?;
        if !measured.is_some_and(|measured| cmp.holds(measured, level.value())) {
            return Ok(false);
        }
    }
    Ok(true)
}
