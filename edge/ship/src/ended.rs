//! Why a connection or an attempt ended. The text is for the log and the status page; only the driver
//! decides what follows from it.

use std::time::Duration;

use quinn::ConnectionError;

use bongsu_sdk_wire::{FrameError, Refusal, RefusalCode, SenderError};

use crate::{DownlinkError, Error, OutboxError};

/// Why a connection or an attempt ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("stopped")]
    Stopped,
    #[error("refused: {0}")]
    Refused(Refusal),
    #[error("failed to find `{center}`: {cause}")]
    Lookup {
        center: String,
        cause: std::io::Error,
    },
    #[error("failed to open a socket: {0}")]
    Socket(std::io::Error),
    #[error("failed to connect: {0}")]
    Connect(#[from] quinn::ConnectError),
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("connection lost: {0}")]
    Connection(ConnectionError),
    #[error("the center ended the stream")]
    Finished,
    #[error("{0}")]
    Stream(String),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Protocol(#[from] SenderError),
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    #[error(transparent)]
    Setup(#[from] Error),
    #[error(transparent)]
    Orders(#[from] DownlinkError),
    #[error("a worker thread failed")]
    Worker,
}

impl From<ConnectionError> for Ended {
    fn from(error: ConnectionError) -> Self {
        if let ConnectionError::ApplicationClosed(close) = &error
            && let Some(code) = RefusalCode::from_close_code(close.error_code.into_inner())
        {
            return Self::Refused(Refusal::new(code, String::from_utf8_lossy(&close.reason)));
        }
        Self::Connection(error)
    }
}

impl From<quinn::WriteError> for Ended {
    fn from(error: quinn::WriteError) -> Self {
        match error {
            quinn::WriteError::ConnectionLost(error) => error.into(),
            other => Self::Stream(other.to_string()),
        }
    }
}

impl From<quinn::ReadError> for Ended {
    fn from(error: quinn::ReadError) -> Self {
        match error {
            quinn::ReadError::ConnectionLost(error) => error.into(),
            other => Self::Stream(other.to_string()),
        }
    }
}
