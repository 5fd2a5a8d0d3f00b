//! A link between an edge and the center that can be made as bad as a real one: datagrams are lost, repeated,
//! overtaken, delayed, squeezed through a narrow pipe or not let through at all, by a seed.
//!
//! A UDP relay of our own, because it works wherever a test runs. Rejected: network namespaces with `tc netem`,
//! which need root and a kernel with that queue discipline; many containers and virtual machines have neither.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, hash_map::Entry},
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

/// How long a relay waits for a datagram before it looks at its stop sign.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// What a narrow pipe holds before it drops, as time.
const QUEUE: Duration = Duration::from_millis(500);

/// What a link does to datagrams, each way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Lost, of a thousand.
    pub lost: u32,
    /// Sent twice, of a thousand.
    pub repeated: u32,
    /// Held back so long that others overtake it, of a thousand.
    pub overtaken: u32,
    /// On the way, each.
    pub delay: Duration,
    /// What the pipe carries; none is no limit.
    pub bits_per_second: Option<u32>,
    /// Nothing passes.
    pub cut: bool,
}

impl Weather {
    /// Nothing happens to anything.
    pub const FAIR: Self = Self {
        lost: 0,
        repeated: 0,
        overtaken: 0,
        delay: Duration::ZERO,
        bits_per_second: None,
        cut: false,
    };
    /// Nothing passes.
    pub const CUT: Self = Self {
        cut: true,
        ..Self::FAIR
    };
    /// 5 % are lost.
    pub const LOSSY: Self = Self {
        lost: 50,
        ..Self::FAIR
    };
    /// Many come in another order, or twice.
    pub const MIXED: Self = Self {
        repeated: 100,
        overtaken: 150,
        ..Self::FAIR
    };
    /// 300 ms there and back.
    pub const FAR: Self = Self {
        delay: Duration::from_millis(150),
        ..Self::FAIR
    };
    /// 256 kbit/s.
    pub const NARROW: Self = Self {
        bits_per_second: Some(256_000),
        ..Self::FAIR
    };
}

/// A running link; it ends when dropped.
#[derive(Debug)]
pub struct Link {
    /// Where the edge finds what it takes for the center.
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    weather: Mutex<Weather>,
    stopped: AtomicBool,
    seed: Mutex<u64>,
}

impl Link {
    /// A link to the center's UDP port on this machine.
    ///
    /// # Errors
    /// If there is no port for it.
    pub fn to(center: u16, seed: u64) -> Result<Self> {
        let front = Arc::new(socket()?);
        let port = front.local_addr()?.port();
        let shared = Arc::new(Shared {
            weather: Mutex::new(Weather::FAIR),
            stopped: AtomicBool::new(false),
            seed: Mutex::new(seed | 1),
        });
        let center = SocketAddr::from((Ipv4Addr::LOCALHOST, center));
        let relay = Arc::clone(&shared);
        thread::spawn(move || relay.upward(&front, center));
        Ok(Self { port, shared })
    }

    /// From now on it is like this.
    pub fn set(&self, weather: Weather) {
        *self.shared.weather() = weather;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
    }
}

/// Due, and where a datagram is then sent from and to; the number keeps the order of those due at once.
type Due = Reverse<(Instant, u64, Vec<u8>, SocketAddr)>;

/// One direction of one way.
#[derive(Default)]
struct Pipe {
    waiting: BinaryHeap<Due>,
    free_at: Option<Instant>,
    number: u64,
}

impl Shared {
    fn weather(&self) -> std::sync::MutexGuard<'_, Weather> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Xorshift; whether an event of so many of a thousand happens.
    fn happens(&self, of_thousand: u32) -> bool {
        let mut seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner);
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        (*seed >> 20) % 1_000 < u64::from(of_thousand)
    }

    /// From edges to the center, with a way back for every address that an edge sends from.
    fn upward(self: Arc<Self>, front: &Arc<UdpSocket>, center: SocketAddr) {
        let mut ways: HashMap<SocketAddr, (Arc<UdpSocket>, Pipe)> = HashMap::new();
        let mut buffer = vec![0; 1 << 16];
        while !self.stopped.load(Ordering::SeqCst) {
            if let Some((len, edge)) = receive(front, &mut buffer) {
                let way = match ways.entry(edge) {
                    Entry::Occupied(way) => Some(way.into_mut()),
                    Entry::Vacant(place) => self
                        .way_back(front, edge)
                        .map(|back| place.insert((back, Pipe::default()))),
                };
                if let (Some((_, pipe)), Some(datagram)) = (way, buffer.get(..len)) {
                    self.put(pipe, datagram, center);
                }
            }
            for (back, pipe) in ways.values_mut() {
                pipe.send_due(back);
            }
        }
    }

    /// A socket that stands for the edge towards the center, and what carries its answers; none if there is no port.
    fn way_back(
        self: &Arc<Self>,
        front: &Arc<UdpSocket>,
        edge: SocketAddr,
    ) -> Option<Arc<UdpSocket>> {
        let back = socket().ok().map(Arc::new)?;
        let (relay, from, front) = (Arc::clone(self), Arc::clone(&back), Arc::clone(front));
        thread::spawn(move || relay.downward(&from, &front, edge));
        Some(back)
    }

    fn downward(self: Arc<Self>, from: &UdpSocket, front: &UdpSocket, edge: SocketAddr) {
        let (mut pipe, mut buffer) = (Pipe::default(), vec![0; 1 << 16]);
        while !self.stopped.load(Ordering::SeqCst) {
            if let Some((len, _)) = receive(from, &mut buffer)
                && let Some(datagram) = buffer.get(..len)
            {
                self.put(&mut pipe, datagram, edge);
            }
            pipe.send_due(front);
        }
    }

    fn put(&self, pipe: &mut Pipe, datagram: &[u8], to: SocketAddr) {
        let weather = *self.weather();
        if weather.cut || self.happens(weather.lost) {
            return;
        }
        let now = now();
        let mut due = now + weather.delay;
        if let Some(bits) = weather.bits_per_second {
            let begins = pipe.free_at.unwrap_or(now).max(now);
            if begins > now + QUEUE {
                return;
            }
            let seconds = datagram.len() as f64 * 8.0 / f64::from(bits);
            let ends = begins + Duration::from_secs_f64(seconds);
            pipe.free_at = Some(ends);
            due = ends + weather.delay;
        }
        if self.happens(weather.overtaken) {
            due += Duration::from_millis(60);
        }
        let times = 1 + u32::from(self.happens(weather.repeated));
        for _ in 0..times {
            pipe.number += 1;
            let entry = (due, pipe.number, datagram.to_vec(), to);
            pipe.waiting.push(Reverse(entry));
        }
    }
}

impl Pipe {
    fn send_due(&mut self, from: &UdpSocket) {
        let now = now();
        while let Some(Reverse((due, ..))) = self.waiting.peek()
            && *due <= now
            && let Some(Reverse((_, _, datagram, to))) = self.waiting.pop()
        {
            // A datagram that is not taken is lost, as on any link.
            let _ = from.send_to(&datagram, to);
        }
    }
}

fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(LOOK_AGAIN))?;
    Ok(socket)
}

/// The next datagram, if one comes before it is time to look at what is due.
fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    match socket.recv_from(buffer) {
        Ok(received) => Some(received),
        Err(error) => {
            // A center that was killed answers with "connection refused".
            let is_waiting = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            if !is_waiting {
                thread::yield_now();
            }
            None
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a relay delays by the real time")]
fn now() -> Instant {
    Instant::now()
}
