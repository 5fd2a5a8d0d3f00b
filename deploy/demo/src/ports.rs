//! Ports that nobody uses. They are all held while they are chosen, so that no two are the same; between
//! letting go and the program's own bind another process may take one, which the program then reports.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use anyhow::Result;

/// Holds ports until it is dropped.
#[derive(Default)]
pub(crate) struct Ports {
    tcp: Vec<TcpListener>,
    udp: Vec<UdpSocket>,
}

impl Ports {
    /// A free TCP port of the loopback address.
    pub(crate) fn tcp(&mut self) -> Result<u16> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = socket.local_addr()?.port();
        self.tcp.push(socket);
        Ok(port)
    }

    /// `wanted` if it is free, else any.
    pub(crate) fn tcp_preferably(&mut self, wanted: u16) -> Result<u16> {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)) {
            Ok(socket) => {
                self.tcp.push(socket);
                Ok(wanted)
            }
            Err(_) => self.tcp(),
        }
    }

    /// A free UDP port of the loopback address.
    pub(crate) fn udp(&mut self) -> Result<u16> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = socket.local_addr()?.port();
        self.udp.push(socket);
        Ok(port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same_and_a_taken_one_is_replaced() {
        let mut ports = Ports::default();
        let first = ports.tcp().unwrap();
        let second = ports.tcp_preferably(first).unwrap();
        assert_ne!(first, second);
        assert_ne!(ports.udp().unwrap(), 0);
    }
}
