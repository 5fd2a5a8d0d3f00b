//! Which scopes of a block a query is about.

use bongsu_sdk_model::{Scope, UrlTemplate};
use bongsu_sdk_plan::{Query, SourceError};

/// The scopes a query unites.
#[derive(Debug, Clone)]
pub(crate) enum Selection<'a> {
    Sites,
    Apps(&'a Query),
    Instances(&'a Query),
    Urls(&'a Query),
}

impl<'a> Selection<'a> {
    /// The narrowest scopes that hold what is asked.
    pub(crate) fn of(query: &'a Query) -> Result<Self, SourceError> {
        match (
            query.urls.is_empty(),
            query.instances.is_empty(),
            query.apps.is_empty(),
        ) {
            (false, false, _) => Err(SourceError::NotHeld {
                what: "a URL by instance".into(),
            }),
            (false, true, _) => Ok(Self::Urls(query)),
            (true, false, _) => Ok(Self::Instances(query)),
            (true, true, false) => Ok(Self::Apps(query)),
            (true, true, true) => Ok(Self::Sites),
        }
    }

    /// The scopes that hold levels (CPU, heap …): instances, within what is asked.
    pub(crate) fn of_levels(query: &'a Query) -> Result<Self, SourceError> {
        if query.urls.is_empty() {
            Ok(Self::Instances(query))
        } else {
            Err(SourceError::NotHeld {
                what: format!("{} by URL", query.metric),
            })
        }
    }

    pub(crate) fn holds(&self, scope: &Scope) -> bool {
        let app_is_asked = |query: &Query| {
            query.apps.is_empty() || scope.app().is_some_and(|app| query.apps.contains(app))
        };
        match (self, scope) {
            (Self::Sites, Scope::Site) => true,
            (Self::Apps(query), Scope::App(_)) => app_is_asked(query),
            (Self::Instances(query), Scope::Instance(_, instance)) => {
                let is_asked = query.instances.is_empty() || query.instances.contains(instance);
                is_asked && app_is_asked(query)
            }
            (Self::Urls(query), Scope::Url(_, url)) => {
                let is_asked =
                    query.urls.is_empty() || query.urls.iter().any(|asked| matches(asked, url));
                is_asked && app_is_asked(query)
            }
            _ => false,
        }
    }
}

/// Whether `url` is the asked one; a trailing `*` stands for any rest.
fn matches(asked: &UrlTemplate, url: &UrlTemplate) -> bool {
    match asked.as_str().strip_suffix('*') {
        Some(prefix) => url.as_str().starts_with(prefix),
        None => asked == url,
    }
}
