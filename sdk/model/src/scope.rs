//! What a roll-up is about.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AppId, InstanceId, UrlTemplate};

/// A part of one site. A roll-up exists per scope and interval.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// The whole site.
    Site,
    /// One application.
    App(AppId),
    /// One running copy of an application.
    Instance(AppId, InstanceId),
    /// One URL of an application.
    Url(AppId, UrlTemplate),
}

impl Scope {
    /// The application this scope belongs to; none for the whole site.
    #[must_use]
    pub const fn app(&self) -> Option<&AppId> {
        match self {
            Self::Site => None,
            Self::App(app) | Self::Instance(app, _) | Self::Url(app, _) => Some(app),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site => f.write_str("site"),
            Self::App(app) => write!(f, "app {app}"),
            Self::Instance(app, instance) => write!(f, "instance {app}/{instance}"),
            Self::Url(app, url) => write!(f, "url {app} {url}"),
        }
    }
}
