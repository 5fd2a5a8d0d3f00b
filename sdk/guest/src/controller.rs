//! The `controller` world: doing what was approved.

use crate::Settings;

/// Generated from `wit/`.
#[doc(hidden)]
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "controller",
        pub_export_macro: true,
        export_macro_name: "export_world",
    });
}

pub use bindings::exports::bongsu::plugin::control::{
    Action, Deny, Detour, Effect, Notice, Owner, Proposal, Rate, Request, Scaling,
};

impl Proposal {
    /// The effect that is exactly what was approved.
    #[must_use]
    pub fn whole(&self) -> Effect {
        Effect {
            action: self.action.clone(),
            until_ms: self.until_ms,
        }
    }
}

/// A controller. One value lives as long as its instance; calls never overlap.
pub trait Controller: Sized + 'static {
    /// Picks up the operator's settings.
    ///
    /// # Errors
    /// A sentence for the operator that names the key at fault. The plugin is then refused.
    fn init(settings: &Settings) -> Result<Self, String>;

    /// The effects that carry out an approved proposal, none wider than it.
    ///
    /// # Errors
    /// Why it cannot be done; shown to whoever approved.
    fn apply(&mut self, proposal: &Proposal) -> Result<Vec<Effect>, String>;
}

/// Makes the crate a component of the world `controller`. Takes the name of a type that implements [`Controller`]; the
/// manifest is the file `plugin.json` beside `Cargo.toml`.
#[macro_export]
macro_rules! export_controller {
    ($plugin:ident) => {
        $crate::__export_plugin!(
            controller,
            $crate::controller::Controller,
            $plugin,
            Whole,
            {
                use $crate::controller::bindings::exports::bongsu::plugin::control;

                impl control::Guest for Component {
                    fn apply(
                        proposal: control::Proposal,
                    ) -> Result<::std::vec::Vec<control::Effect>, ::std::string::String>
                    {
                        PLUGIN.with_borrow_mut(|plugin| match plugin {
                            Some(plugin) => {
                                $crate::controller::Controller::apply(plugin, &proposal)
                            }
                            None => ::std::panic!("apply was called before init"),
                        })
                    }
                }
            }
        );
    };
}
