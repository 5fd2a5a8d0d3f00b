//! Addresses and networks. An IPv4 address written as IPv6 is the IPv4 address.

use std::{fmt, net::IpAddr};

/// A network, or a single address as one of full length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let written: IpAddr = address.trim().parse().ok()?;
        let address = written.to_canonical();
        let full = if address.is_ipv4() { 32 } else { 128 };
        // Bits of an IPv4 address written as IPv6 count from its front.
        let shift = if written.is_ipv6() && address.is_ipv4() {
            96
        } else {
            0
        };
        let bits = match bits {
            Some(bits) => bits.checked_sub(shift)?,
            None => full,
        };
        (bits <= full).then_some(Self { address, bits })
    }

    pub(crate) const fn is_v4(&self) -> bool {
        self.address.is_ipv4()
    }

    pub(crate) const fn bits(&self) -> u8 {
        self.bits
    }

    /// Whether they have an address in common.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let bits = self.bits.min(other.bits);
        match (self.address, other.address) {
            (IpAddr::V4(one), IpAddr::V4(two)) => same(
                u128::from(one.to_bits()) << 96,
                u128::from(two.to_bits()) << 96,
                bits,
            ),
            (IpAddr::V6(one), IpAddr::V6(two)) => same(one.to_bits(), two.to_bits(), bits),
            _ => false,
        }
    }
}

/// Whether the first `bits` bits are the same.
fn same(one: u128, two: u128, bits: u8) -> bool {
    bits == 0 || (one ^ two) >> (128 - u32::from(bits)) == 0
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meet(one: &str, two: &str) -> bool {
        Network::parse(one)
            .zip(Network::parse(two))
            .is_some_and(|(one, two)| one.meets(&two) && two.meets(&one))
    }

    #[test]
    fn networks_meet_by_their_common_bits() {
        assert!(meet("10.0.0.0/8", "10.255.0.1"));
        assert!(meet("0.0.0.0/0", "8.8.8.8"));
        assert!(meet("2001:db8::/32", "2001:db8:1::/48"));
        assert!(!meet("10.0.0.0/8", "11.0.0.0"));
        assert!(!meet("0.0.0.0/0", "::/0"));
        assert!(meet("::ffff:10.0.0.0/104", "10.1.2.3"));
    }
}
