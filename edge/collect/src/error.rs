//! Why collection could not start. Nothing here holds what was collected.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why [`bind`](crate::bind) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A listener's address could not be bound.
    #[error(
        "failed to listen at `{address}` for OTLP ({listener}): {source}; hint: another collector may run \
         there, set `collect.{listener}`"
    )]
    Listen {
        /// The key of the listener: `grpc` or `http`.
        listener: &'static str,
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The directory of the checkpoints could not be made.
    #[error(
        "failed to create `{path}` for log checkpoints: {source}; hint: set `collect.data_dir`"
    )]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}
