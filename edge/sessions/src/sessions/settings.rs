//! `[sessions.applications.<name>]`: the rules of one application.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `kind` | the table's name if it is a kind, else `custom` | whose key names: `spring`, `redisson`, `connect-redis`, `flask`, `django`, `php`, `aspnet`, `aspnet-core`, or `custom` with `keys` |
//! | `namespace` | the client's own | what stands in front of its key names (Spring's namespace, Redisson's key prefix, …) |
//! | `keys` | of the kind | names of session keys: a prefix, or text with `{id}` |
//! | `companions` | of the kind | further keys that go with a session, with `{id}` |
//! | `index` | of the kind | the application's own sets of session ids by user, with `{user}` |
//! | `database` | any | only keys of this database |
//! | `user` | `index` for Spring, else `none` | where the user id is: `none`, `index`, `value`, `field:<name>`, `json:<path>`, `msgpack:<path>`, `php:<variable>`, `field:<name>:json:<path>`; costs one look through each value written, which ends at 256 KiB |
//! | `login` | `allow` | a user who is logged in logs in again: `allow`, `deny-new`, `end-oldest`, `limit` |
//! | `limit` | 1 | sessions of one user that `limit` leaves alone |
//! | `beyond` | `deny-new` | what `limit` does with one more: `deny-new`, `end-oldest` |
//! | `filter.max_new_per_second` | 0 (any) | new sessions a second; more are refused |
//! | `filter.clients` | – | networks (`10.0.0.0/8`) whose connections begin no session |
//! | `filter.containing` | – | a new session whose value contains one of these, in any case, is refused; costs a search through the first 16 KiB of each new one |
//! | `filter.anonymous_ttl` | `0s` (as asked) | longest life of a session of no user |
//! | `expiry.max` | `0s` (any) | longest life of a session from its creation |
//! | `expiry.idle` | `0s` (as asked) | longest time to live a write may give |
//! | `renewal` | `on-write` | `on-read`: reading a session gives it `expiry.idle` to live again, too; costs a journal entry per read |

use std::{str::FromStr, time::Duration};

use bongsu_sdk_config::Section;

use super::{
    Application, Applications, builtin,
    filter::Filter,
    lifetime::{Lifetime, Renewal},
    login::{Beyond, Login},
    pattern::Pattern,
};

impl Applications {
    /// Reads every table of `[sessions.applications]`; faults go to the section's list.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let names = section.names();
        let all = names
            .iter()
            .map(|name| application(section.section(name), name))
            .collect();
        section.finish();
        Self::new(all)
    }
}

fn application(section: Section, name: &str) -> Application {
    let mut application = of_kind(&section, name);
    if section.has("database") {
        let number = section.integer("database", 0, 0..=15);
        application.database = u8::try_from(number).ok();
    }
    if let Some(keys) = patterns(&section, "keys") {
        application.keys = keys;
    }
    if application.keys.is_empty() {
        section.fault("keys", "is required for kind \"custom\"");
    }
    if let Some(companions) = patterns(&section, "companions") {
        application.companions = companions;
    }
    if let Some(index) = section.optional("index") {
        application.index = Some(index);
    }
    application.user = section.parsed("user", application.user);
    if application.user.is_index() && application.index.is_none() {
        section.fault("user", "\"index\" needs the key `index`");
    }
    application.login = login(&section);
    let filter = section.section("filter");
    let expiry = section.section("expiry");
    application.lifetime = Lifetime {
        max: duration(&expiry, "max"),
        idle: duration(&expiry, "idle"),
        anonymous: duration(&filter, "anonymous_ttl"),
        renewal: choice(
            &section,
            "renewal",
            &[("on-write", Renewal::OnWrite), ("on-read", Renewal::OnRead)],
        ),
    };
    expiry.finish();
    if application.lifetime.renewal == Renewal::OnRead && application.lifetime.idle.is_none() {
        section.fault("renewal", "\"on-read\" needs `expiry.idle`");
    }
    application.filter = read_filter(filter);
    section.finish();
    application
}

