//! The real time, and waiting for something to become true.

use std::{
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result, bail};

/// Milliseconds in a minute, the width of a stored roll-up.
pub const MINUTE_MS: i64 = 60_000;

/// What has not become true by then is not going to. Generous: a busy machine is no fault.
const DEADLINE: Duration = Duration::from_secs(90);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// Looks until `look` finds something. An error counts as "not yet" and is told when the deadline passes.
///
/// # Errors
/// After 90 s, with `what` was waited for and what was seen last.
#[expect(
    clippy::disallowed_methods,
    reason = "a deadline on other processes is real time"
)]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        let last = match look() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if started.elapsed() > DEADLINE {
            match last {
                Some(error) => return Err(error.context(format!("waited in vain: {what}"))),
                None => bail!("waited in vain: {what}"),
            }
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// The present, in milliseconds since the epoch.
///
/// # Errors
/// If the machine's clock stands before 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the processes under test use the real time too"
)]
pub fn now_ms() -> Result<i64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_millis())?)
}

/// When the present minute began.
///
/// # Errors
/// As [`now_ms`].
pub fn this_minute_ms() -> Result<i64> {
    Ok(now_ms()? / MINUTE_MS * MINUTE_MS)
}

/// An instant as a plan writes it.
///
/// # Errors
/// If it is out of the calendar.
pub fn moment(ms: i64) -> Result<String> {
    let at = jiff::Timestamp::from_millisecond(ms).context("not an instant")?;
    Ok(at.to_string())
}
