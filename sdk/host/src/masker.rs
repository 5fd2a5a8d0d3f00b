//! The `masker` world: asks a plugin what to hide, checks its edits and applies them.

use std::borrow::Cow;

use bongsu_sdk_model::Timestamp;
use wasmtime::{Store, component::InstancePre};

use crate::{
    Engine, Loaded, PluginError, SettingValue, Setup, WorldKind,
    bindings::masker::{
        Masker as Bindings, MaskerPre,
        exports::bongsu::plugin::masking::{self, Edit},
    },
    contract::is_word,
    instance::InstanceState,
    sandbox::{Sandbox, World},
};

/// What stands in place of a text that could not be masked.
pub const HIDDEN: &str = "[hidden: masking failed]";

/// What a text is, so that a plugin can read its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// A request target, or a whole URL.
    Url,
    /// A query string without its `?`.
    Query,
    /// The value of an HTTP header.
    Header,
    /// A statement, with or without its parameters.
    Sql,
    /// A JSON document, or a piece of one.
    Json,
    /// A line of a log.
    Log,
    /// The value of the `User-Agent` header.
    UserAgent,
    /// An exception: its message, perhaps its stack trace.
    Error,
    /// Anything else: chat, prompts, forms.
    Text,
}

/// One text to mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// What it is.
    pub kind: FieldKind,
    /// The raw text.
    pub text: &'a str,
}

/// Something a plugin hid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// First byte, in the raw text.
    pub start: usize,
    /// First byte after it, in the raw text.
    pub end: usize,
    /// What it was, for example `phone`.
    pub what: String,
}

/// A text that is safe to keep, as far as the plugin can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedText<'a> {
    /// The text; borrowed if nothing was found in it.
    pub text: Cow<'a, str>,
    /// What was hidden, in order.
    pub found: Vec<Found>,
}

/// What [`Masker::mask_or_hide`] made of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// One text per field, each masked, or each [`HIDDEN`] if the plugin failed.
    pub texts: Vec<MaskedText<'a>>,
    /// Why everything was hidden.
    pub failure: Option<PluginError>,
}

/// A loaded masker.
pub struct Masker {
    sandbox: Sandbox<Bindings>,
}

impl Masker {
    /// Compiles a plugin and tries whether it starts.
    ///
    /// # Errors
    /// [`PluginError`]: anything that stands between these bytes and a masker that accepted its settings.
    pub fn load(engine: &Engine, bytes: &[u8], setup: &Setup) -> Result<Self, PluginError> {
        Sandbox::load(engine, bytes, setup).map(|sandbox| Self { sandbox })
    }

    /// Masks a batch. Blocks for up to the deadline, twice if a lost instance has to be replaced first.
    ///
    /// # Errors
    /// [`PluginError`] if the plugin failed; nothing is known about any of the texts then.
    pub fn mask<'a>(
        &mut self,
        fields: &[Field<'a>],
        now: Timestamp,
    ) -> Result<Vec<MaskedText<'a>>, PluginError> {
        let given: Vec<masking::Field<'_>> = fields
            .iter()
            .map(|f| masking::Field {
                kind: f.kind.into(),
                text: f.text,
            })
            .collect();
        self.sandbox.call(
            now,
            |world, store| world.bongsu_plugin_masking().call_mask(store, &given),
            |edits| apply(fields, edits),
        )
    }

    /// Masks a batch, or hides all of it if the plugin fails: the policy `closed`.
    pub fn mask_or_hide<'a>(&mut self, fields: &[Field<'a>], now: Timestamp) -> Outcome<'a> {
        match self.mask(fields, now) {
            Ok(texts) => Outcome {
                texts,
                failure: None,
            },
            Err(failure) => Outcome {
                texts: hidden(fields.len()),
                failure: Some(failure),
            },
        }
    }

    /// What every loaded plugin can be asked.
    #[must_use]
    pub fn loaded(&self) -> Loaded<'_> {
        self.sandbox.loaded()
    }
}

/// So many texts, all hidden.
#[must_use]
pub fn hidden<'a>(count: usize) -> Vec<MaskedText<'a>> {
    let text = MaskedText {
        text: Cow::Borrowed(HIDDEN),
        found: Vec::new(),
    };
    vec![text; count]
}

