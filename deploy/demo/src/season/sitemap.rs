//! The pages of the demo's application as the season asks for them, and what each costs.

use bongsu_sdk_model::{IdError, UrlTemplate};
use fastrand::Rng;

/// A page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Method.
    pub(crate) method: &'static str,
    /// Its route.
    pub(crate) url: UrlTemplate,
    /// Typical duration, milliseconds.
    pub(crate) ms: u32,
    /// Share of it in the database, %.
    pub(crate) sql: u64,
    /// How often it is asked for, relative to the others.
    weight: u32,
}

/// Every page.
#[derive(Debug, Clone)]
pub(crate) struct Sitemap {
    /// Where a visit begins.
    pub(crate) home: Page,
    /// Where a member goes next.
    pub(crate) login: Page,
    others: Vec<Page>,
}

impl Sitemap {
    /// The routes of `app/minwon.py`.
    pub(crate) fn new() -> Result<Self, IdError> {
        Ok(Self {
            home: page("GET", "/", 35, 30, 0)?,
            login: page("POST", "/login", 60, 10, 0)?,
            others: vec![
                page("GET", "/minwon/list", 70, 45, 45)?,
                page("GET", "/minwon/<int:number>", 50, 35, 40)?,
                page("POST", "/minwon/apply", 140, 40, 9)?,
                page("GET", "/minwon/stats", 1_350, 20, 5)?,
                page("GET", "/minwon/export", 30, 0, 1)?,
            ],
        })
    }

    /// One of the other pages, by weight.
    pub(crate) fn choose(&self, rng: &mut Rng) -> &Page {
        let total: u32 = self.others.iter().map(|page| page.weight).sum();
        let mut ticket = rng.u32(0..total.max(1));
        for page in &self.others {
            if ticket < page.weight {
                return page;
            }
            ticket -= page.weight;
        }
        &self.home
    }
}

fn page(method: &'static str, url: &str, ms: u32, sql: u64, weight: u32) -> Result<Page, IdError> {
    Ok(Page {
        method,
        url: UrlTemplate::new(url)?,
        ms,
        sql,
        weight,
    })
}
