//! Gives an edge its first certificate for a token, and its next one before the last runs out. Never sees a
//! private key. A token is used up before anything is signed: what fails after that costs a token, never a
//! certificate too many.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::Connection;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{
    Call, Decoder, Join, Joined, PROOF_LABEL, PublicKey, RefusalCode, Reply, encode,
};

use super::Shared;
use crate::{
    ca::Ca,
    registry::{Given, JoinError},
    tls,
};

/// Most bytes of a frame of enrolment.
const MAX_BYTES: usize = 4 << 10;
/// Pause after a renewal that failed.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Serves a connection that has no certificate yet.
pub(super) async fn serve(connection: Connection, address: SocketAddr, shared: Arc<Shared>) {
    let joining = tokio::time::timeout(shared.config.hello_timeout, join(&connection, &shared));
    match joining.await {
        Ok(Ok(site)) => {
            shared.counts.joined.add(1);
            tracing::info!(%site, %address, "an edge was enrolled");
            // The edge closes when it has everything.
            let _ = tokio::time::timeout(shared.config.hello_timeout, connection.closed()).await;
        }
        Ok(Err(reason)) => refused(&shared, address, &reason),
        Err(_) => refused(&shared, address, "no request in time"),
    }
    connection.close(0_u8.into(), b"");
}

/// Strangers can cause this at will, so it is logged ever more rarely.
fn refused(shared: &Shared, address: SocketAddr, reason: &str) {
    let refused = shared.counts.joins_refused.add(1);
    if refused.is_power_of_two() || refused < 16 {
        tracing::warn!(%address, ?reason, refused, "an enrolment was refused");
    }
}

async fn join(connection: &Connection, shared: &Arc<Shared>) -> Result<SiteId, String> {
    let (mut down, mut up) = connection.accept_bi().await.map_err(text)?;
    let bytes = up.read_to_end(MAX_BYTES).await.map_err(text)?;
    let mut decoder = Decoder::<Join>::new(MAX_BYTES);
    decoder.push(&bytes);
    let join = decoder.next().map_err(text)?.ok_or("no whole request")?;
    let site = join.site.clone();
    let (doing, binding) = (Arc::clone(shared), binding(connection)?);
    let joined = tokio::task::spawn_blocking(move || redeem(&doing, &join, &binding));
    let joined = joined.await.map_err(text)?;
    let answer = match &joined {
        Ok(welcome) => welcome.clone(),
        Err(error) => Joined::Refused {
            text: error.to_string(),
        },
    };
    down.write_all(&encode(&answer).map_err(text)?)
        .await
        .map_err(text)?;
    down.finish().map_err(text)?;
    let _ = down.stopped().await;
    joined.map(|_| site).map_err(text)
}

fn redeem(shared: &Shared, join: &Join, binding: &[u8]) -> Result<Joined, JoinError> {
    prove(&join.site, &join.key, binding)?;
    let ca = authority(shared)?;
    let registry = shared.sites.registry();
    registry.redeem(join.token, &join.secret, &join.site, shared.clock.now())?;
    Ok(Joined::Welcome {
        certificate: sign(shared, &ca, &join.site, &join.key)?,
        authority: ca.certificate().to_owned(),
    })
}

/// Whether whoever shows the key on this connection holds its private half.
fn prove(site: &SiteId, key: &PublicKey, binding: &[u8]) -> Result<(), JoinError> {
    let claim = PublicKey::claim(site.as_str(), &key.point, binding);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point)
        .verify(&claim, &key.proof)
        .map_err(|_| JoinError::Proof)
}

fn authority(shared: &Shared) -> Result<Ca, JoinError> {
    let (certificate, key) = (&shared.config.ca, &shared.config.ca_key);
    Ca::open_files(certificate, key).map_err(|error| {
        tracing::warn!(%error, "an edge wanted a certificate, but there is no authority here to sign it");
        JoinError::Unable
    })
}

