//! Which sessions may begin at all.
//!
//! A health check or a crawler without cookies begins a session at every request. The store sees the value
//! and who writes it, not the request; so: a rate, the writer's address, and text such as a crawler's name
//! in the value. What is refused was never stored; a session that exists is never touched.

use std::net::IpAddr;

use bongsu_sdk_model::Timestamp;
use ipnet::IpNet;

/// Most bytes of a value that are searched for [`Filter::containing`].
const SEARCHED: usize = 16 << 10;

/// The rules of one application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Most new sessions in a second; none: any number.
    pub max_new_per_second: Option<u32>,
    /// Connections from these networks begin no sessions.
    pub clients: Vec<IpNet>,
    /// A value that contains one of these begins no session; lower case.
    pub containing: Vec<Box<str>>,
}

/// Why a session may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unwanted {
    Rate,
    Client,
    Content,
}

impl Unwanted {
    /// The error text of the refused write.
    pub(crate) fn text(self, application: &str) -> String {
        let (why, hint) = match self {
            Self::Rate => ("too many new sessions in this second", "max_new_per_second"),
            Self::Client => ("this client begins no sessions", "clients"),
            Self::Content => (
                "the value is of a visitor that gets no session",
                "containing",
            ),
        };
        format!("SESSIONREFUSED {why} in application `{application}`, hint: see filter.{hint}")
    }
}

impl Filter {
    /// Whether nothing is refused.
    pub(crate) fn is_free(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a session with these values may begin.
    pub(crate) fn judge<'v>(
        &self,
        values: impl IntoIterator<Item = &'v [u8]>,
        client: Option<IpAddr>,
        begun: &mut Begun,
        now: Timestamp,
    ) -> Result<(), Unwanted> {
        if client.is_some_and(|client| self.clients.iter().any(|net| net.contains(&client))) {
            return Err(Unwanted::Client);
        }
        if !self.containing.is_empty() && values.into_iter().any(|value| self.contained(value)) {
            return Err(Unwanted::Content);
        }
        match self.max_new_per_second {
            Some(most) if !begun.may_begin(most, now) => Err(Unwanted::Rate),
            _ => Ok(()),
        }
    }

    fn contained(&self, value: &[u8]) -> bool {
        let value = value.get(..SEARCHED).unwrap_or(value).to_ascii_lowercase();
        let found = |text: &[u8]| value.windows(text.len()).any(|window| window == text);
        self.containing.iter().any(|text| found(text.as_bytes()))
    }
}

/// Sessions begun in the present second.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun {
    second: i64,
    count: u32,
}

impl Begun {
    fn may_begin(&mut self, most: u32, now: Timestamp) -> bool {
        let second = now.as_ms().div_euclid(1000);
        if self.second != second {
            *self = Self { second, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_contents_and_rates_are_refused() {
        let filter = Filter {
            max_new_per_second: Some(2),
            clients: vec!["10.0.0.0/8".parse().unwrap()],
            containing: vec!["kube-probe".into()],
        };
        let mut begun = Begun::default();
        let mut judge = |value: &str, client: &str, ms| {
            let client = Some(client.parse().unwrap());
            filter.judge(
                [value.as_bytes()],
                client,
                &mut begun,
                Timestamp::from_ms(ms),
            )
        };
        assert_eq!(judge("{}", "10.1.2.3", 0), Err(Unwanted::Client));
        assert_eq!(
            judge(r#"{"ua":"Kube-Probe/1.29"}"#, "192.0.2.1", 0),
            Err(Unwanted::Content)
        );
        assert_eq!(judge("{}", "192.0.2.1", 0), Ok(()));
        assert_eq!(judge("{}", "192.0.2.1", 999), Ok(()));
        assert_eq!(judge("{}", "192.0.2.1", 999), Err(Unwanted::Rate));
        assert_eq!(judge("{}", "192.0.2.1", 1000), Ok(()));
    }

    #[test]
    fn a_free_filter_refuses_nothing() {
        let filter = Filter::default();
        assert!(filter.is_free());
        let judged = filter.judge([], None, &mut Begun::default(), Timestamp::from_ms(0));
        assert_eq!(judged, Ok(()));
    }
}
