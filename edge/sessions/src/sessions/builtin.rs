//! How the well-known session clients name their keys.
//!
//! Checked against what the clients' own packages do (spring-session-data-redis 3.5, redisson-tomcat 3.50,
//! connect-redis 9, Flask-Session 0.8, Django 5.2, phpredis, the ASP.NET session state providers). Names
//! only; whose session it is must be configured, except where the client keeps an index of users.

use super::{Application, UserSource, pattern::Pattern};

/// One client. `{namespace}` stands for what its users can set.
struct Client {
    kind: &'static str,
    /// Namespace if none is set; none: one must be set.
    namespace: Option<&'static str>,
    /// What follows a namespace, if there is one.
    separator: &'static str,
    keys: &'static [&'static str],
    shadow: Option<&'static str>,
    companions: &'static [&'static str],
    asides: &'static [&'static str],
    index: Option<&'static str>,
}

const PLAIN: Client = Client {
    kind: "",
    namespace: Some(""),
    separator: "",
    keys: &[],
    shadow: None,
    companions: &[],
    asides: &[],
    index: None,
};

const CLIENTS: [Client; 8] = [
    Client {
        kind: "spring",
        namespace: Some("spring:session"),
        separator: ":",
        keys: &["{namespace}sessions:{id}"],
        // The hash stays five minutes longer than the session, for listeners.
        shadow: Some("{namespace}sessions:expires:{id}"),
        // A sorted set of all, since 3.4.
        asides: &["{namespace}sessions:expirations"],
        index: Some(
            "{namespace}index:org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME:{user}",
        ),
        ..PLAIN
    },
    Client {
        kind: "redisson",
        separator: ":",
        keys: &["{namespace}redisson:tomcat_session:{id}"],
        companions: &["{namespace}redisson:tomcat_notified_nodes:{id}"],
        ..PLAIN
    },
    Client {
        kind: "connect-redis",
        namespace: Some("sess:"),
        keys: &["{namespace}{id}"],
        ..PLAIN
    },
    Client {
        kind: "flask",
        namespace: Some("session:"),
        keys: &["{namespace}{id}"],
        ..PLAIN
    },
    Client {
        kind: "django",
        keys: &[
            "{namespace}:1:django.contrib.sessions.cache{id}",
            "{namespace}:1:django.contrib.sessions.cached_db{id}",
        ],
        ..PLAIN
    },
    Client {
        kind: "php",
        namespace: Some("PHPREDIS_SESSION:"),
        keys: &["{namespace}{id}"],
        companions: &["{namespace}{id}_LOCK"],
        ..PLAIN
    },
    Client {
        kind: "aspnet",
        // The application's path; the rest of it is taken for a part of the id.
        namespace: Some("/"),
        keys: &[
            "{{namespace}{id}}_SessionStateItemCollection",
            "{{namespace}{id}}_Data",
        ],
        companions: &[
            "{{namespace}{id}}_SessionTimeout",
            "{{namespace}{id}}_WriteLock",
            "{{namespace}{id}}_Internal",
            "{{namespace}{id}}_Write_Lock",
        ],
        ..PLAIN
    },
    Client {
        kind: "aspnet-core",
        // Keys are bare ids unless an instance name is set.
        namespace: None,
        keys: &["{namespace}{id}"],
        ..PLAIN
    },
];

/// The kinds, for messages.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    CLIENTS.iter().map(|client| client.kind)
}

/// Those that can be told by their keys alone.
pub(super) fn applications() -> impl Iterator<Item = Application> {
    CLIENTS
        .iter()
        .filter(|client| client.namespace.is_some())
        .filter_map(|client| client.application(client.kind, None).ok())
}

/// An application called `name` that uses the client `kind`; `None` if there is no such kind.
pub(super) fn application(
    name: &str,
    kind: &str,
    namespace: Option<&str>,
) -> Option<Result<Application, String>> {
    let client = CLIENTS.iter().find(|client| client.kind == kind)?;
    Some(client.application(name, namespace))
}

impl Client {
    fn application(&self, name: &str, namespace: Option<&str>) -> Result<Application, String> {
        let namespace = namespace
            .or(self.namespace)
            .ok_or_else(|| format!("is required for kind \"{}\"", self.kind))?;
        let separator = if namespace.is_empty() {
            ""
        } else {
            self.separator
        };
        let text =
            |template: &str| template.replace("{namespace}", &format!("{namespace}{separator}"));
        let pattern = |template: &&str| {
            text(template)
                .parse::<Pattern>()
                .map_err(|error| error.to_string())
        };
        let patterns =
            |templates: &[&str]| templates.iter().map(pattern).collect::<Result<Vec<_>, _>>();
        Ok(Application {
            keys: patterns(self.keys)?,
            shadow: self.shadow.as_ref().map(pattern).transpose()?,
            companions: patterns(self.companions)?,
            asides: self
                .asides
                .iter()
                .map(|key| Pattern::exact(&text(key)))
                .collect(),
            index: self.index.as_ref().map(pattern).transpose()?,
            user: self
                .index
                .map_or_else(UserSource::default, |_| UserSource::index()),
            ..Application::new(name)
        })
    }
}
