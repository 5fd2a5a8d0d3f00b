//! A rough link between an edge and a center: datagrams are lost, repeated and overtaken by a fixed pattern,
//! and the whole link can be cut and mended.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{net::UdpSocket, task::JoinSet};

/// Every so many datagrams one is lost, repeated or sent after the next; primes, so that they mix.
const LOST: usize = 23;
const REPEATED: usize = 31;
const OVERTAKEN: usize = 17;

/// A running link.
pub(crate) struct Rough {
    /// Where the edge finds what it takes for the center.
    pub(crate) address: SocketAddr,
    weather: Arc<Weather>,
    _relays: JoinSet<()>,
}

#[derive(Default)]
struct Weather {
    cut: AtomicBool,
    datagrams: AtomicUsize,
}

impl Rough {
    pub(crate) async fn to(center: SocketAddr) -> Self {
        let front = socket().await;
        let address = front.local_addr().unwrap();
        let weather = Arc::new(Weather::default());
        let mut relays = JoinSet::new();
        relays.spawn(relay(front, center, Arc::clone(&weather)));
        Self {
            address,
            weather,
            _relays: relays,
        }
    }

    pub(crate) fn cut(&self) {
        self.weather.cut.store(true, Ordering::Relaxed);
    }

    pub(crate) fn mend(&self) {
        self.weather.cut.store(false, Ordering::Relaxed);
    }
}

/// Upward, with a way back for every address that the edge sends from.
async fn relay(front: Arc<UdpSocket>, center: SocketAddr, weather: Arc<Weather>) {
    let mut ways: HashMap<SocketAddr, (Arc<UdpSocket>, JoinSet<()>)> = HashMap::new();
    let (mut buffer, mut held) = (vec![0; 1 << 16], None);
    loop {
        let Ok((len, edge)) = front.recv_from(&mut buffer).await else {
            continue;
        };
        let (back, _) = match ways.entry(edge) {
            Entry::Occupied(way) => way.into_mut(),
            Entry::Vacant(way) => {
                let (back, mut task) = (socket().await, JoinSet::new());
                task.spawn(downward(
                    Arc::clone(&back),
                    Arc::clone(&front),
                    edge,
                    Arc::clone(&weather),
                ));
                way.insert((back, task))
            }
        };
        weather.pass(back, center, &buffer[..len], &mut held).await;
    }
}

async fn downward(
    back: Arc<UdpSocket>,
    front: Arc<UdpSocket>,
    edge: SocketAddr,
    weather: Arc<Weather>,
) {
    let (mut buffer, mut held) = (vec![0; 1 << 16], None);
    loop {
        let Ok((len, _)) = back.recv_from(&mut buffer).await else {
            continue;
        };
        weather.pass(&front, edge, &buffer[..len], &mut held).await;
    }
}

impl Weather {
    async fn pass(
        &self,
        out: &UdpSocket,
        to: SocketAddr,
        datagram: &[u8],
        held: &mut Option<Vec<u8>>,
    ) {
        let number = self.datagrams.fetch_add(1, Ordering::Relaxed) + 1;
        if self.cut.load(Ordering::Relaxed) || number.is_multiple_of(LOST) {
            return;
        }
        if number.is_multiple_of(OVERTAKEN) && held.is_none() {
            *held = Some(datagram.to_vec());
            return;
        }
        let _ = out.send_to(datagram, to).await;
        if number.is_multiple_of(REPEATED) {
            let _ = out.send_to(datagram, to).await;
        }
        if let Some(late) = held.take() {
            let _ = out.send_to(&late, to).await;
        }
    }
}

async fn socket() -> Arc<UdpSocket> {
    Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap())
}
