//! Masks personal data of Korea (and what is international about it) in URLs, SQL, logs, JSON, chat and exceptions.
//!
//! What it sees: resident and foreigner registration numbers, telephone numbers, e-mail addresses, card and account numbers,
//! passports, driving licences, vehicle plates, names, addresses, dates of birth, client addresses, login names,
//! coordinates, and secrets (session ids, tokens, keys, passwords). What remains of each is in `remainder.rs`. What was
//! masked within that policy before stays as it is; what was masked less is masked further.
//!
//! A text is decoded (`text.rs`), read for labels (`labels.rs`: keys, columns, words in front of values), searched by one
//! recogniser per kind (`recognise.rs`), and the findings that are believed (`hit.rs`) are replaced in the text as it was
//! written, in its own encoding.
//!
//! It has no settings.
//!
//! **What it misses:** Korean names in prose that nothing announces, foreign names it does not know without a label, secrets
//! without a label that look like hashes, addresses without a province, city or district. **What it takes by mistake:** a product
//! called like a person in a field called `name` that nothing else describes.
//!
//! ## Decisions
//!
//! - **Labels first, shapes second.** `M10023456` is a passport under `passport_no` and a part under `part_cd`; a recogniser that
//!   sees shapes only must choose which to get wrong.
//! - **Hand-written recognisers over decoded characters, no regular expressions**: the component has no dependency, stays small,
//!   and no input makes it slower than a pass over the text. The price is more code than patterns would be.
//! - **One decoded view for every kind of text.** A log line holds URLs, JSON and SQL, in any encoding; telling them apart
//!   first would be wrong as often as right.

mod category;
mod clean;
mod hit;
mod labels;
mod recognise;
mod remainder;
mod text;
mod words;

use bongsu_sdk_guest::{
    Settings, export_masker,
    masker::{Edit, Field, FieldKind, Masker},
};

use hit::{Hit, Kind};
use labels::Labels;
use text::Text;

/// The plugin.
pub struct MaskKoreanPii;

impl Masker for MaskKoreanPii {
    fn init(settings: &Settings) -> Result<Self, String> {
        settings.finish()?;
        Ok(Self)
    }

    fn mask(&mut self, fields: &[Field]) -> Vec<Edit> {
        fields
            .iter()
            .enumerate()
            .flat_map(|(index, field)| edits(index, field))
            .collect()
    }
}

fn edits(index: usize, field: &Field) -> Vec<Edit> {
    let source = &field.text;
    if clean::is_clean(field.kind, source) {
        return Vec::new();
    }
    let text = Text::new(source);
    let found = find(&text)
        .into_iter()
        .filter(|hit| belongs(hit.kind, field.kind));
    let edits = found.filter_map(|hit| {
        let range = text.source(&hit.range);
        let replacement = remainder::replacement(source, &text, &hit);
        (source[range.clone()] != replacement)
            .then(|| Edit::new(index, range, hit.kind.word(), replacement))
    });
    edits.collect()
}

/// What is found in a decoded text, in order and without overlaps.
fn find(text: &Text) -> Vec<Hit> {
    let labels = Labels::read(text);
    hit::settle(recognise::all(text, &labels))
}

/// Four numbers with dots in a user agent are a browser's version.
fn belongs(kind: Kind, field: FieldKind) -> bool {
    !(field == FieldKind::UserAgent && matches!(kind, Kind::Ip | Kind::Geo | Kind::Name))
}

export_masker!(MaskKoreanPii);