fn of_kind(section: &Section, name: &str) -> Application {
    let own = builtin::kinds().find(|kind| *kind == name);
    let kind = section.text("kind", own.unwrap_or("custom"));
    let namespace = section.optional_text("namespace");
    match builtin::application(name, &kind, namespace.as_deref()) {
        Some(Ok(application)) => return application,
        Some(Err(fault)) => section.fault("namespace", fault),
        None if kind == "custom" => {
            if namespace.is_some() {
                section.fault("namespace", "has no meaning for kind \"custom\"");
            }
        }
        None => {
            let kinds: Vec<_> = builtin::kinds().collect();
            section.fault(
                "kind",
                format!(
                    "`{kind}` is neither \"custom\" nor one of {}",
                    kinds.join(", ")
                ),
            );
        }
    }
    Application::new(name)
}

fn patterns(section: &Section, key: &str) -> Option<Vec<Pattern>> {
    section.has(key).then(|| parse_each(section, key))
}

fn parse_each<T: FromStr<Err: std::fmt::Display>>(section: &Section, key: &str) -> Vec<T> {
    let texts = section.texts(key, &[]);
    let parse = |text: &String| {
        text.parse()
            .map_err(|error| section.fault(key, format!("`{text}`: {error}")))
            .ok()
    };
    texts.iter().filter_map(parse).collect()
}

fn login(section: &Section) -> Login {
    let beyond = [
        ("deny-new", Beyond::DenyNew),
        ("end-oldest", Beyond::EndOldest),
    ];
    let (given, one) = (
        section.has("limit"),
        section.integer("limit", 1, 1..=10_000),
    );
    let limit = usize::try_from(one).unwrap_or(usize::MAX);
    let after = choice(section, "beyond", &beyond);
    let rules = [
        ("allow", Login::default()),
        (
            "deny-new",
            Login {
                limit: Some(1),
                beyond: Beyond::DenyNew,
            },
        ),
        (
            "end-oldest",
            Login {
                limit: Some(1),
                beyond: Beyond::EndOldest,
            },
        ),
        (
            "limit",
            Login {
                limit: Some(limit),
                beyond: after,
            },
        ),
    ];
    let rule = section.text("login", "allow");
    if rule != "limit" && (given || section.has("beyond")) {
        section.fault("limit", "and `beyond` need login = \"limit\"");
    }
    choice(section, "login", &rules)
}

fn read_filter(section: Section) -> Filter {
    let most = section.integer("max_new_per_second", 0, 0..=u64::from(u32::MAX));
    let containing = section.texts("containing", &[]);
    if containing.iter().any(String::is_empty) {
        section.fault("containing", "an empty text is in every value");
    }
    let filter = Filter {
        max_new_per_second: u32::try_from(most).ok().filter(|most| *most > 0),
        clients: parse_each(&section, "clients"),
        containing: containing
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| text.to_ascii_lowercase().into())
            .collect(),
    };
    section.finish();
    filter
}

/// A duration; zero means none.
fn duration(section: &Section, key: &str) -> Option<Duration> {
    let duration = section.duration(key, Duration::ZERO);
    (!duration.is_zero()).then_some(duration)
}

