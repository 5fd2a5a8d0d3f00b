//! A new certificate for this edge, while the old one is still good: a new key is made here, the center signs its
//! public half, both are written as one file. The next connection shows it; this one goes on.

use std::{path::PathBuf, sync::Arc};

use quinn::Connection;
use rcgen::KeyPair;

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{Call, End, Ending, Reply};

use super::Streams;
use crate::{budget::Budget, ended::Ended, identity, join};

/// The connection, and what a renewal needs.
#[derive(Clone)]
pub(crate) struct Road {
    pub(crate) connection: Connection,
    pub(crate) site: SiteId,
    /// The file that holds certificate and key.
    pub(crate) identity: PathBuf,
    pub(crate) budget: Arc<Budget>,
}

pub(super) async fn serve(mut streams: Streams, road: Road) -> Result<(), Ended> {
    let path = road.identity.clone();
    if !blocking(move || identity::is_whole(&path)).await? {
        let text = "certificate and key are two files here, hint: replace them by hand, or enrol with `join`";
        streams
            .write(&Reply::End(End::short(Ending::Failed, text)))
            .await?;
        streams.finish().await;
        return Ok(());
    }
    let key = KeyPair::generate().map_err(|error| Ended::Stream(error.to_string()))?;
    let key = Arc::new(key);
    let shown = join::shown(&road.connection, &road.site, &key).map_err(Ended::Stream)?;
    streams.write(&Reply::Key(shown)).await?;
    let Some(Call::Certificate(certificate)) = streams.read().await? else {
        return Err(Ended::Stream("the center sent no certificate".to_owned()));
    };
    let kept = blocking(move || {
        identity::check(&certificate, &key)?;
        identity::write(&road.identity, &identity::text(&certificate, &key))
            .map_err(|error| format!("failed to write `{}`: {error}", road.identity.display()))
    });
    let reply = match kept.await? {
        Ok(()) => {
            tracing::info!("this edge has a new certificate");
            Reply::Kept
        }
        Err(text) => {
            tracing::warn!(text, "this edge's certificate was not renewed");
            Reply::End(End::short(Ending::Failed, text))
        }
    };
    streams.write(&reply).await?;
    streams.finish().await;
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Ended> {
    let done = tokio::task::spawn_blocking(work);
    done.await.map_err(|_| Ended::Worker)
}
