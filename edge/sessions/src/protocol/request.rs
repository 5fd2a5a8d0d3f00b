//! Cuts requests off a connection's input. Never allocates by a length that a peer only announced, never
//! recurses, never reads a byte twice except the line it stands on.
//!
//! A request is a flat list of byte strings and nothing else. Rejected: a RESP codec behind this; what it does
//! beyond (nesting, types, lengths it trusts) a server must not let a peer have, and reading twice was a sixth
//! of the time of a `GET`.

use bytes::{Buf, Bytes, BytesMut};

use super::inline;

/// Longest inline request, as in Redis.
const MAX_INLINE: usize = 64 << 10;
/// Longest `*count` or `$length` line; a 64-bit number needs 23 bytes.
const MAX_HEADER: usize = 32;

/// Room for arguments that is kept between requests.
const KEPT_ARGUMENTS: usize = 64;

/// What a peer may make us hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Most arguments of one request.
    pub(crate) args: usize,
    /// Longest argument, bytes.
    pub(crate) bulk: usize,
    /// Longest request, bytes.
    pub(crate) request: usize,
    /// Whether the peer has yet to authenticate; the texts differ as Redis's do.
    pub(crate) stranger: bool,
}

/// Why the input is not RESP; the text is Redis's. The connection is closed after it is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("Protocol error: too big inline request")]
    InlineTooLong,
    #[error("Protocol error: unbalanced quotes in request")]
    UnbalancedQuotes,
    #[error("Protocol error: too big mbulk count string")]
    CountTooLong,
    #[error("Protocol error: invalid multibulk length")]
    Count,
    #[error("Protocol error: unauthenticated multibulk length")]
    StrangersCount,
    #[error("Protocol error: expected '$', got '{}'", char::from(*.0).escape_default())]
    NotBulk(u8),
    #[error("Protocol error: too big bulk count string")]
    LengthTooLong,
    #[error("Protocol error: invalid bulk length")]
    Length,
    #[error("Protocol error: unauthenticated bulk length")]
    StrangersLength,
    #[error("Protocol error: too big request")]
    RequestTooLong,
}

/// How far the request at the head of the input has been understood.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    /// Bytes understood so far.
    scanned: usize,
    /// Arguments still to come; none while the `*count` line has not been read.
    to_come: Option<usize>,
    /// Where the arguments that are here begin and end.
    arguments: Vec<(usize, usize)>,
}

impl Framer {
    /// Cuts the next whole request off `input`: its arguments, the command's name first, never empty.
    /// None: more bytes are needed.
    pub(crate) fn next(
        &mut self,
        input: &mut BytesMut,
        limits: &Limits,
    ) -> Result<Option<Vec<Bytes>>, Violation> {
        loop {
            if self.to_come.is_none() {
                match input.first() {
                    None => return Ok(None),
                    Some(b'*') => match read_count(input, limits)? {
                        None => return Ok(None),
                        Some((0, end)) => {
                            input.advance(end);
                            continue;
                        }
                        Some((count, end)) => {
                            self.to_come = Some(count);
                            self.scanned = end;
                        }
                    },
                    Some(_) => match take_inline(input)? {
                        Some(words) if words.is_empty() => continue,
                        words => return Ok(words),
                    },
                }
            }
            if !self.scan_arguments(input, limits)? {
                return Ok(None);
            }
            let request = input.split_to(self.scanned).freeze();
            let arguments = self.arguments.drain(..);
            let arguments = arguments.map(|(begin, end)| request.slice(begin..end));
            let arguments = arguments.collect();
            (self.scanned, self.to_come) = (0, None);
            self.arguments.shrink_to(KEPT_ARGUMENTS);
            return Ok(Some(arguments));
        }
    }

    /// Walks over the arguments that are here; whether that was all of them.
    fn scan_arguments(&mut self, input: &BytesMut, limits: &Limits) -> Result<bool, Violation> {
        while let Some(left) = self.to_come.filter(|left| *left > 0) {
            let rest = input.get(self.scanned..).unwrap_or_default();
            match rest.first() {
                None => return Ok(false),
                Some(b'$') => {}
                Some(other) => return Err(Violation::NotBulk(*other)),
            }
            let Some(line) = read_line(rest, Violation::LengthTooLong)? else {
                return Ok(false);
            };
            let length = line
                .and_then(number)
                .filter(|length| *length <= limits.bulk);
            let Some(length) = length else {
                let known = line.and_then(number).is_some();
                return Err(match limits.stranger && known {
                    true => Violation::StrangersLength,
                    false => Violation::Length,
                });
            };
            let end = self.scanned + line.map_or(0, <[u8]>::len) + 3 + length + 2;
            if end > limits.request {
                return Err(Violation::RequestTooLong);
            }
            if input.len() < end {
                return Ok(false);
            }
            self.scanned = end;
            self.to_come = Some(left - 1);
            self.arguments.push((end - 2 - length, end - 2));
        }
        Ok(true)
    }
}

/// Reads `*count\r\n` at the head: the count and where the line ends. A negative count is an empty request.
fn read_count(input: &[u8], limits: &Limits) -> Result<Option<(usize, usize)>, Violation> {
    let Some(line) = read_line(input, Violation::CountTooLong)? else {
        return Ok(None);
    };
    let line = line.ok_or(Violation::Count)?;
    let end = line.len() + 3;
    if line.strip_prefix(b"-").and_then(number).is_some() {
        return Ok(Some((0, end)));
    }
    match number(line) {
        Some(count) if count <= limits.args => Ok(Some((count, end))),
        Some(_) if limits.stranger => Err(Violation::StrangersCount),
        _ => Err(Violation::Count),
    }
}

