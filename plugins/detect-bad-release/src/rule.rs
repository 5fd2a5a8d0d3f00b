//! When a new release of an application does worse than the one before it, URL by URL, so that a change in what people
//! do is not mistaken for a change in what the release does.

use std::collections::BTreeMap;

use bongsu_sdk_rules::{Bounded, Found, History, Weight, Words, many};

/// One finished request.
pub(crate) struct Request<'a> {
    pub(crate) app: &'a str,
    pub(crate) release: &'a str,
    pub(crate) url: &'a str,
    pub(crate) ended_ms: i64,
    pub(crate) duration_us: u64,
    pub(crate) error: bool,
}

/// Thresholds; the defaults and their reasons are in the README.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) requests: u64,
    pub(crate) error_points: f64,
    pub(crate) slower: f64,
    pub(crate) trial_ms: i64,
    pub(crate) most_apps: usize,
}

/// URLs remembered of one release.
const URLS: usize = 200;

/// Requests a URL must have under both releases to be compared.
const URL_REQUESTS: f64 = 30.0;

/// Requests after which a release's past fades: the comparison is with how it was lately.
const MEMORY: f64 = 5_000.0;

/// How improbable a difference must be.
const DEVIATIONS: f64 = 5.0;

#[derive(Default)]
struct Url {
    log_us: History,
    errors: History,
}

struct Release {
    name: String,
    first_ms: i64,
    requests: u64,
    urls: Bounded<Url>,
}

impl Release {
    fn new(name: &str, first_ms: i64) -> Self {
        Self {
            name: name.to_owned(),
            first_ms,
            requests: 0,
            urls: Bounded::new(URLS),
        }
    }

    fn add(&mut self, request: &Request<'_>) {
        self.requests += 1;
        let url = self.urls.entry(request.url);
        url.errors.learn(f64::from(u8::from(request.error)), MEMORY);
        url.log_us
            .learn((request.duration_us.max(1) as f64).ln(), MEMORY);
    }
}

/// An application's last release and, while it is on trial, the new one.
#[derive(Default)]
struct App {
    old: Option<Release>,
    new: Option<Release>,
    told: bool,
    /// Requests since the two were compared.
    uncompared: u64,
}

pub(crate) struct Releases {
    limits: Limits,
    apps: Bounded<App>,
}

impl Releases {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            apps: Bounded::new(limits.most_apps),
            limits,
        }
    }

    pub(crate) fn request(&mut self, request: &Request<'_>) -> Option<Found> {
        let app = self.apps.entry(request.app);
        let Some(old) = &mut app.old else {
            let mut first = Release::new(request.release, request.ended_ms);
            first.add(request);
            app.old = Some(first);
            return None;
        };
        let on_trial = app
            .new
            .as_ref()
            .is_some_and(|new| new.name == request.release);
        if old.name == request.release {
            old.add(request);
        } else if on_trial || app.new.is_none() {
            app.new
                .get_or_insert_with(|| Release::new(request.release, request.ended_ms))
                .add(request);
        } else {
            // A third release: the one on trial becomes what the next is compared with.
            app.old = app.new.take();
            app.new = Some(Release::new(request.release, request.ended_ms));
            app.told = false;
        }
        app.uncompared += 1;
        // Comparing costs a walk over the URLs.
        let (Some(old), Some(new)) = (&app.old, &app.new) else {
            return None;
        };
        let enough = new.requests >= self.limits.requests && old.requests >= self.limits.requests;
        let due = app.uncompared >= 100;
        if !enough || !due {
            return None;
        }
        app.uncompared = 0;
        let verdict = (!app.told)
            .then(|| compare(request, old, new, &self.limits))
            .flatten();
        app.told |= verdict.is_some();
        if request.ended_ms.saturating_sub(new.first_ms) > self.limits.trial_ms {
            app.old = app.new.take();
            app.told = false;
        }
        verdict
    }
}

