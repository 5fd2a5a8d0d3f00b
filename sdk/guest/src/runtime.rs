//! What the macros expand to: the panic hook. Not for authors.

/// What of a panic may leave the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanicText {
    /// The whole message.
    Whole,
    /// The place, and the message only if it is a literal: a formatted one may quote personal data.
    LiteralOnly,
}

/// Makes panics report themselves to the host before they trap.
pub fn report_panics(text: PanicText) {
    if cfg!(target_arch = "wasm32") {
        std::panic::set_hook(Box::new(move |info| {
            crate::host::panicking(&describe(info, text));
        }));
    }
}

fn describe(info: &std::panic::PanicHookInfo<'_>, text: PanicText) -> String {
    let literal = info.payload().downcast_ref::<&str>().copied();
    let message = match text {
        PanicText::Whole => {
            literal.or_else(|| info.payload().downcast_ref::<String>().map(String::as_str))
        }
        PanicText::LiteralOnly => literal.or(Some(
            "(message withheld, it may quote the text being masked)",
        )),
    };
    let message = message.unwrap_or("(no message)");
    match info.location() {
        Some(place) => format!("{message} at {}:{}", place.file(), place.line()),
        None => message.to_owned(),
    }
}
