//! Bounds the number of names a site can make us keep.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sdk_model::{AppId, InstanceId, UrlTemplate};

/// Most names kept apart; what comes beyond goes to `{other}`.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Applications per site.
    pub apps: usize,
    /// Instances per application.
    pub instances: usize,
    /// URL templates per application.
    pub urls: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            apps: 64,
            instances: 256,
            urls: 500,
        }
    }
}

/// The names in use. First come, first kept, until the process restarts.
#[derive(Debug)]
pub(crate) struct Names {
    caps: Caps,
    apps: BTreeMap<AppId, App>,
    other_app: Option<AppId>,
    other_instance: Option<InstanceId>,
    other_url: Option<UrlTemplate>,
}

#[derive(Debug, Default)]
struct App {
    instances: BTreeSet<InstanceId>,
    urls: BTreeSet<UrlTemplate>,
}

impl Names {
    pub(crate) fn new(caps: Caps) -> Self {
        Self {
            caps,
            apps: BTreeMap::new(),
            other_app: AppId::new(UrlTemplate::OTHER).ok(),
            other_instance: InstanceId::new(UrlTemplate::OTHER).ok(),
            other_url: UrlTemplate::new(UrlTemplate::OTHER).ok(),
        }
    }

    pub(crate) fn app(&mut self, app: &AppId) -> AppId {
        if self.apps.contains_key(app) || self.apps.len() < self.caps.apps {
            self.apps.entry(app.clone()).or_default();
            return app.clone();
        }
        self.other_app.clone().unwrap_or_else(|| app.clone())
    }

    pub(crate) fn instance(&mut self, app: &AppId, instance: &InstanceId) -> InstanceId {
        let known = &mut self.apps.entry(app.clone()).or_default().instances;
        admit(
            known,
            instance,
            self.caps.instances,
            self.other_instance.as_ref(),
        )
    }

    pub(crate) fn url(&mut self, app: &AppId, url: &UrlTemplate) -> UrlTemplate {
        let known = &mut self.apps.entry(app.clone()).or_default().urls;
        admit(known, url, self.caps.urls, self.other_url.as_ref())
    }
}

fn admit<T: Ord + Clone>(known: &mut BTreeSet<T>, name: &T, cap: usize, other: Option<&T>) -> T {
    if known.contains(name) {
        return name.clone();
    }
    if known.len() < cap {
        known.insert(name.clone());
        return name.clone();
    }
    other.unwrap_or(name).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_urls_ends_in_other() {
        let mut names = Names::new(Caps {
            apps: 1,
            instances: 1,
            urls: 2,
        });
        let app = names.app(&AppId::new("shop").unwrap());
        let kept: Vec<_> = (0..5)
            .map(|i| {
                names
                    .url(&app, &UrlTemplate::new(&format!("/{i}")).unwrap())
                    .to_string()
            })
            .collect();
        assert_eq!(kept, ["/0", "/1", "{other}", "{other}", "{other}"]);
        assert_eq!(
            names.app(&AppId::new("second").unwrap()).as_str(),
            "{other}"
        );
    }
}