/// Noted first, given out then: there is no certificate that the registry does not know.
fn sign(shared: &Shared, ca: &Ca, site: &SiteId, key: &PublicKey) -> Result<String, JoinError> {
    let unable = |error: &dyn std::fmt::Display| {
        tracing::error!(%site, %error, "failed to give out a certificate");
        JoinError::Unable
    };
    let (now, life) = (shared.clock.now(), shared.config.certificate_life);
    let signed = ca
        .sign_edge(site, &key.point, now, life)
        .map_err(|error| unable(&error))?;
    let given = Given {
        issued: now,
        expires: now.plus(life),
    };
    let fingerprint = tls::fingerprint_of_pem(&signed).ok_or(JoinError::Unable)?;
    shared
        .sites
        .registry()
        .note(site, &fingerprint, given)
        .map_err(|error| unable(&error))?;
    Ok(signed)
}

/// Replaces the certificate of a connected edge when two thirds of its life are over, as often as need be.
/// Certificates that another authority or a person gave out are theirs to replace.
pub(super) async fn renew(
    connection: &Connection,
    shared: &Arc<Shared>,
    site: &SiteId,
    fingerprint: &str,
) {
    let (doing, of, name) = (Arc::clone(shared), site.clone(), fingerprint.to_owned());
    let given = tokio::task::spawn_blocking(move || doing.sites.registry().given(&of, &name));
    let Ok(Some(mut given)) = given.await else {
        return std::future::pending().await;
    };
    loop {
        let life = given.expires.since(given.issued);
        let due = given.issued.plus(life * 2 / 3);
        tokio::time::sleep(due.since(shared.clock.now())).await;
        match renewed(connection, shared, site).await {
            Ok(()) => {
                tracing::info!(%site, "an edge has a new certificate");
                let now = shared.clock.now();
                given = Given {
                    issued: now,
                    expires: now.plus(shared.config.certificate_life),
                };
            }
            Err(reason) => {
                tracing::warn!(%site, ?reason, "an edge's certificate was not renewed, trying again");
                tokio::time::sleep(AGAIN_AFTER.min(life / 10)).await;
            }
        }
    }
}

async fn renewed(
    connection: &Connection,
    shared: &Arc<Shared>,
    site: &SiteId,
) -> Result<(), String> {
    let (mut down, mut up) = connection.open_bi().await.map_err(text)?;
    down.write_all(&encode(&Call::Renew).map_err(text)?)
        .await
        .map_err(text)?;
    let mut decoder = Decoder::<Reply>::new(MAX_BYTES);
    let mut signed = false;
    loop {
        while let Some(frame) = decoder.next().map_err(text)? {
            match frame {
                Reply::Key(key) if !signed => {
                    signed = true;
                    let (doing, site) = (Arc::clone(shared), site.clone());
                    let binding = binding(connection)?;
                    let work = move || {
                        prove(&site, &key, &binding)?;
                        sign(&doing, &authority(&doing)?, &site, &key)
                    };
                    let certificate = tokio::task::spawn_blocking(work).await.map_err(text)?;
                    let frame = Call::Certificate(certificate.map_err(text)?);
                    down.write_all(&encode(&frame).map_err(text)?)
                        .await
                        .map_err(text)?;
                }
                Reply::Kept if signed => return Ok(()),
                Reply::End(end) => return Err(end.text),
                _ => return Err("a frame out of turn".to_owned()),
            }
        }
        let chunk = up.read_chunk(MAX_BYTES, true).await.map_err(text)?;
        decoder.push(&chunk.ok_or("the edge ended the stream")?.bytes);
    }
}

fn binding(connection: &Connection) -> Result<[u8; 32], String> {
    let mut binding = [0; 32];
    connection
        .export_keying_material(&mut binding, PROOF_LABEL, b"")
        .map_err(|_| "TLS gives no keying material".to_owned())?;
    Ok(binding)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Why a peer without a certificate is let no further.
pub(super) const NO_CERTIFICATE: (RefusalCode, &str) = (
    RefusalCode::Site,
    "no certificate was shown, hint: `bongsu-edge join` gets one",
);
