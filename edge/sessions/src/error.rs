//! Why the session store cannot start. What goes wrong later is a reply to the client that asked.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why the session store cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The listening socket could not be had.
    #[error("cannot listen on `{address}`: {source}, hint: is another server using that port?")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The directory of the log could not be made.
    #[error("cannot create the directory `{path}`: {source}, hint: check data_dir and its owner")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The log could not be opened or read.
    #[error(
        "cannot open the session log at `{path}`: {reason}, hint: is another process using the directory?"
    )]
    Log {
        /// Its directory.
        path: PathBuf,
        /// What the storage engine said.
        reason: String,
    },
    /// The log was written in a format this version does not know.
    #[error("the session log at `{path}` is {found}, hint: it was written by another version")]
    Format {
        /// Its directory.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// The journal could not be made or read.
    #[error(
        "cannot open the session journal at `{path}`: {source}, hint: check its owner, its mode and the disk"
    )]
    Journal {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A segment of the journal that was safely on disk is missing or no longer what was written.
    #[error(
        "the session journal is damaged at byte {offset} of `{path}`, hint: restore that file, or move it and \
         every later one away to go on without them"
    )]
    Damaged {
        /// The segment's file.
        path: PathBuf,
        /// Where it is no longer readable.
        offset: u64,
    },
    /// The engine's thread could not be started or ended while starting.
    #[error("the session engine did not start: {0}")]
    Engine(String),
}