/// Differences added up over the URLs that both releases served.
#[derive(Default)]
struct Sum {
    errors: f64,
    errors_expected: f64,
    requests: f64,
    log_ratio: f64,
    log_ratio_variance: f64,
    /// The URL that contributes most to what is worse.
    worst: BTreeMap<u64, String>,
}

fn compare(request: &Request<'_>, old: &Release, new: &Release, limits: &Limits) -> Option<Found> {
    let mut sum = Sum::default();
    for (name, now) in new.urls.iter() {
        let Some(before) = old.urls.peek(name) else {
            continue;
        };
        let (n, m) = (now.errors.seen(), before.errors.seen());
        if n < URL_REQUESTS || m < URL_REQUESTS {
            continue;
        }
        let errors = now.errors.mean() * n;
        // One imagined error in a thousand: a URL that never failed may fail once.
        let expected = ((before.errors.mean() * m + 0.001 * m) / m) * n;
        let ratio = now.log_us.mean() - before.log_us.mean();
        sum.requests += n;
        sum.errors += errors;
        sum.errors_expected += expected;
        sum.log_ratio += n * ratio;
        sum.log_ratio_variance +=
            n * n * (variance(&now.log_us) / n + variance(&before.log_us) / m);
        let harm = (errors - expected).max(0.0) + n * ratio.max(0.0);
        sum.worst.insert((harm * 1_000.0) as u64, name.to_owned());
    }
    if sum.requests < URL_REQUESTS {
        return None;
    }
    let points = (sum.errors - sum.errors_expected) / sum.requests * 100.0;
    let error_deviations = (sum.errors - sum.errors_expected) / sum.errors_expected.sqrt().max(1.0);
    let slower = (sum.log_ratio / sum.requests).exp();
    let slower_deviations = sum.log_ratio / sum.log_ratio_variance.sqrt().max(1e-9);
    let fails = points >= limits.error_points && error_deviations >= DEVIATIONS;
    let drags = slower >= limits.slower && slower_deviations >= DEVIATIONS;
    if !fails && !drags {
        return None;
    }
    Some(found(
        request,
        old,
        new,
        &Verdict {
            sum: &sum,
            points,
            slower,
            fails,
            drags,
        },
    ))
}

/// Squared standard deviation of one value; [`History`] gives deviations, of which this is the unit.
fn variance(history: &History) -> f64 {
    let one = history.deviations(history.mean() + 1.0, 0.01);
    1.0 / (one * one).max(1e-9)
}

struct Verdict<'a> {
    sum: &'a Sum,
    points: f64,
    slower: f64,
    fails: bool,
    drags: bool,
}