/// One of the named values, the first unless another is given.
fn choice<T: Copy + Default>(section: &Section, key: &str, values: &[(&str, T)]) -> T {
    let names: Vec<_> = values
        .iter()
        .map(|(name, _)| format!("\"{name}\""))
        .collect();
    let text = section.optional_text(key);
    let given = text.as_deref().or(values.first().map(|(name, _)| *name));
    let found = values.iter().find(|(name, _)| Some(*name) == given);
    if let (None, Some(text)) = (found, &text) {
        section.fault(key, format!("`{text}` is none of {}", names.join(", ")));
    }
    found.map(|(_, value)| *value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::Faults;

    use super::*;

    fn read(text: &str) -> (Applications, Vec<String>) {
        let faults = Faults::default();
        let applications = Applications::read(Section::parse(text, &faults));
        (applications, faults.lines())
    }

    fn get<'a>(all: &'a Applications, name: &str) -> &'a Application {
        all.get(all.named(name).unwrap()).unwrap()
    }

    #[test]
    fn a_whole_table_is_read() {
        let (all, faults) = read(
            "[shop]\nkind = \"spring\"\nnamespace = \"shop\"\ndatabase = 2\nlogin = \"limit\"\nlimit = 3\n\
             beyond = \"end-oldest\"\nrenewal = \"on-read\"\nexpiry.max = \"8h\"\nexpiry.idle = \"30m\"\n\
             filter = { clients = [\"10.0.0.0/8\"], containing = [\"Bot\"], anonymous_ttl = \"2m\", max_new_per_second = 50 }\n\
             [flask]\nuser = \"msgpack:_user_id\"\nlogin = \"deny-new\"\n",
        );
        assert_eq!(faults, [""; 0]);
        let shop = get(&all, "shop");
        assert_eq!(
            shop.login,
            Login {
                limit: Some(3),
                beyond: Beyond::EndOldest
            }
        );
        assert_eq!(shop.session_key(b"1").unwrap(), b"shop:sessions:1");
        assert!(shop.user.is_index());
        assert_eq!(shop.lifetime.max, Some(Duration::from_secs(8 * 3600)));
        assert_eq!(shop.lifetime.anonymous, Some(Duration::from_secs(120)));
        assert_eq!(shop.lifetime.renewal, Renewal::OnRead);
        assert_eq!(shop.filter.max_new_per_second, Some(50));
        assert_eq!(shop.filter.containing, vec![Box::<str>::from("bot")]);
        assert_eq!(
            (
                all.recognise(2, b"shop:sessions:1").is_some(),
                all.recognise(0, b"shop:sessions:1")
            ),
            (true, None)
        );
        assert_eq!(
            get(&all, "flask").login,
            Login {
                limit: Some(1),
                beyond: Beyond::DenyNew
            }
        );
        assert!(all.named("spring").is_some());
    }

    #[test]
    fn every_fault_is_reported() {
        let (_, faults) = read(
            "[a]\n[b]\nkind = \"sprung\"\nkeys = [\"{id}\", \"b:\"]\n[c]\nkind = \"aspnet-core\"\n\
             [flask]\nlogin = \"once\"\nuser = \"pickle:x\"\nlimit = 0\nfilter.clients = [\"ten\"]\nexpiry.maxx = \"1h\"\nrenewal = 7\n",
        );
        assert_eq!(
            faults,
            [
                "a.keys: is required for kind \"custom\"",
                "b.kind: `sprung` is neither \"custom\" nor one of spring, redisson, connect-redis, flask, django, php, aspnet, aspnet-core",
                "b.keys: `{id}`: must begin with fixed text, hint: set a namespace",
                "c.namespace: is required for kind \"aspnet-core\"",
                "c.keys: is required for kind \"custom\"",
                "flask.user: `pickle:x`: is none of \"none\", \"index\", \"value\", \"field:<name>\", \"json:<path>\", \"msgpack:<path>\", \"php:<variable>\" or \"field:<name>:json:<path>\"",
                "flask.limit: 0 is not within 1 to 10000",
                "flask.limit: and `beyond` need login = \"limit\"",
                "flask.login: `once` is none of \"allow\", \"deny-new\", \"end-oldest\", \"limit\"",
                "flask.renewal: expected text, found integer",
                "flask.expiry.maxx: unknown key, hint: did you mean `max`?",
                "flask.filter.clients: `ten`: invalid IP address syntax",
            ]
        );
    }
}
