//! How long a session may stay, whatever its application asks for.

use std::time::Duration;

use bongsu_sdk_model::Timestamp;

/// The limits of one application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lifetime {
    /// Longest life from creation; none: any.
    pub max: Option<Duration>,
    /// Longest time to expiry from a write; none: any.
    pub idle: Option<Duration>,
    /// Longest life of a session of nobody; none: as any other.
    pub anonymous: Option<Duration>,
    /// What makes a session live on.
    pub renewal: Renewal,
}

/// What makes a session live on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Renewal {
    /// Only what the application writes or asks for.
    #[default]
    OnWrite,
    /// Reading it, too: it gets [`Lifetime::idle`] to live again.
    OnRead,
}

impl Lifetime {
    /// Whether no session's time is changed.
    pub(crate) fn is_free(&self) -> bool {
        self.max.is_none() && self.idle.is_none() && self.anonymous.is_none()
    }

    /// When a session expires for which the application asked for `asked` (none: never) at `now`.
    pub(crate) fn expires(
        &self,
        asked: Option<Timestamp>,
        created: Timestamp,
        now: Timestamp,
        bound: bool,
    ) -> Option<Timestamp> {
        let anonymous = self.anonymous.filter(|_| !bound);
        [
            asked,
            self.max.map(|max| created.plus(max)),
            self.idle.map(|idle| now.plus(idle)),
            anonymous.map(|life| created.plus(life)),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When a session expires that is read at `now`: never sooner than it would have; none if reading does not
    /// renew.
    pub(crate) fn renewed(
        &self,
        expires: Option<Timestamp>,
        created: Timestamp,
        now: Timestamp,
        bound: bool,
    ) -> Option<Timestamp> {
        if self.renewal == Renewal::OnWrite {
            return None;
        }
        let renewed = self.expires(None, created, now, bound)?;
        (renewed > expires?).then_some(renewed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1000)
    }

    fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn the_earliest_limit_counts() {
        let free = Lifetime::default();
        assert!(free.is_free());
        assert_eq!(free.expires(None, at(0), at(50), false), None);
        let all = Lifetime {
            max: secs(100),
            idle: secs(30),
            anonymous: secs(10),
            ..Lifetime::default()
        };
        assert_eq!(all.expires(None, at(0), at(50), true), Some(at(80)));
        assert_eq!(all.expires(Some(at(60)), at(0), at(50), true), Some(at(60)));
        assert_eq!(all.expires(None, at(0), at(90), true), Some(at(100)));
        assert_eq!(all.expires(None, at(0), at(5), false), Some(at(10)));
    }

    #[test]
    fn reading_renews_only_if_asked_and_only_forward() {
        let on_read = Lifetime {
            max: secs(100),
            idle: secs(30),
            renewal: Renewal::OnRead,
            ..Lifetime::default()
        };
        let renewed = |lifetime: &Lifetime, expires, now| {
            lifetime.renewed(Some(at(expires)), at(0), at(now), true)
        };
        assert_eq!(renewed(&on_read, 30, 10), Some(at(40)));
        assert_eq!(renewed(&on_read, 95, 90), Some(at(100)));
        assert_eq!(renewed(&on_read, 100, 99), None);
        assert_eq!(renewed(&on_read, 50, 10), None);
        let on_write = Lifetime {
            renewal: Renewal::OnWrite,
            ..on_read
        };
        assert_eq!(renewed(&on_write, 30, 10), None);
    }
}
