//! The `detector` world: finding what is wrong.

use crate::Settings;

/// Generated from `wit/`.
#[doc(hidden)]
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "detector",
        pub_export_macro: true,
        export_macro_name: "export_world",
    });
}

pub use bindings::exports::bongsu::plugin::detection::{
    Batch, Events, Figure, Finding, Login, Measure, RollUp, SessionChange, SessionEvent, Severity,
    Transaction, Window,
};

impl Batch {
    /// The text at a position, for example `batch.text(transaction.app)`.
    #[must_use]
    pub fn text(&self, place: u32) -> &str {
        self.texts.get(place as usize).map_or("", String::as_str)
    }

    /// The text at a position that may be absent.
    #[must_use]
    pub fn text_of(&self, place: Option<u32>) -> Option<&str> {
        place.map(|place| self.text(place))
    }

    /// The instant of the batch, milliseconds since the epoch.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.window.to_ms
    }

    /// The transactions; none in a batch of another kind.
    #[must_use]
    pub fn transactions(&self) -> &[Transaction] {
        match &self.events {
            Events::Transactions(all) => all,
            _ => &[],
        }
    }

    /// The session events; none in a batch of another kind.
    #[must_use]
    pub fn session_events(&self) -> &[SessionEvent] {
        match &self.events {
            Events::SessionEvents(all) => all,
            _ => &[],
        }
    }

    /// The roll-ups; none in a batch of another kind.
    #[must_use]
    pub fn roll_ups(&self) -> &[RollUp] {
        match &self.events {
            Events::RollUps(all) => all,
            _ => &[],
        }
    }

    /// The value of a metric in a roll-up of this batch.
    #[must_use]
    pub fn measure(&self, roll_up: &RollUp, metric: &str) -> Option<f64> {
        let found = roll_up
            .measures
            .iter()
            .find(|m| self.text(m.metric) == metric);
        found.map(|m| m.value)
    }

    /// An empty batch of transactions, for unit tests; fill [`Batch::events`] with texts placed by [`Self::place`].
    #[must_use]
    pub fn new(from_ms: i64, to_ms: i64) -> Self {
        Self {
            window: Window { from_ms, to_ms },
            texts: Vec::new(),
            events: Events::Transactions(Vec::new()),
        }
    }

    /// Where a text is, adding it if it is not there: for unit tests.
    pub fn place(&mut self, text: &str) -> u32 {
        let found = self.texts.iter().position(|known| known == text);
        let place = found.unwrap_or_else(|| {
            self.texts.push(text.to_owned());
            self.texts.len() - 1
        });
        place as u32
    }
}

/// A detector. One value lives as long as its instance; calls never overlap. What it keeps must be bounded.
pub trait Detector: Sized + 'static {
    /// Picks up the operator's settings.
    ///
    /// # Errors
    /// A sentence for the operator that names the key at fault. The plugin is then refused.
    fn init(settings: &Settings) -> Result<Self, String>;

    /// Looks at a batch, perhaps an empty one, of a kind the manifest names in `events`.
    fn check(&mut self, batch: &Batch) -> Vec<Finding>;
}

/// Makes the crate a component of the world `detector`. Takes the name of a type that implements [`Detector`]; the manifest
/// is the file `plugin.json` beside `Cargo.toml`.
#[macro_export]
macro_rules! export_detector {
    ($plugin:ident) => {
        $crate::__export_plugin!(detector, $crate::detector::Detector, $plugin, Whole, {
            use $crate::detector::bindings::exports::bongsu::plugin::detection;

            impl detection::Guest for Component {
                fn check(batch: detection::Batch) -> ::std::vec::Vec<detection::Finding> {
                    PLUGIN.with_borrow_mut(|plugin| match plugin {
                        Some(plugin) => $crate::detector::Detector::check(plugin, &batch),
                        None => ::std::panic!("check was called before init"),
                    })
                }
            }
        });
    };
}
