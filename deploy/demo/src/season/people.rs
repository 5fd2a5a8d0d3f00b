//! Who visits and what they do: groups with habits, people who come back, visits of some pages.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use bongsu_sdk_model::{LoginOutcome, Timestamp, Transaction};
use fastrand::Rng;

use super::{
    Season,
    rhythm::{self, Day},
    sitemap::Page,
};
use crate::site::Site;

/// People of like habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// At work, on working days.
    Office,
    /// At home.
    Home,
    /// At night.
    Owl,
}

impl Group {
    /// Every group.
    pub(crate) const ALL: [Self; 3] = [Self::Office, Self::Home, Self::Owl];

    /// Share of the site's visits at the group's own busiest hour.
    pub(crate) const fn share(self) -> f64 {
        match self {
            Self::Office => 0.78,
            Self::Home => 0.42,
            Self::Owl => 0.05,
        }
    }

    /// How much of the group is there, 0 to 1.
    pub(crate) fn presence(self, at: Timestamp) -> f64 {
        let (day, weekend): (&Day, f64) = match self {
            Self::Office => (&rhythm::OFFICE, 0.12),
            Self::Home => (&rhythm::EVENING, 1.15),
            Self::Owl => (&rhythm::NIGHT, 1.3),
        };
        rhythm::presence(day, at) * if rhythm::weekend(at) { weekend } else { 1.0 }
    }

    /// Which third of the site's people belong to it.
    const fn offset(self) -> u32 {
        match self {
            Self::Office => 0,
            Self::Home => 1,
            Self::Owl => 2,
        }
    }
}

/// One person's stay.
#[derive(Debug)]
pub(crate) struct Visit {
    site: &'static Site,
    person: u32,
    begin: Timestamp,
    rng: Rng,
}

/// 198.18.0.0/15, for benchmarks (RFC 2544).
const BENCHMARK_NET: u32 = 0xc612_0000;

const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; SM-S931N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
];

impl Visit {
    /// Somebody of `group` comes in the hour from `hour`. A few come often, many now and then.
    pub(crate) fn begin(site: &'static Site, group: Group, hour: Timestamp, rng: &mut Rng) -> Self {
        let people = site.people / 3;
        let skew = rng.f64() * rng.f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and people"
        )]
        let nth = (f64::from(people) * skew) as u32;
        let begin = hour.plus(Duration::from_millis(rng.u64(0..3_600_000)));
        Self {
            site,
            person: nth * 3 + group.offset(),
            begin,
            rng: rng.fork(),
        }
    }

    /// Its requests, in order.
    pub(crate) fn transactions(mut self, season: &Season) -> Vec<Transaction> {
        let session = format!("{:032x}", self.rng.u128(..));
        let member = self.person % 5 < 3;
        let pages = self.rng.usize(3..=11);
        let mut at = self.begin;
        let mut made = Vec::with_capacity(pages);
        for nth in 0..pages {
            let page = match nth {
                0 => &season.sitemap.home,
                1 if member => &season.sitemap.login,
                _ => season.sitemap.choose(&mut self.rng),
            };
            let logged_in = member && nth >= 1;
            made.push(self.request(season, page, at, &session, logged_in));
            at = at.plus(Duration::from_millis(self.rng.u64(4_000..75_000)));
        }
        made
    }

    fn request(
        &mut self,
        season: &Season,
        page: &Page,
        started: Timestamp,
        session: &str,
        logged_in: bool,
    ) -> Transaction {
        // Durations spread over about a decade, as real ones do.
        let spread = (self.rng.f64() + self.rng.f64()) * 1.1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some seconds"
        )]
        let duration_us = (f64::from(page.ms) * 400.0 * spread.exp()) as u64;
        let status = match page.url.as_str() {
            "/minwon/export" => 500,
            "/login" => 303,
            _ if self.rng.u32(0..100) == 0 => 404,
            _ => 200,
        };
        let target = page
            .url
            .as_str()
            .replace("<int:number>", &self.rng.u32(1..500).to_string());
        Transaction {
            started,
            ended: started.plus(Duration::from_micros(duration_us)),
            duration_us,
            app: season.app.clone(),
            instance: season.instance.clone(),
            url: page.url.clone(),
            target,
            method: page.method.to_owned(),
            status,
            failed: status >= 500,
            response_bytes: self.rng.u64(600..6_000),
            sql_us: duration_us * page.sql / 100,
            external_us: 0,
            client: Some(self.address()),
            session: Some(session.to_owned()),
            cookie: Some(self.cookie()),
            user: logged_in.then(|| format!("citizen-{}-{:05}", self.site.id, self.person)),
            user_agent: self.browser().map(str::to_owned),
            trace_id: Some(self.rng.u128(..).to_be_bytes()),
            login: (page.url.as_str() == "/login").then_some(LoginOutcome::Succeeded),
        }
    }

    fn cookie(&self) -> String {
        format!(
            "{}-{:08x}",
            self.site.id,
            self.person.wrapping_mul(0x9e37_79b1)
        )
    }

    fn browser(&self) -> Option<&'static str> {
        BROWSERS.get(self.person as usize % BROWSERS.len()).copied()
    }

    /// Three people share an address, as behind a home router.
    fn address(&self) -> IpAddr {
        let host = u32::from(self.site.block) * 8_192 + self.person / 3 % 8_192;
        IpAddr::V4(Ipv4Addr::from_bits(BENCHMARK_NET + host))
    }
}
