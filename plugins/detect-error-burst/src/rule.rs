//! When errors are more than an application's own share of them explains.

use bongsu_sdk_rules::{Alarm, Bounded, Found, Weight, Words, many};

/// One closed minute of an application, or of one of its URLs.
pub(crate) struct Minute<'a> {
    pub(crate) app: &'a str,
    pub(crate) url: Option<&'a str>,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) requests: f64,
    pub(crate) errors: f64,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) errors: f64,
    pub(crate) share: f64,
    pub(crate) minutes: u32,
    pub(crate) most_urls: usize,
}

/// Minutes after which half of the past is forgotten: two hours.
const HALF_LIFE: f64 = 120.0;

/// How improbable: six standard deviations are one in a thousand million minutes, if errors come singly. They do not
/// quite, hence so many.
const DEVIATIONS: f64 = 6.0;

/// Share of errors that is taken to be normal even where there never was one.
const LEAST_USUAL: f64 = 0.002;

#[derive(Default)]
struct Scope {
    /// Requests and errors, the past counting ever less.
    requests: f64,
    errors: f64,
    odd_minutes: u32,
    odd_from_ms: i64,
    alarm: Alarm,
}

pub(crate) struct Bursts {
    limits: Limits,
    scopes: Bounded<Scope>,
    key: String,
}

impl Bursts {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            scopes: Bounded::new(limits.most_urls),
            limits,
            key: String::new(),
        }
    }

    /// Judges all scopes of one minute. A URL is reported only where its whole application is not.
    pub(crate) fn minutes(&mut self, minutes: &[Minute<'_>]) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for minute in minutes.iter().filter(|m| m.url.is_none()) {
            let worst = worst_url(minutes, minute);
            found.extend(self.minute(minute, worst));
        }
        for minute in minutes.iter().filter(|m| m.url.is_some()) {
            let whole = self.scopes.peek(minute.app);
            let told = whole.is_some_and(|scope| scope.alarm.is_ringing());
            let one = self.minute(minute, None);
            if !told {
                found.extend(one);
            }
        }
        found
    }

    fn minute(&mut self, minute: &Minute<'_>, worst: Option<&Minute<'_>>) -> Option<Found> {
        if !(minute.requests >= 1.0 && minute.errors >= 0.0) {
            return None;
        }
        self.key.clear();
        self.key.push_str(minute.app);
        if let Some(url) = minute.url {
            self.key.extend([" ", url]);
        }
        let scope = self.scopes.entry(&self.key);
        let usual = (scope.errors / scope.requests.max(1.0)).max(LEAST_USUAL);
        let share = minute.errors / minute.requests;
        let spread = (minute.requests * usual * (1.0 - usual)).sqrt().max(1.0);
        let odd = minute.errors >= self.limits.errors
            && share >= self.limits.share
            && (minute.errors - minute.requests * usual) / spread >= DEVIATIONS;
        if !odd {
            scope.odd_minutes = 0;
            let keep = 0.5_f64.powf(1.0 / HALF_LIFE);
            scope.requests = scope.requests * keep + minute.requests;
            scope.errors = scope.errors * keep + minute.errors;
            let calm = share < self.limits.share / 2.0 || share < usual * 2.0;
            scope.alarm.rings(false, calm, minute.to_ms);
            return None;
        }
        if scope.odd_minutes == 0 {
            scope.odd_from_ms = minute.from_ms;
        }
        scope.odd_minutes += 1;
        let lasting = scope.odd_minutes >= self.limits.minutes;
        let from_ms = scope.odd_from_ms;
        scope
            .alarm
            .rings(lasting, false, minute.to_ms)
            .then(|| found(minute, usual, from_ms, worst))
    }
}

/// The URL with most of an application's errors, if it has at least half of them.
fn worst_url<'a, 'b>(minutes: &'a [Minute<'b>], whole: &Minute<'_>) -> Option<&'a Minute<'b>> {
    minutes
        .iter()
        .filter(|m| m.app == whole.app && m.url.is_some())
        .max_by(|a, b| a.errors.total_cmp(&b.errors))
        .filter(|m| m.errors * 2.0 >= whole.errors)
}