fn found(request: &Request<'_>, old: &Release, new: &Release, verdict: &Verdict<'_>) -> Found {
    let sum = verdict.sum;
    let (before, after) = (
        sum.errors_expected / sum.requests * 100.0,
        sum.errors / sum.requests * 100.0,
    );
    let worst = sum.worst.values().next_back().map_or("", String::as_str);
    let (name, last) = (new.name.as_str(), old.name.as_str());
    let slower = many(verdict.slower);
    let (mut en, mut ko) = (Vec::new(), Vec::new());
    if verdict.fails {
        let (before, after) = (many(before), many(after));
        en.push(format!(
            "{after} % of its requests fail instead of {before} %"
        ));
        ko.push(format!("오류율 {before}% → {after}%"));
    }
    if verdict.drags {
        en.push(format!("they take {slower} times as long"));
        ko.push(format!("응답시간 {slower}배"));
    }
    Found {
        kind: "bad-release",
        weight: if verdict.points >= 10.0 || verdict.slower >= 5.0 {
            Weight::Critical
        } else {
            Weight::Warning
        },
        app: Some(request.app.to_owned()),
        from_ms: new.first_ms,
        to_ms: request.ended_ms.max(new.first_ms).saturating_add(1),
        subject: format!("app:{}", request.app),
        words: Words {
            en: format!(
                "release {name} does worse than {last}: {}; mostly {worst}",
                en.join(", ")
            ),
            ko: format!(
                "배포 {name}이(가) {last}보다 나쁩니다: {}; 주로 {worst}",
                ko.join(", ")
            ),
        },
        evidence: vec![
            ("errors_percent", after),
            ("errors_percent_before", before),
            ("times_as_long", verdict.slower),
            ("requests", new.requests as f64),
            ("requests_compared", sum.requests),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Releases {
        Releases::new(Limits {
            requests: 300,
            error_points: 1.0,
            slower: 1.5,
            trial_ms: 2 * 3_600_000,
            most_apps: 10,
        })
    }

    struct Traffic {
        release: &'static str,
        url: &'static str,
        n: u64,
        ms: u64,
        error_every: u64,
    }

    fn run(rule: &mut Releases, at_s: i64, traffic: &[Traffic]) -> Vec<Found> {
        let most = traffic.iter().map(|t| t.n).max().unwrap_or(0);
        let mut found = Vec::new();
        for i in 0..most {
            for t in traffic.iter().filter(|t| i < t.n) {
                let request = Request {
                    app: "minwon",
                    release: t.release,
                    url: t.url,
                    ended_ms: at_s * 1_000 + i as i64,
                    duration_us: t.ms * 1_000 + (i % 10) * t.ms * 100,
                    error: t.error_every > 0 && i % t.error_every == 0,
                };
                found.extend(rule.request(&request));
            }
        }
        found
    }

    const fn of(
        release: &'static str,
        url: &'static str,
        n: u64,
        ms: u64,
        error_every: u64,
    ) -> Traffic {
        Traffic {
            release,
            url,
            n,
            ms,
            error_every,
        }
    }

    #[test]
    fn a_release_that_fails_is_found_once_and_names_the_url() {
        let mut rule = rule();
        assert_eq!(
            run(
                &mut rule,
                0,
                &[
                    of("1.0", "/pay", 1_000, 80, 0),
                    of("1.0", "/list", 2_000, 40, 500)
                ]
            ),
            []
        );
        let found = run(
            &mut rule,
            600,
            &[
                of("1.1", "/pay", 1_000, 80, 10),
                of("1.1", "/list", 2_000, 40, 500),
            ],
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].subject, "app:minwon");
        assert!(
            found[0].words.en.contains("mostly /pay"),
            "{}",
            found[0].words.en
        );
        assert!(
            found[0]
                .words
                .en
                .starts_with("release 1.1 does worse than 1.0")
        );
    }

    #[test]
    fn a_slower_release_is_found_while_both_run() {
        let mut rule = rule();
        assert_eq!(run(&mut rule, 0, &[of("1.0", "/list", 1_000, 40, 0)]), []);
        let both = [
            of("1.0", "/list", 1_000, 40, 0),
            of("1.1", "/list", 1_000, 90, 0),
        ];
        let found = run(&mut rule, 60, &both);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((found[0].evidence[2].1 - 2.25).abs() < 0.2, "{found:?}");
    }

    #[test]
    fn another_mix_of_urls_and_a_good_release_are_silent() {
        let mut rule = rule();
        assert_eq!(
            run(
                &mut rule,
                0,
                &[
                    of("1.0", "/list", 2_000, 40, 0),
                    of("1.0", "/report", 200, 4_000, 20)
                ]
            ),
            []
        );
        let moved = [
            of("1.1", "/list", 200, 40, 0),
            of("1.1", "/report", 2_000, 4_000, 20),
        ];
        assert_eq!(
            run(&mut rule, 600, &moved),
            [],
            "people ask for reports today"
        );
    }

    #[test]
    fn the_new_release_becomes_what_the_next_is_compared_with() {
        let mut rule = rule();
        run(&mut rule, 0, &[of("1.0", "/list", 1_000, 40, 0)]);
        run(&mut rule, 600, &[of("1.1", "/list", 1_000, 45, 0)]);
        let found = run(&mut rule, 1_200, &[of("1.2", "/list", 1_000, 200, 0)]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].words.en.contains("1.2 does worse than 1.1"),
            "{}",
            found[0].words.en
        );
    }
}
