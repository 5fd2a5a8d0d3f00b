//! What people do on the site: come, log in, look around, apply, leave; others take their place.

use std::time::Duration;

use fastrand::Rng;

use super::browser::Browser;
use crate::site::Site;

/// A member of a site's public.
pub(crate) struct Person {
    name: String,
    browser: Browser,
}

impl Person {
    /// Number `number` of the site's public.
    pub(crate) fn new(site: &Site, number: u32, browser: Browser) -> Self {
        Self {
            name: format!("live-{}-{number:04}", site.id),
            browser,
        }
    }
}

/// The address of number `number` of the site's public; four people share one.
pub(crate) fn address(site: &Site, number: u32) -> String {
    format!("{}.{}", site.net, 1 + number / 4 % 250)
}

/// Keeps one place in the crowd taken for ever, by one of `people` after another.
pub(crate) async fn take_turns(mut people: Vec<Person>, mut rng: Rng) {
    pause(&mut rng, 0, 2_500).await;
    while !people.is_empty() {
        let next = rng.usize(0..people.len());
        if let Some(person) = people.get_mut(next) {
            visit(person, &mut rng).await;
        }
        pause(&mut rng, 500, 3_000).await;
    }
}

async fn visit(person: &mut Person, rng: &mut Rng) {
    let Person { name, browser } = person;
    browser.get("/").await;
    browser.get("/static/minwon.css").await;
    let member = rng.u32(0..10) < 6;
    if member {
        browser.get("/login").await;
        if rng.u32(0..20) == 0 {
            browser
                .post("/login", &format!("user={name}&password=mistyped"))
                .await;
            pause(rng, 1_000, 3_000).await;
        }
        browser
            .post("/login", &format!("user={name}&password=pw-{name}"))
            .await;
    }
    for _ in 0..rng.u32(3..15) {
        pause(rng, 700, 3_300).await;
        look_at_a_page(browser, rng).await;
    }
    if member && rng.u32(0..10) < 7 {
        browser.post("/logout", "").await;
    }
}

async fn look_at_a_page(browser: &mut Browser, rng: &mut Rng) -> Option<u16> {
    match rng.u32(0..100) {
        0..45 => browser.get("/minwon/list").await,
        45..86 => browser.get(&format!("/minwon/{}", rng.u32(1..500))).await,
        86..94 => {
            browser
                .post("/minwon/apply", "title=%EB%AF%BC%EC%9B%90")
                .await
        }
        94..98 => browser.get("/minwon/stats").await,
        98 => browser.get("/minwon/99999999").await,
        _ => browser.get("/minwon/export").await,
    }
}

async fn pause(rng: &mut Rng, least_ms: u64, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(rng.u64(least_ms..most_ms))).await;
}
