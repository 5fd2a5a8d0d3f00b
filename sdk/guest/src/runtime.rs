//! What the macros expand to: logging through the host and the panic hook. Not for authors.

use crate::Level;

/// What of a panic may leave the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanicText {
    /// The whole message.
    Whole,
    /// The place, and the message only if it is a literal: a formatted one may quote personal data.
    LiteralOnly,
}

/// Sends a line to the host.
#[cfg(target_arch = "wasm32")]
pub(crate) fn log(level: Level, message: &str) {
    use crate::masker::bindings::bongsu::plugin::host;
    let level = match level {
        Level::Debug => host::Level::Debug,
        Level::Info => host::Level::Info,
        Level::Warn => host::Level::Warn,
        Level::Error => host::Level::Error,
    };
    host::log(level, message);
}

/// There is no host in a unit test.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn log(_: Level, _: &str) {}

/// Makes panics report themselves to the host before they trap. The line begins with `panic: `, by which the host
/// knows it.
pub fn report_panics(text: PanicText) {
    if cfg!(target_arch = "wasm32") {
        std::panic::set_hook(Box::new(move |info| {
            log(Level::Error, &describe(info, text))
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
        Some(place) => format!("panic: {message} at {}:{}", place.file(), place.line()),
        None => format!("panic: {message}"),
    }
}
