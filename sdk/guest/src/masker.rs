//! The `masker` world: hiding personal data in text.

use std::ops::Range;

use crate::Settings;

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
    /// Picks up the operator's settings.
    ///
    /// # Errors
    /// A sentence for the operator that names the key at fault. The plugin is then refused.
    fn init(settings: &Settings) -> Result<Self, String>;

    /// The edits that make a batch safe to keep, ordered by field and start, without overlaps.
    fn mask(&mut self, fields: &[Field]) -> Vec<Edit>;
}

/// Makes the crate a component of the world `masker`. Takes the name of a type that implements [`Masker`]; the manifest is
/// the file `plugin.json` beside `Cargo.toml`.
#[macro_export]
macro_rules! export_masker {
    ($plugin:ident) => {
        $crate::__export_plugin!(masker, $crate::masker::Masker, $plugin, LiteralOnly, {
            use $crate::masker::bindings::exports::bongsu::plugin::masking;

            impl masking::Guest for Component {
                fn mask(fields: ::std::vec::Vec<masking::Field>) -> ::std::vec::Vec<masking::Edit> {
                    PLUGIN.with_borrow_mut(|plugin| match plugin {
                        Some(plugin) => $crate::masker::Masker::mask(plugin, &fields),
                        None => ::std::panic!("mask was called before init"),
                    })
                }
            }
        });
    };
}
