//! Which version of each application copy reported last.
//!
//! Bounded: beyond [`MOST`] copies, what is known is forgotten, and running versions are reported as if first
//! heard of.

use std::collections::HashMap;

use bongsu_sdk_model::{AppId, InstanceId};

use crate::Deployment;

/// Application copies that are remembered; about 1 MiB.
const MOST: usize = 4_096;

/// The versions that run.
#[derive(Debug, Default)]
pub(super) struct Versions {
    of_copies: HashMap<(AppId, InstanceId), String>,
    of_apps: HashMap<AppId, String>,
}

impl Versions {
    /// The deployment, with the version before it, if the copy did not report that version last.
    pub(super) fn note(&mut self, mut reported: Deployment) -> Option<Deployment> {
        let copy = (reported.app.clone(), reported.instance.clone());
        if self.of_copies.get(&copy) == Some(&reported.version) {
            return None;
        }
        if self.of_copies.len() >= MOST {
            self.of_copies.clear();
            self.of_apps.clear();
        }
        let before = self.of_copies.insert(copy, reported.version.clone());
        let of_app = self
            .of_apps
            .insert(reported.app.clone(), reported.version.clone());
        reported.before = before.or(of_app);
        Some(reported)
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::Timestamp;

    use super::*;
    use crate::Place;

    #[test]
    fn a_version_is_news_once_per_copy_and_knows_the_one_before() {
        let mut versions = Versions::default();
        let mut note = |instance: &str, version: &str| {
            let reported = Deployment {
                app: AppId::new("shop").unwrap(),
                instance: InstanceId::new(instance).unwrap(),
                version: version.to_owned(),
                before: None,
                place: Place::default(),
                at: Timestamp::from_ms(1),
            };
            versions.note(reported).map(|news| news.before)
        };
        assert_eq!(note("a", "1"), Some(None));
        assert_eq!(note("a", "1"), None);
        assert_eq!(note("b", "1"), Some(Some("1".to_owned())));
        assert_eq!(note("a", "2"), Some(Some("1".to_owned())));
        assert_eq!(note("b", "2"), Some(Some("1".to_owned())));
        assert_eq!((note("a", "2"), note("b", "2")), (None, None));
    }
}
