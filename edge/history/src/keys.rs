//! Keys that sort as what they mean.

use bongsu_sdk_model::Timestamp;

use crate::HistoryError;

/// A sequence or other unsigned number.
pub(crate) const fn of_number(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// Reads [`of_number`] back.
pub(crate) fn number_of(key: &[u8]) -> Result<u64, HistoryError> {
    key.try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| HistoryError::Damaged(format!("a number of {} bytes", key.len())))
}

/// An instant; the flipped sign bit sorts those before 1970 first.
pub(crate) const fn of_instant(at: Timestamp) -> [u8; 8] {
    (at.as_ms().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// Reads [`of_instant`] back.
pub(crate) fn instant_of(key: &[u8]) -> Result<Timestamp, HistoryError> {
    number_of(key).map(|number| Timestamp::from_ms((number ^ (1 << 63)).cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_sort_across_the_epoch() {
        let keys = [i64::MIN, -1, 0, 1, i64::MAX].map(|ms| of_instant(Timestamp::from_ms(ms)));
        assert!(keys.is_sorted());
        assert_eq!(instant_of(&keys[1]).unwrap(), Timestamp::from_ms(-1));
        assert_eq!(number_of(&of_number(7)).unwrap(), 7);
        assert!(number_of(b"short").is_err());
    }
}
