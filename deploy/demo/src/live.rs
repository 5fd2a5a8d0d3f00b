//! Live traffic: people with browsers who use the sites' applications through nginx, and one who tries
//! passwords.
//!
//! Everything goes over real HTTP. What each request's cookie was, and when it ended, is kept: this is the
//! demo's own exact count, against which the answers are judged.

mod browser;
mod person;
mod seen;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use fastrand::Rng;
use tokio::task::JoinSet;

use crate::site::Site;
use browser::Browser;
use person::Person;

pub(crate) use seen::Seen;

/// Regulars of each place in the crowd: one of them is there at a time.
const REGULARS: u32 = 6;

/// Where the one who tries passwords sits.
const ATTACKER: &str = "203.0.113.254";

/// The crowd. Dropping it sends everybody home.
pub(crate) struct Crowd {
    _tasks: JoinSet<()>,
}

impl Crowd {
    /// Sends people to every site; `sites` has the port of each site's web server.
    pub(crate) fn start(
        seed: u64,
        sites: &[(&'static Site, u16)],
        seen: &Arc<Seen>,
    ) -> Result<Self> {
        let mut tasks = JoinSet::new();
        let mut rng = Rng::with_seed(seed);
        for (site, port) in sites {
            let client = browser::client()?;
            let new_browser = |address| Browser::new(&client, site.id, *port, address, seen);
            for place in 0..site.visitors {
                let regulars = (0..REGULARS)
                    .map(|nth| {
                        let number = place * REGULARS + nth;
                        Person::new(site, number, new_browser(person::address(site, number)))
                    })
                    .collect();
                tasks.spawn(person::take_turns(regulars, rng.fork()));
            }
            if site.attacked {
                tasks.spawn(try_passwords(new_browser(ATTACKER.to_owned())));
            }
        }
        Ok(Self { _tasks: tasks })
    }
}

/// One attempt a second, each with another password, all from one address.
async fn try_passwords(mut browser: Browser) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    for attempt in 0_u64.. {
        ticks.tick().await;
        browser
            .post("/login", &format!("user=admin&password=guess-{attempt}"))
            .await;
    }
}
