//! The one place of the demo that reads the system's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use bongsu_sdk_model::Timestamp;

/// The present instant.
#[expect(
    clippy::disallowed_methods,
    reason = "the demo is a program: time begins here"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