fn found(minute: &Minute<'_>, usual: f64, from_ms: i64, worst: Option<&Minute<'_>>) -> Found {
    let share = minute.errors / minute.requests;
    let (percent, usual_percent) = (many(share * 100.0), many(usual * 100.0));
    let (errors, requests) = (minute.errors, minute.requests);
    let url = worst.and_then(|m| m.url);
    let (most_en, most_ko) = url.map_or_else(Default::default, |url| {
        (
            format!(", most of them in {url}"),
            format!(", 대부분 {url}"),
        )
    });
    Found {
        kind: "error-burst",
        weight: if share >= 0.2 || share >= usual * 50.0 {
            Weight::Critical
        } else {
            Weight::Warning
        },
        app: Some(minute.app.to_owned()),
        from_ms,
        to_ms: minute.to_ms,
        subject: match minute.url.or(url) {
            Some(url) => format!("url:{url}"),
            None => format!("app:{}", minute.app),
        },
        words: Words {
            en: format!(
                "{errors:.0} of {requests:.0} requests failed ({percent} %), usually {usual_percent} %{most_en}"
            ),
            ko: format!(
                "요청 {requests:.0}건 중 {errors:.0}건 오류({percent}%), 평소 {usual_percent}%{most_ko}"
            ),
        },
        evidence: vec![
            ("errors", errors),
            ("requests", requests),
            ("share_percent", share * 100.0),
            ("usual_percent", usual * 100.0),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Bursts {
        Bursts::new(Limits {
            errors: 10.0,
            share: 0.05,
            minutes: 2,
            most_urls: 100,
        })
    }

    fn minute<'a>(at: i64, url: Option<&'a str>, requests: f64, errors: f64) -> Minute<'a> {
        Minute {
            app: "minwon",
            url,
            from_ms: at * 60_000,
            to_ms: (at + 1) * 60_000,
            requests,
            errors,
        }
    }

    #[test]
    fn a_burst_of_errors_names_the_url_that_has_most_of_them_and_only_once() {
        let mut rule = rule();
        for at in 0..60 {
            assert_eq!(rule.minutes(&[minute(at, None, 600.0, 1.0)]), []);
        }
        let burst = |at| {
            [
                minute(at, None, 600.0, 90.0),
                minute(at, Some("/pay"), 120.0, 88.0),
                minute(at, Some("/list"), 480.0, 2.0),
            ]
        };
        assert_eq!(rule.minutes(&burst(60)), []);
        let found = rule.minutes(&burst(61));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].subject, "url:/pay");
        assert_eq!(found[0].from_ms, 3_600_000);
        assert!(found[0].words.en.contains("90 of 600"));
        assert_eq!(rule.minutes(&burst(62)), []);
    }

    #[test]
    fn one_url_of_a_large_application_is_found_by_itself() {
        let mut rule = rule();
        let at = |at, errors| {
            [
                minute(at, None, 60_000.0, 60.0 + errors),
                minute(at, Some("/rare"), 40.0, errors),
            ]
        };
        for i in 0..60 {
            assert_eq!(rule.minutes(&at(i, 0.0)), []);
        }
        assert_eq!(rule.minutes(&at(60, 30.0)), []);
        let found = rule.minutes(&at(61, 30.0));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].subject.as_str(), found[0].weight),
            ("url:/rare", Weight::Critical)
        );
    }

    #[test]
    fn what_always_fails_and_what_fails_a_little_is_silent() {
        let mut rule = rule();
        let mut found = Vec::new();
        for at in 0..200 {
            found.extend(rule.minutes(&[minute(at, None, 200.0, 60.0)]));
        }
        assert_eq!(
            found.len(),
            1,
            "told once when it was first seen: {found:?}"
        );
        let mut rule = self::rule();
        for at in 0..200 {
            let errors = if at % 10 == 0 { 9.0 } else { 0.0 };
            assert_eq!(rule.minutes(&[minute(at, None, 100.0, errors)]), []);
            let nonsense = minute(at, Some("/n"), f64::NAN, 50.0);
            assert_eq!(rule.minutes(&[nonsense]), []);
        }
    }
}
