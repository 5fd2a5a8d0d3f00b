//! Public holidays as caveats: a comparison with one is of unlike days.

use bongsu_sdk_model::Window;
use jiff::civil::Date;

use super::build::Builder;

/// Most days that are named.
const NAMED: usize = 5;

/// Says which holidays the window and the one it is compared with touch.
pub(super) fn caveat(builder: &mut Builder<'_>, now: Window, then: Window) {
    inside(builder, now);
    let days = builder.source.holidays(then);
    if !days.is_empty() {
        let days = named(&days);
        builder.caveat(
            &format!("비교하는 기간에 공휴일이 있습니다: {days}."),
            &format!("The window compared with has public holidays: {days}."),
        );
    }
}

/// Says which holidays the window itself touches.
pub(super) fn inside(builder: &mut Builder<'_>, now: Window) {
    let days = builder.source.holidays(now);
    if !days.is_empty() {
        let days = named(&days);
        builder.caveat(
            &format!("이 기간에 공휴일이 있습니다: {days}."),
            &format!("The window has public holidays: {days}."),
        );
    }
}

fn named(days: &[Date]) -> String {
    let names: Vec<String> = days.iter().take(NAMED).map(Date::to_string).collect();
    let more = if days.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}
