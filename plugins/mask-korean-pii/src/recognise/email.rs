//! E-mail addresses, also with `[at]`.

use crate::{
    hit::{Hit, Kind, Trust},
    labels::Labels,
    recognise::user_id::is_service,
    text::Text,
    words::Words,
};

/// What looks like a top-level domain but ends a file or unit name.
static FILES: Words = Words::new(
    "png jpg jpeg gif svg webp ico bmp js mjs ts css map html htm php jsp jar war class xml json yml yaml toml md txt \
    log csv pdf zip gz tar wasm so dll exe service socket timer target mount slice scope git",
);

pub(super) fn find(text: &Text, _: &Labels, hits: &mut Vec<Hit>) {
    for at in 0..text.len() {
        let Some(width) = at_sign(text, at) else {
            continue;
        };
        let local_end = text.back(at, |c| c == ' ' && width > 1);
        let start = text.back(local_end, |c| {
            c.is_ascii_alphanumeric() || "._%+-*".contains(c)
        });
        let start = text
            .find(start, |c| !matches!(c, '.' | '-' | '+' | '%'))
            .min(local_end);
        let domain = text.skip_blanks(at + width);
        let Some(end) = domain_end(text, domain) else {
            continue;
        };
        let userinfo = text.before(start) == ':'
            || (text.before(start) == '/' && start >= 2 && text.at(start - 2) == '/');
        let service = text.at(end) == ':' && is_service(&text.string(start..local_end));
        if start < local_end && !(userinfo && after_scheme(text, start)) && !service {
            hits.push(Hit::new(Kind::Email, Trust::Shape, start..end));
        }
    }
}

/// The length of an at sign: `@`, `[at]`, `(at)`.
fn at_sign(text: &Text, at: usize) -> Option<usize> {
    match text.at(at) {
        '@' => Some(1),
        '[' if text.is_at(at, "[at]") => Some(4),
        '(' if text.is_at(at, "(at)") => Some(4),
        _ => None,
    }
}

/// `scheme://user:` or `scheme://` in front: then it is a URL's user, not an address.
fn after_scheme(text: &Text, start: usize) -> bool {
    let begin = text.back(start, |c| !matches!(c, ' ' | '"' | '\'' | '=' | '<'));
    text.slice(begin..start)
        .windows(3)
        .any(|w| w == [':', '/', '/'])
}

/// The end of a domain: labels with dots, the last of letters.
fn domain_end(text: &Text, start: usize) -> Option<usize> {
    let mut end = None;
    let mut label = start;
    loop {
        let stop = text.find(label, |c| {
            !(c.is_ascii_alphanumeric() || c == '-' || c == '*')
        });
        if stop == label {
            return end;
        }
        // Digits may be stuck to the last label by a dash: `a@b.example-0101234`.
        let letters = text.find(label, |c| !c.is_ascii_alphabetic());
        let top =
            letters >= label + 2 && !FILES.has(&text.string(label..letters).to_ascii_lowercase());
        let tail = letters == stop || text.at(letters) == '-';
        if label > start && top && tail {
            end = Some(letters);
        }
        if text.at(stop) != '.' {
            return end;
        }
        label = stop + 1;
    }
}
