//! Connections to the nodes of the backend, opened when first needed and shared by all clients of the edge.
//!
//! A lane is what a connection is for: protocol version, database, and reading or writing. Writers have
//! connections of their own, because `WAIT` holds up whatever follows it. Never decides what to send or whether
//! to send it again.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo as _, ProtocolVersion,
    RedisConnectionInfo, RedisError, TlsCertificates, Value,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{runtime::Handle, time::timeout};

use super::config::{Node, RedisConfig};
use crate::{Password, protocol::Protocol};

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(1);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// How replies are to be written.
    pub(super) protocol: Protocol,
    /// The database.
    pub(super) db: u8,
    /// Whether writes go over it.
    pub(super) writes: bool,
}

/// Why there are no replies.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was sent.
    NotSent(String),
    /// What was sent may have been done or not.
    Lost(String),
}

/// One place for a connection; the number tells one that was there from one that is.
type Place = Arc<tokio::sync::Mutex<Option<(u64, MultiplexedConnection)>>>;

/// The places of every lane of every node.
type Places = HashMap<(Node, Lane), Arc<[Place]>>;

/// Every connection.
#[derive(Debug)]
pub(super) struct Pool {
    config: RedisConfig,
    /// Where the connections' own tasks run: not on a client's thread.
    runtime: Handle,
    places: Mutex<Places>,
    turn: AtomicUsize,
    opened: AtomicU64,
}

impl Pool {
    /// No connection yet; they will live on the present runtime.
    pub(super) fn new(config: RedisConfig) -> Self {
        Self {
            config,
            runtime: Handle::current(),
            places: Mutex::default(),
            turn: AtomicUsize::new(0),
            opened: AtomicU64::new(0),
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends commands to a node, in order and over one connection, and gives as many replies.
    pub(super) async fn exchange(
        &self,
        node: &Node,
        lane: Lane,
        commands: &redis::Pipeline,
    ) -> Result<Vec<Value>, Failure> {
        let place = self.place(node, lane);
        let (number, mut connection) = self.connection(&place, node, lane).await?;
        let sent = connection.send_packed_commands(commands, 0, commands.len());
        match sent.await {
            Ok(values) if values.len() == commands.len() => Ok(values),
            Ok(_) => {
                drop_from(&place, number).await;
                Err(Failure::Lost("too few replies".to_owned()))
            }
            Err(error) => {
                // After a time-out the connection is kept: the replies that are late are dropped in order.
                if !error.is_timeout() {
                    drop_from(&place, number).await;
                }
                Err(Failure::Lost(describe(&error)))
            }
        }
    }

    /// The next place of a lane, in turn.
    fn place(&self, node: &Node, lane: Lane) -> Place {
        let turn = self.turn.fetch_add(1, Relaxed) % self.config.connections;
        let mut places = self.places();
        let places = places.entry((node.clone(), lane)).or_insert_with(|| {
            let empty = std::iter::repeat_with(Place::default);
            empty.take(self.config.connections).collect()
        });
        places.get(turn).map(Arc::clone).unwrap_or_default()
    }

    async fn connection(
        &self,
        place: &Place,
        node: &Node,
        lane: Lane,
    ) -> Result<(u64, MultiplexedConnection), Failure> {
        let mut held = place.lock().await;
        if let Some((number, connection)) = &*held {
            return Ok((*number, connection.clone()));
        }
        let connection = self.open(node, lane).await.map_err(Failure::NotSent)?;
        let number = self.opened.fetch_add(1, Relaxed);
        *held = Some((number, connection.clone()));
        Ok((number, connection))
    }

    async fn open(&self, node: &Node, lane: Lane) -> Result<MultiplexedConnection, String> {
        let client = self.client(node, lane, self.config.password.as_ref())?;
        self.connect(client).await
    }

    /// A connection to a sentinel.
    pub(super) async fn sentinel(&self, node: &Node) -> Result<MultiplexedConnection, String> {
        let lane = Lane {
            protocol: Protocol::Resp2,
            db: 0,
            writes: false,
        };
        let client = self.client(node, lane, self.config.sentinel_password.as_ref())?;
        self.connect(client).await
    }

    async fn connect(&self, client: Client) -> Result<MultiplexedConnection, String> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT.min(self.config.timeout)))
            .set_response_timeout(Some(self.config.timeout));
        let opening = async move {
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await
        };
        let opened = self.runtime.spawn(opening).await;
        let opened = opened.map_err(|error| error.to_string())?;
        opened.map_err(|error| describe(&error))
    }

    /// A connection that listens to a node's messages.
    pub(super) async fn listen(&self, node: &Node) -> Result<PubSub, String> {
        let lane = Lane {
            protocol: Protocol::Resp2,
            db: 0,
            writes: false,
        };
        let client = self.client(node, lane, self.config.password.as_ref())?;
        let opened = timeout(CONNECT, client.get_async_pubsub()).await;
        let opened = opened.map_err(|_| format!("{node} does not answer"))?;
        opened.map_err(|error| describe(&error))
    }

    fn client(
        &self,
        node: &Node,
        lane: Lane,
        password: Option<&Password>,
    ) -> Result<Client, String> {
        let settings = self.settings(lane, password);
        let address = if self.config.tls {
            ConnectionAddr::TcpTls {
                host: node.host.clone(),
                port: node.port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(node.host.clone(), node.port)
        };
        let info = address.into_connection_info();
        let info = info.map(|info| {
            let tcp = info.tcp_settings().clone().set_nodelay(true);
            info.set_tcp_settings(tcp).set_redis_settings(settings)
        });
        let client = info.and_then(|info| match &self.config.ca {
            Some(ca) => {
                let certificates = TlsCertificates {
                    client_tls: None,
                    root_cert: Some(ca.clone()),
                };
                Client::build_with_tls(info, certificates)
            }
            None => Client::open(info),
        });
        client.map_err(|error| describe(&error))
    }

    fn settings(&self, lane: Lane, password: Option<&Password>) -> RedisConnectionInfo {
        let mut settings = RedisConnectionInfo::default()
            .set_skip_set_lib_name()
            .set_db(i64::from(lane.db))
            .set_protocol(match lane.protocol {
                Protocol::Resp2 => ProtocolVersion::RESP2,
                Protocol::Resp3 => ProtocolVersion::RESP3,
            });
        if let Some(password) = password {
            settings = settings.set_password(password.text());
            if let Some(user) = &self.config.user {
                settings = settings.set_username(user);
            }
        }
        settings
    }

    /// Closes the connections to nodes that are not wanted any longer.
    pub(super) fn keep(&self, wanted: impl Fn(&Node) -> bool) {
        self.places().retain(|(node, _), _| wanted(node));
    }
}

async fn drop_from(place: &Place, number: u64) {
    let mut held = place.lock().await;
    if held.as_ref().is_some_and(|(present, _)| *present == number) {
        *held = None;
    }
}

/// An error in one line. Redis's own texts have no password in them.
pub(super) fn describe(error: &RedisError) -> String {
    error.to_string().replace(['\r', '\n'], " ")
}
