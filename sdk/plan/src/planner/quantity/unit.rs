//! Units and the words that only begin like one.

use super::super::token::Unit;

/// Units by name; longer names first where one begins another.
const UNITS: &[(&str, Unit)] = &[
    ("밀리초", Unit::Ms),
    ("milliseconds", Unit::Ms),
    ("millisecond", Unit::Ms),
    ("msec", Unit::Ms),
    ("ms", Unit::Ms),
    ("시간", Unit::Hour),
    ("hours", Unit::Hour),
    ("hour", Unit::Hour),
    ("hrs", Unit::Hour),
    ("hr", Unit::Hour),
    ("h", Unit::Hour),
    ("초", Unit::Second),
    ("seconds", Unit::Second),
    ("second", Unit::Second),
    ("secs", Unit::Second),
    ("sec", Unit::Second),
    ("s", Unit::Second),
    ("분", Unit::Minute),
    ("minutes", Unit::Minute),
    ("minute", Unit::Minute),
    ("mins", Unit::Minute),
    ("min", Unit::Minute),
    ("m", Unit::Minute),
    ("주일", Unit::Week),
    ("주간", Unit::Week),
    ("주", Unit::Week),
    ("weeks", Unit::Week),
    ("week", Unit::Week),
    ("w", Unit::Week),
    ("개월", Unit::Month),
    ("달", Unit::Month),
    ("months", Unit::Month),
    ("month", Unit::Month),
    ("일간", Unit::Day),
    ("일", Unit::Day),
    ("days", Unit::Day),
    ("day", Unit::Day),
    ("d", Unit::Day),
    ("년간", Unit::Year),
    ("년", Unit::Year),
    ("years", Unit::Year),
    ("year", Unit::Year),
    ("%", Unit::Percent),
    ("퍼센트", Unit::Percent),
    ("프로", Unit::Percent),
    ("percent", Unit::Percent),
    ("pct", Unit::Percent),
    ("requests per second", Unit::PerSecond),
    ("requests a second", Unit::PerSecond),
    ("requests/s", Unit::PerSecond),
    ("req/s", Unit::PerSecond),
    ("rps", Unit::PerSecond),
    ("per second", Unit::PerSecond),
    ("건/초", Unit::PerSecond),
    ("tps", Unit::PerSecond),
    ("명", Unit::People),
    ("users", Unit::People),
    ("people", Unit::People),
    ("배", Unit::Times),
    ("times", Unit::Times),
    ("x", Unit::Times),
    ("대", Unit::Machine),
    ("pods", Unit::Machine),
    ("pod", Unit::Machine),
    ("servers", Unit::Machine),
    ("server", Unit::Machine),
    ("instances", Unit::Machine),
    ("replicas", Unit::Machine),
    ("nodes", Unit::Machine),
    ("machines", Unit::Machine),
    ("개", Unit::Piece),
    ("건", Unit::Piece),
    ("곳", Unit::Piece),
    ("회", Unit::Piece),
    ("번", Unit::Piece),
    ("위", Unit::Piece),
    ("가지", Unit::Piece),
    ("줄", Unit::Piece),
];

/// The unit behind a number, white space and hyphen before it included.
pub(super) fn unit(rest: &str) -> (Unit, usize) {
    let blank = rest.len() - rest.trim_start_matches([' ', '-']).len();
    let Some(tail) = rest.get(blank..) else {
        return (Unit::None, 0);
    };
    for (name, unit) in UNITS {
        let Some(behind) = tail.strip_prefix(name) else {
            continue;
        };
        let ascii = name.bytes().all(|b| b.is_ascii_alphabetic());
        let inside = ascii && behind.starts_with(|c: char| c.is_ascii_alphanumeric());
        // One letter counts only when nothing stands between: "5 m" is no unit of anything said.
        let loose = ascii && name.len() == 1 && blank > 0;
        // "일주일", "일 평균": a bare 일 behind white space is rarely a unit; "대비", "대역", "번째" are words.
        let word = match *name {
            "대" => ["대비", "대역", "대상", "대해", "대한"]
                .iter()
                .any(|word| tail.starts_with(word)),
            "일" => blank > 0 && (tail.starts_with("일별") || tail.starts_with("일 ")),
            "개" => tail.starts_with("개월") || tail.starts_with("개발"),
            "분" => tail.starts_with("분기") || tail.starts_with("분석"),
            "주" => {
                tail.starts_with("주문")
                    || tail.starts_with("주요")
                    || tail.starts_with("주말")
                    || tail.starts_with("주소")
            }
            "건" => tail.starts_with("건수") && blank > 0,
            "초" => tail.starts_with("초과") || tail.starts_with("초당"),
            "회" => tail.starts_with("회원"),
            "위" => tail.starts_with("위치"),
            "번" => tail.starts_with("번대") || tail.starts_with("번호"),
            "배" => tail.starts_with("배포") || tail.starts_with("배송"),
            _ => false,
        };
        if !inside && !loose && !word {
            return (*unit, blank + name.len());
        }
    }
    (Unit::None, 0)
}
