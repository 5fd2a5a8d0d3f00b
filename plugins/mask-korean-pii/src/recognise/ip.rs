//! Client addresses. Those of servers, pods, databases and loopback are nobody's.
//!
//! A label decides. Without one, an address in a private range is a machine's and stays, unless it stands where an access
//! log has the client; a public one is a client's, unless it stands where a URL has its host. Four small numbers
//! (`3.2.10.1`) are a version far more often than an address, and need a label.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use crate::{
    category::Category,
    hit::{Hit, Kind, Trust},
    labels::Labels,
    text::Text,
};

/// Versions stay below this; the chance of a random address to do so is one in 1 600.
const VERSION_PART: u32 = 40;

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    let runs = text.runs();
    for i in 0..runs.len().saturating_sub(3) {
        if let Some(range) = version_4(text, &runs[i..i + 4]) {
            judge_4(text, labels, range, hits);
        }
    }
    let mut at = 0;
    while at < text.len() {
        let end = text.find(at, |c| !(c.is_ascii_hexdigit() || c == ':'));
        if end - at >= 6
            && !text.before(at).is_ascii_alphanumeric()
            && !text.at(end).is_ascii_alphanumeric()
        {
            judge_6(text, labels, at..end, hits);
        }
        at = end.max(at + 1);
    }
}

/// The stretch of four runs with dots between them.
fn version_4(text: &Text, runs: &[Range<usize>]) -> Option<Range<usize>> {
    let dots = runs
        .iter()
        .zip(runs.iter().skip(1))
        .all(|(l, r)| r.start == l.end + 1 && text.at(l.end) == '.');
    let sizes = runs.iter().all(|r| {
        r.len() <= 3 && text.string(r.clone()).parse().is_ok_and(|n: u32| n <= 255)
            || text.at(r.start) == '*'
    });
    let range = runs.first()?.start..runs.last()?.end;
    let part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    let right = part(text.at(range.end))
        && (text.at(range.end) != '.' || text.at(range.end + 1).is_ascii_alphanumeric());
    let half = runs
        .iter()
        .take(2)
        .all(|r| text.at(r.start).is_ascii_digit());
    (dots && sizes && half && !part(text.before(range.start)) && !right).then_some(range)
}

fn judge_4(text: &Text, labels: &Labels, range: Range<usize>, hits: &mut Vec<Hit>) {
    let parts: Vec<u32> = text
        .string(range.clone())
        .split('.')
        .map(|p| p.parse().unwrap_or(0))
        .collect();
    let &[a, b, c, d] = parts.as_slice() else {
        return;
    };
    let address = Ipv4Addr::from((a << 24) | (b << 16) | (c << 8) | d);
    let nobody = address.is_loopback()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast();
    let private =
        address.is_private() || address.is_link_local() || (a == 100 && (64..128).contains(&b));
    let version =
        parts.iter().all(|p| *p < VERSION_PART) || matches!(text.before(range.start), '-' | '@');
    if !nobody {
        judge(text, labels, range, private, version, hits);
    }
}

fn judge_6(text: &Text, labels: &Labels, range: Range<usize>, hits: &mut Vec<Hit>) {
    // `client=2001:db8::1:` ends with a separator that is not the address's.
    let end = if text.before(range.end) == ':' && text.at(range.end - 2) != ':' {
        range.end - 1
    } else {
        range.end
    };
    let written = text.string(range.start..end);
    let groups = written.split(':').filter(|g| !g.is_empty()).count();
    let Ok(address) = written.parse::<Ipv6Addr>() else {
        return;
    };
    let nobody = address.is_loopback() || address.is_unspecified() || address.is_multicast();
    if !nobody && groups >= 2 && written.contains(|c: char| c.is_ascii_digit()) {
        let private = address.is_unique_local() || address.is_unicast_link_local();
        judge(text, labels, range.start..end, private, false, hits);
    }
}

fn judge(
    text: &Text,
    labels: &Labels,
    range: Range<usize>,
    private: bool,
    version: bool,
    hits: &mut Vec<Hit>,
) {
    let trust = match labels.at(range.start) {
        Some(Category::ServerIp | Category::Neutral | Category::Thing) => return,
        Some(Category::ClientIp) => Trust::Labelled,
        _ if begins_access_log(text, &range) => Trust::Labelled,
        _ if private
            || version
            || is_host_of_url(text, range.start)
            || is_network(text, range.end) =>
        {
            return;
        }
        _ => Trust::Shape,
    };
    hits.push(Hit::new(Kind::Ip, trust, range));
}

/// `203.0.113.88 - eunbyul [12/Mar/2025:…`; a prober of health is not a client.
fn begins_access_log(text: &Text, range: &Range<usize>) -> bool {
    let line = text.back(range.start, |c| c != '\n');
    let bracket = text.find(range.end, |c| c == '[' || c == '\n');
    let log = range.start == line
        && text.is_at(range.end, " - ")
        && text.at(bracket) == '['
        && bracket - range.end < 80;
    let end = text.find(bracket, |c| c == '\n');
    let probe = (bracket..end).any(|i| {
        ["probe", "healthcheck", "elb-health", "prometheus"]
            .iter()
            .any(|w| text.is_at(i, w))
    });
    log && !probe
}

/// `http://1.2.3.4`, `redis://user:pass@1.2.3.4`, `refused: /1.2.3.4:6379`.
fn is_host_of_url(text: &Text, start: usize) -> bool {
    let before = text.before(start);
    if before == '/' {
        let second = if start >= 2 { text.at(start - 2) } else { '\0' };
        return matches!(second, '/' | ' ' | ':');
    }
    if before != '@' && before != '[' {
        return false;
    }
    let begin = text.back(start, |c| !matches!(c, ' ' | '"' | '\''));
    text.slice(begin..start)
        .windows(3)
        .any(|w| w == [':', '/', '/'])
}

/// `198.51.100.0/24` is a network.
fn is_network(text: &Text, end: usize) -> bool {
    text.at(end) == '/' && text.at(end + 1).is_ascii_digit()
}

/// Where the part that may remain ends: two octets, or two groups.
pub(crate) fn kept_to(text: &Text, range: &Range<usize>) -> usize {
    let separator = if text.slice(range.clone()).contains(&':') {
        ':'
    } else {
        '.'
    };
    let first = text.find(range.start, |c| c == separator);
    text.find(first + 1, |c| c == separator).min(range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_octets_or_groups_remain() {
        for (address, kept) in [
            ("203.0.113.77", "203.0"),
            ("2001:db8:41::9f2", "2001:db8"),
            ("2001::1", "2001:"),
        ] {
            let text = Text::new(address);
            assert_eq!(text.string(0..kept_to(&text, &(0..text.len()))), kept);
        }
    }
}
