//! The `detector` world: finding what is wrong in traffic.

use crate::{About, Config};

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
    Figure, Finding, Login, Severity, Transaction, Window,
};

/// A detector. One value lives as long as its instance; calls never overlap. State must be bounded.
pub trait Detector: Sized + 'static {
    /// Who it is.
    const ABOUT: About;

    /// Reads the operator's settings.
    ///
    /// # Errors
    /// A sentence for the operator that names the key at fault. The plugin is then refused.
    fn init(config: &Config) -> Result<Self, String>;

    /// Looks at the transactions that ended since the last call, in no particular order, perhaps none; `now_ms` is
    /// the instant of the batch.
    fn check(&mut self, transactions: &[Transaction], now_ms: i64) -> Vec<Finding>;
}

/// Makes the crate a component of the world `detector`. Takes the name of a type that implements [`Detector`].
#[macro_export]
macro_rules! export_detector {
    ($plugin:ident) => {
        // A linker for a host does not accept the names that components export.
        #[cfg(target_arch = "wasm32")]
        mod bongsu_component {
            use ::std::{cell::RefCell, string::String, vec::Vec};
            use $crate::detector::bindings::{self, exports::bongsu::plugin::detection};

            ::std::thread_local! {
                static PLUGIN: RefCell<Option<super::$plugin>> = const { RefCell::new(None) };
            }

            struct Component;
            $crate::__export_plugin!($crate::detector::Detector, $plugin, "detector", Whole);

            impl detection::Guest for Component {
                fn check(transactions: Vec<detection::Transaction>, now_ms: i64) -> Vec<detection::Finding> {
                    PLUGIN.with_borrow_mut(|plugin| match plugin {
                        Some(plugin) => $crate::detector::Detector::check(plugin, &transactions, now_ms),
                        None => ::std::panic!("check was called before init"),
                    })
                }
            }

            bindings::export_world!(Component with_types_in bindings);
        }
    };
}