/// Applies edits that are in order, inside their texts and on character boundaries; refuses all otherwise.
fn apply<'a>(fields: &[Field<'a>], edits: Vec<Edit>) -> Result<Vec<MaskedText<'a>>, String> {
    let mut edits = edits.into_iter().peekable();
    let mut texts = Vec::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        let of_this = |edit: &Edit| usize::try_from(edit.field) == Ok(index);
        let mut masked = String::new();
        let mut found = Vec::new();
        let mut kept_to = 0;
        while let Some(edit) = edits.next_if(of_this) {
            let (start, end) = (edit.start as usize, edit.end as usize);
            let text = field.text;
            if start < kept_to
                || end <= start
                || !text.is_char_boundary(start)
                || !text.is_char_boundary(end)
            {
                return Err(format!(
                    "edit of bytes {start}..{end} in field {index} of {} bytes: out of range, out of order or inside a character",
                    text.len()
                ));
            }
            if !is_word(&edit.found, 32) {
                return Err(format!(
                    "edit of bytes {start}..{end} in field {index} has no valid word for what it found"
                ));
            }
            masked.push_str(text.get(kept_to..start).unwrap_or_default());
            masked.push_str(&edit.replacement);
            kept_to = end;
            found.push(Found {
                start,
                end,
                what: edit.found,
            });
        }
        let text = if found.is_empty() {
            Cow::Borrowed(field.text)
        } else {
            masked.push_str(field.text.get(kept_to..).unwrap_or_default());
            Cow::Owned(masked)
        };
        texts.push(MaskedText { text, found });
    }
    match edits.next() {
        None => Ok(texts),
        Some(edit) => Err(format!(
            "an edit for field {} of {}, or out of order",
            edit.field,
            fields.len()
        )),
    }
}

impl From<FieldKind> for masking::FieldKind {
    fn from(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Url => Self::Url,
            FieldKind::Query => Self::Query,
            FieldKind::Header => Self::Header,
            FieldKind::Sql => Self::Sql,
            FieldKind::Json => Self::Json,
            FieldKind::Log => Self::Log,
            FieldKind::UserAgent => Self::UserAgent,
            FieldKind::Error => Self::Error,
            FieldKind::Text => Self::Text,
        }
    }
}

impl World for Bindings {
    const KIND: WorldKind = WorldKind::Masker;
    type Pre = MaskerPre<InstanceState>;

    fn prepare(pre: InstancePre<InstanceState>) -> wasmtime::Result<Self::Pre> {
        MaskerPre::new(pre)
    }

    fn instantiate(pre: &Self::Pre, store: &mut Store<InstanceState>) -> wasmtime::Result<Self> {
        pre.instantiate(store)
    }

    fn init(
        &self,
        store: &mut Store<InstanceState>,
        settings: &[(String, SettingValue)],
    ) -> wasmtime::Result<Result<(), String>> {
        crate::settings::lower(settings, |given| self.call_init(store, given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(field: u32, start: u32, end: u32, replacement: &str) -> Edit {
        Edit {
            field,
            start,
            end,
            found: "x".to_owned(),
            replacement: replacement.to_owned(),
        }
    }

    fn check(edits: &[(u32, u32, u32)]) -> Result<Vec<String>, String> {
        let fields = ["abc", "봉수대"].map(|text| Field {
            kind: FieldKind::Text,
            text,
        });
        let edits = edits
            .iter()
            .map(|(f, s, e)| edit(*f, *s, *e, "*"))
            .collect();
        Ok(apply(&fields, edits)?
            .into_iter()
            .map(|m| m.text.into_owned())
            .collect())
    }

    #[test]
    fn edits_in_order_are_applied_and_the_rest_is_untouched() {
        assert_eq!(check(&[]).unwrap(), ["abc", "봉수대"]);
        assert_eq!(
            check(&[(0, 0, 1), (0, 2, 3), (1, 3, 9)]).unwrap(),
            ["*b*", "봉*"]
        );
        assert_eq!(check(&[(0, 0, 1), (0, 1, 3)]).unwrap(), ["**", "봉수대"]);
    }

    #[test]
    fn edits_that_break_a_rule_refuse_the_batch() {
        for edits in [
            &[(0, 2, 4)][..],
            &[(0, 1, 1)],
            &[(0, 3, 2)],
            &[(0, 1, 3), (0, 0, 1)],
            &[(0, 0, 2), (0, 1, 3)],
            &[(1, 0, 3), (0, 0, 1)],
            &[(1, 1, 3)],
            &[(1, 0, 2)],
            &[(2, 0, 1)],
            &[(u32::MAX, u32::MAX - 1, u32::MAX)],
        ] {
            assert!(check(edits).is_err(), "{edits:?}");
        }
    }
}