/// The line at the head without its type byte and `\r\n`. Outer none: not here yet; inner none: it is no
/// header line at all (`\r` without `\n`).
fn read_line(input: &[u8], too_long: Violation) -> Result<Option<Option<&[u8]>>, Violation> {
    let head = input.get(..input.len().min(MAX_HEADER)).unwrap_or_default();
    match head.iter().position(|byte| *byte == b'\r') {
        Some(end) => Ok(match input.get(end + 1) {
            None => None,
            Some(b'\n') => Some(input.get(1..end)),
            Some(_) => Some(None),
        }),
        None if head.len() == MAX_HEADER => Err(too_long),
        None => Ok(None),
    }
}

/// A decimal number without sign or leading zeros.
fn number(digits: &[u8]) -> Option<usize> {
    let canonical = digits == b"0" || !digits.starts_with(b"0");
    let decimal = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if !(canonical && decimal) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn take_inline(input: &mut BytesMut) -> Result<Option<Vec<Bytes>>, Violation> {
    let head = input.get(..input.len().min(MAX_INLINE)).unwrap_or_default();
    let Some(end) = head.iter().position(|byte| *byte == b'\n') else {
        return if head.len() == MAX_INLINE {
            Err(Violation::InlineTooLong)
        } else {
            Ok(None)
        };
    };
    let line = input.split_to(end + 1);
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    inline::split(line.strip_suffix(b"\r").unwrap_or(line))
        .map(Some)
        .ok_or(Violation::UnbalancedQuotes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        args: 8,
        bulk: 64,
        request: 256,
        stranger: false,
    };

    fn all(input: &[u8], step: usize) -> (Vec<Vec<Bytes>>, Option<Violation>) {
        let (mut framer, mut buffer, mut requests) =
            (Framer::default(), BytesMut::new(), Vec::new());
        for chunk in input.chunks(step.max(1)) {
            buffer.extend_from_slice(chunk);
            loop {
                match framer.next(&mut buffer, &LIMITS) {
                    Ok(Some(request)) => requests.push(request),
                    Ok(None) => break,
                    Err(violation) => return (requests, Some(violation)),
                }
            }
        }
        (requests, None)
    }

    fn check(input: &[u8], requests: &[&[&str]], violation: Option<Violation>) {
        let expected: Vec<Vec<Bytes>> = requests
            .iter()
            .map(|request| {
                request
                    .iter()
                    .map(|arg| Bytes::from(arg.to_string()))
                    .collect()
            })
            .collect();
        for step in [1, 2, 7, input.len()] {
            assert_eq!(
                all(input, step),
                (expected.clone(), violation.clone()),
                "{input:?} by {step}"
            );
        }
    }

    #[test]
    fn requests_come_out_however_they_are_cut() {
        check(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", &[&["GET", "k"]], None);
        check(
            b"*1\r\n$4\r\nPING\r\nPING\r\n\r\n*0\r\n*-1\r\nPING x\n",
            &[&["PING"], &["PING"], &["PING", "x"]],
            None,
        );
        check(b"*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGE", &[&["PING"]], None);
        check(b"*1\r\n$2\r\n\r\n\r\n", &[&["\r\n"]], None);
    }

    #[test]
    fn what_is_not_resp_is_refused_in_redis_words() {
        let cases: &[(&[u8], Violation)] = &[
            (b"*9\r\n", Violation::Count),
            (b"*x\r\n", Violation::Count),
            (b"*+1\r\n", Violation::Count),
            (b"*1\rx", Violation::Count),
            (b"*99999999999999999999999\r\n", Violation::Count),
            (
                b"*1111111111111111111111111111111111",
                Violation::CountTooLong,
            ),
            (b"*1\r\n*1\r\n$4\r\nPING\r\n", Violation::NotBulk(b'*')),
            (b"*1\r\n:1\r\n", Violation::NotBulk(b':')),
            (b"*1\r\n$-1\r\n", Violation::Length),
            (b"*1\r\n$65\r\n", Violation::Length),
            (b"*1\r\n$10737418240\r\n", Violation::Length),
            (
                b"*1\r\n$11111111111111111111111111111111",
                Violation::LengthTooLong,
            ),
            (b"ECHO \"x\n", Violation::UnbalancedQuotes),
        ];
        for (input, violation) in cases {
            check(input, &[], Some(violation.clone()));
        }
        assert_eq!(
            all(&[b'a'; MAX_INLINE], 4096).1,
            Some(Violation::InlineTooLong)
        );
        let many = [
            &b"*8\r\n"[..],
            &b"$60\r\n"
                .iter()
                .chain(&[b'x'; 62])
                .copied()
                .collect::<Vec<_>>()
                .repeat(8),
        ]
        .concat();
        assert_eq!(all(&many, 64).1, Some(Violation::RequestTooLong));
        assert_eq!(
            Violation::NotBulk(b'*').to_string(),
            "Protocol error: expected '$', got '*'"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_give_the_same(input in prop::collection::vec(
            prop_oneof![Just(b'*'), Just(b'$'), Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'2'), any::<u8>()], 0..200),
            step in 1_usize..20)
        {
            prop_assert_eq!(all(&input, step), all(&input, input.len()));
        }

        #[test]
        fn what_was_asked_comes_out(requests in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..8), 0..6), step in 1_usize..40)
        {
            let mut wire = Vec::new();
            for request in &requests {
                wire.extend(format!("*{}\r\n", request.len()).into_bytes());
                for arg in request {
                    wire.extend(format!("${}\r\n", arg.len()).into_bytes());
                    wire.extend(arg);
                    wire.extend(b"\r\n");
                }
            }
            let expected: Vec<Vec<Bytes>> =
                requests.into_iter().map(|r| r.into_iter().map(Bytes::from).collect()).collect();
            prop_assert_eq!(all(&wire, step), (expected, None));
        }
    }
}
