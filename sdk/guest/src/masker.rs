//! The `masker` world: hiding personal data in text.

use std::ops::Range;

use crate::{About, Config};

/// Generated from `wit/`.
#[doc(hidden)]
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "masker",
        pub_export_macro: true,
        export_macro_name: "export_world",
    });
}

pub use bindings::exports::bongsu::plugin::masking::{Edit, Field, FieldKind};

impl Edit {
    /// Replaces the bytes `range` of the field at position `field` of the batch. Offsets beyond 4 GiB do not
    /// exist in a 32-bit plugin.
    #[must_use]
    pub fn new(
        field: usize,
        range: Range<usize>,
        found: &str,
        replacement: impl Into<String>,
    ) -> Self {
        Self {
            field: field as u32,
            start: range.start as u32,
            end: range.end as u32,
            found: found.to_owned(),
            replacement: replacement.into(),
        }
    }
}

/// A masker. One value lives as long as its instance; calls never overlap.
pub trait Masker: Sized + 'static {
    /// Who it is.
    const ABOUT: About;

    /// Reads the operator's settings.
    ///
    /// # Errors
    /// A sentence for the operator that names the key at fault. The plugin is then refused.
    fn init(config: &Config) -> Result<Self, String>;

    /// The edits that make a batch safe to keep, ordered by field and start, without overlaps.
    fn mask(&mut self, fields: &[Field]) -> Vec<Edit>;
}

/// Makes the crate a component of the world `masker`. Takes the name of a type that implements [`Masker`].
#[macro_export]
macro_rules! export_masker {
    ($plugin:ident) => {
        // A linker for a host does not accept the names that components export.
        #[cfg(target_arch = "wasm32")]
        mod bongsu_component {
            use ::std::{cell::RefCell, string::String, vec::Vec};
            use $crate::masker::bindings::{self, exports::bongsu::plugin::masking};

            ::std::thread_local! {
                static PLUGIN: RefCell<Option<super::$plugin>> = const { RefCell::new(None) };
            }

            struct Component;
            $crate::__export_plugin!($crate::masker::Masker, $plugin, "masker", LiteralOnly);

            impl masking::Guest for Component {
                fn mask(fields: Vec<masking::Field>) -> Vec<masking::Edit> {
                    PLUGIN.with_borrow_mut(|plugin| match plugin {
                        Some(plugin) => $crate::masker::Masker::mask(plugin, &fields),
                        None => ::std::panic!("mask was called before init"),
                    })
                }
            }

            bindings::export_world!(Component with_types_in bindings);
        }
    };
}

/// The part of `export_…!` that every world has.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_plugin {
    ($world:path, $plugin:ident, $name:literal, $panic:ident) => {
        impl bindings::Guest for Component {
            fn describe() -> bindings::Manifest {
                let about = <super::$plugin as $world>::ABOUT;
                bindings::Manifest {
                    name: about.name.into(),
                    version: about.version.into(),
                    world: $name.into(),
                    summary: about.summary.into(),
                }
            }

            fn init(settings: bindings::Settings) -> Result<(), String> {
                $crate::runtime::report_panics($crate::runtime::PanicText::$panic);
                let made = <super::$plugin as $world>::init(&$crate::Config::new(settings))?;
                PLUGIN.set(Some(made));
                Ok(())
            }
        }
    };
}
