//! `notify-keyspace-events`: which changes of keys are published, and under which names.
//!
//! Letters, their order when read back and the text of the refusal are Redis 7's. `l`, `t`, `d`, `n` and `m`
//! are understood and kept, but nothing here sends notices of these classes.

use std::fmt;

use bytes::Bytes;

use crate::engine::Notice;

/// Letters with their bits, in the order in which Redis prints them; the first eight are
/// [`Class`](crate::engine::Class).
const CLASSES: [(char, u16); 11] = [
    ('g', 1),
    ('$', 2),
    ('l', 4),
    ('s', 8),
    ('h', 16),
    ('z', 32),
    ('x', 64),
    ('e', 128),
    ('t', 256),
    ('d', 512),
    ('n', 1024),
];
/// What `A` stands for: all of them but new keys and missed ones.
const ALL: u16 = 1023;
const MISSED: u16 = 2048;
const KEYSPACE: u16 = 4096;
const KEYEVENT: u16 = 8192;

/// A letter that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")]
pub(crate) struct UnknownFlag;

/// A value of `notify-keyspace-events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u16);

impl Flags {
    /// Reads the letters.
    pub(crate) fn read(letters: &[u8]) -> Result<Self, UnknownFlag> {
        let bit = |letter: &u8| match letter {
            b'A' => Ok(ALL),
            b'K' => Ok(KEYSPACE),
            b'E' => Ok(KEYEVENT),
            b'm' => Ok(MISSED),
            letter => {
                let known = CLASSES.iter().find(|(one, _)| *one == char::from(*letter));
                known.map(|(_, bit)| *bit).ok_or(UnknownFlag)
            }
        };
        let mut all = letters.iter().map(bit);
        all.try_fold(Self::default(), |Self(flags), bit| Ok(Self(flags | bit?)))
    }

    /// From [`Flags::bits`].
    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// As a number.
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// The classes of notices worth collecting, a sum of [`Class`](crate::engine::Class) values: none while
    /// neither form is asked for.
    pub(crate) const fn classes(self) -> u16 {
        if self.0 & (KEYSPACE | KEYEVENT) == 0 {
            0
        } else {
            self.0 & ALL
        }
    }

    /// The channels and payloads by which a notice is published.
    pub(crate) fn messages(self, notice: &Notice) -> impl Iterator<Item = (Bytes, Bytes)> {
        let Notice { db, event, key, .. } = notice;
        let by_key = (self.0 & KEYSPACE != 0).then(|| {
            let mut channel = format!("__keyspace@{db}__:").into_bytes();
            channel.extend_from_slice(key);
            (Bytes::from(channel), Bytes::from_static(event.as_bytes()))
        });
        let by_event = (self.0 & KEYEVENT != 0).then(|| {
            let channel = format!("__keyevent@{db}__:{event}");
            (Bytes::from(channel), key.clone())
        });
        by_key.into_iter().chain(by_event)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 & ALL == ALL {
            f.write_str("A")?;
        } else {
            for (letter, _) in CLASSES.iter().filter(|(_, bit)| self.0 & bit != 0) {
                write!(f, "{letter}")?;
            }
        }
        for (letter, bit) in [("K", KEYSPACE), ("E", KEYEVENT), ("m", MISSED)] {
            if self.0 & bit != 0 {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Class;

    #[test]
    fn letters_read_back_as_redis_prints_them() {
        for (written, read) in [
            ("", ""),
            ("KEA", "AKE"),
            ("Kg$lshzxetdmn", "AKm"),
            ("Elgd", "gldE"),
            ("g", "g"),
            ("KAnm", "AKm"),
            ("E$x", "$xE"),
            ("Kg$lshzxetd", "AK"),
            ("Kgn", "gnK"),
        ] {
            let flags = Flags::read(written.as_bytes()).unwrap();
            assert_eq!(flags.to_string(), read, "{written}");
            assert_eq!(Flags::from_bits(flags.bits()), flags);
        }
        assert_eq!(Flags::read(b"xyz"), Err(UnknownFlag));
        assert_eq!(Flags::read(b"q"), Err(UnknownFlag));
    }

    #[test]
    fn classes_are_wanted_only_with_a_form() {
        let classes = |letters: &[u8]| Flags::read(letters).unwrap().classes();
        assert_eq!((classes(b"A"), classes(b"KE")), (0, 0));
        assert_eq!(
            classes(b"Egx"),
            Class::Generic as u16 | Class::Expired as u16
        );
        assert_eq!(classes(b"K$h"), Class::String as u16 | Class::Hash as u16);
        assert_eq!(
            classes(b"Ksze"),
            Class::Set as u16 | Class::SortedSet as u16 | Class::Evicted as u16
        );
        assert_eq!(classes(b"Kl"), 4);
    }

    #[test]
    fn a_notice_is_published_in_each_form_asked_for() {
        let notice = Notice {
            class: Class::Expired,
            event: "expired",
            db: 3,
            key: Bytes::from_static(b"sess:\xff"),
        };
        let messages = |letters: &[u8]| {
            let flags = Flags::read(letters).unwrap();
            flags.messages(&notice).collect::<Vec<_>>()
        };
        let by_key = (
            Bytes::from_static(b"__keyspace@3__:sess:\xff"),
            Bytes::from("expired"),
        );
        let by_event = (
            Bytes::from("__keyevent@3__:expired"),
            Bytes::from_static(b"sess:\xff"),
        );
        assert_eq!(messages(b"KEx"), [by_key.clone(), by_event.clone()]);
        assert_eq!(messages(b"Kx"), [by_key]);
        assert_eq!(messages(b"Ex"), [by_event]);
    }
}
