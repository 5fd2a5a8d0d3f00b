//! Keys that sort by site, then by what they mean. A site id is ASCII without NUL, so NUL ends it.

use bongsu_sdk_model::{SiteId, Tier, Timestamp};

use crate::HistoryError;

pub(crate) fn of_site_instant(site: &SiteId, at: Timestamp) -> Vec<u8> {
    [site.as_str().as_bytes(), &[0], &of_instant(at)].concat()
}

pub(crate) fn of_site_number(site: &SiteId, number: u64) -> Vec<u8> {
    [site.as_str().as_bytes(), &[0], &number.to_be_bytes()].concat()
}

/// A site's block wider than a minute: the width follows the instant, so that both widths can start there.
pub(crate) fn of_wide(site_instant: Vec<u8>, tier: Tier) -> Vec<u8> {
    [site_instant.as_slice(), &[tier as u8]].concat()
}

/// The flipped sign bit sorts instants before 1970 first.
pub(crate) const fn of_instant(at: Timestamp) -> [u8; 8] {
    (at.as_ms().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// Reads [`of_instant`] back.
pub(crate) fn instant_of(value: &[u8]) -> Result<Timestamp, HistoryError> {
    let ms = (number_of(value)? ^ (1 << 63)).cast_signed();
    Ok(Timestamp::from_ms(ms))
}

/// Reads the site and instant of [`of_site_instant`] back.
pub(crate) fn site_instant_of(key: &[u8]) -> Result<(SiteId, Timestamp), HistoryError> {
    let damaged = || HistoryError::Damaged("a key that is not site and instant".into());
    let (site, instant) = key.split_last_chunk::<8>().ok_or_else(damaged)?;
    let site = site
        .strip_suffix(&[0])
        .and_then(|s| std::str::from_utf8(s).ok())
        .ok_or_else(damaged)?;
    let ms = (u64::from_be_bytes(*instant) ^ (1 << 63)).cast_signed();
    Ok((
        SiteId::new(site).map_err(|_| damaged())?,
        Timestamp::from_ms(ms),
    ))
}

pub(crate) fn number_of(value: &[u8]) -> Result<u64, HistoryError> {
    value
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| HistoryError::Damaged(format!("a number of {} bytes", value.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_what_it_was_made_of_and_sites_do_not_mix() {
        let (busan, busan2) = (
            SiteId::new("busan").unwrap(),
            SiteId::new("busan-2").unwrap(),
        );
        for ms in [-5, 0, 60_000] {
            let at = Timestamp::from_ms(ms);
            assert_eq!(
                site_instant_of(&of_site_instant(&busan, at)).unwrap(),
                (busan.clone(), at)
            );
        }
        let last = of_site_instant(&busan, Timestamp::from_ms(i64::MAX));
        assert!(last < of_site_instant(&busan2, Timestamp::from_ms(i64::MIN)));
        assert!(site_instant_of(b"busan").is_err());
    }
}
