//! A real redis-server to compare with, where the machine has one.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::client::Client;

/// A running redis-server with an empty memory; it ends when dropped.
pub(crate) struct Redis {
    process: Child,
    address: SocketAddr,
}

impl Redis {
    /// Starts the one that `BONGSU_REDIS_SERVER` names, or the one in the path; none if there is none.
    pub(crate) async fn start(dir: &Path) -> Option<Self> {
        let program = std::env::var("BONGSU_REDIS_SERVER").unwrap_or("redis-server".to_owned());
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let port = address.port().to_string();
        let started = Command::new(&program)
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
            ])
            .arg(dir)
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            eprintln!("NOT COMPARED: no `{program}`, hint: install it or set BONGSU_REDIS_SERVER");
            return None;
        };
        let mut redis = Self { process, address };
        while Client::connect(address).await.is_err() {
            assert_eq!(redis.process.try_wait().unwrap(), None, "it ended at once");
            tokio::task::yield_now().await;
        }
        Some(redis)
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await.unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
