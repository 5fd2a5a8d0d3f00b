//! The recognisers, one per kind of value. Each reads the text and its labels and reports what it finds; none knows of
//! another, and none decides what remains.

mod account;
pub(crate) mod address;
mod birthdate;
mod card;
mod driver_license;
mod email;
pub(crate) mod geo;
pub(crate) mod ip;
mod name;
mod numbers;
mod passport;
pub(crate) mod phone;
mod plate;
mod rrn;
mod token;
mod user_id;

use crate::{hit::Hit, labels::Labels, text::Text};

/// Everything that any recogniser finds; findings may overlap.
pub(crate) fn all(text: &Text, labels: &Labels) -> Vec<Hit> {
    let mut hits = Vec::new();
    for find in [
        token::find,
        email::find,
        rrn::find,
        card::find,
        driver_license::find,
        account::find,
        phone::find,
        passport::find,
        plate::find,
        geo::find,
        ip::find,
        birthdate::find,
        address::find,
        user_id::find,
    ] {
        find(text, labels, &mut hits);
    }
    // What else was found next to it makes a name likelier.
    name::find(text, labels, &mut hits);
    hits
}
