//! The listener for TLS: the same server behind it, and strangers kept out.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::client::{Client, Store};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn certify(authority: &Authority) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap(), key)
}

/// Writes what the server needs and gives its settings.
fn settings(dir: &Path, authority: &Authority, asks_for_certificates: bool) -> String {
    let [cert, key, ca] = ["cert", "key", "ca"].map(|name| dir.join(name));
    let (own, own_key) = certify(authority);
    fs::write(&cert, own.pem()).unwrap();
    fs::write(&key, own_key.serialize_pem()).unwrap();
    fs::write(&ca, authority.pem()).unwrap();
    let ca = if asks_for_certificates {
        format!("tls_client_ca = {ca:?}\n")
    } else {
        String::new()
    };
    format!(
        "tls_bind = \"127.0.0.1:0\"\ntls_cert = {cert:?}\ntls_key = {key:?}\n{ca}\
         request_timeout = \"500ms\"\nmax_clients = 8\n"
    )
}

async fn connect(
    address: SocketAddr,
    authority: &Authority,
    own: Option<(rcgen::Certificate, KeyPair)>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => config.with_no_client_auth(),
        Some((cert, key)) => {
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let chain = vec![CertificateDer::clone(cert.der())];
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

#[tokio::test]
async fn clients_are_served_over_tls_as_without() {
    let dir = tempfile::tempdir().unwrap();
    let authority = authority();
    let settings = settings(dir.path(), &authority, false);
    let store = Store::start(&dir.path().join("log"), &settings).await;
    let address = store.handle.tls_addr().unwrap();
    let mut secure = Client::of(connect(address, &authority, None).await.unwrap());
    let mut plain = store.connect().await;
    let big = "x".repeat(1 << 20);
    assert_eq!(secure.run(&["SET", "k", &big]).await, "OK");
    assert_eq!(plain.call("STRLEN k").await, "1048576");
    assert_eq!(secure.call("GET k").await, format!("{big:?}"));
    secure.call("HELLO 3").await;
    secure.call("SUBSCRIBE c").await;
    assert_eq!(plain.call("PUBLISH c hi").await, "1");
    assert_eq!(secure.reply().await, ">[\"message\" \"c\" \"hi\"]");
    assert_eq!(secure.call("QUIT").await, "OK");
    assert!(secure.is_closed().await);
    store.handle.shutdown().await;
}

#[tokio::test]
async fn clients_without_a_certificate_are_kept_out_if_so_configured() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, others) = (authority(), authority());
    let settings = settings(dir.path(), &ours, true);
    let store = Store::start(&dir.path().join("log"), &settings).await;
    let address = store.handle.tls_addr().unwrap();
    let mut friend = Client::of(connect(address, &ours, Some(certify(&ours))).await.unwrap());
    assert_eq!(friend.call("PING").await, "PONG");
    for own in [None, Some(certify(&others))] {
        // In TLS 1.3 the client learns of it with the first bytes it reads.
        let closed = match connect(address, &ours, own).await {
            Err(_) => true,
            Ok(mut stream) => {
                let _ = stream.write_all(b"PING\r\n").await;
                stream
                    .read(&mut [0; 8])
                    .await
                    .map_or(true, |read| read == 0)
            }
        };
        assert!(closed);
    }
    assert_eq!(friend.call("PING").await, "PONG");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn nonsense_and_half_a_handshake_are_cut_off_and_free_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let authority = authority();
    let settings = settings(dir.path(), &authority, false);
    let store = Store::start(&dir.path().join("log"), &settings).await;
    let address = store.handle.tls_addr().unwrap();
    // The head of a hello that announces more than comes.
    let half = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    let cases: [&[u8]; 4] = [b"*1\r\n$4\r\nPING\r\n", &[0xff; 5000], &half, b""];
    for round in 0..3 {
        let mut streams = Vec::new();
        for case in cases.iter().cycle().take(8) {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _ = stream.write_all(case).await;
            streams.push(stream);
        }
        for mut stream in streams {
            // An alert may come before the end.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        let mut plain = store.connect().await;
        let mut reply = plain.call("PING").await;
        while reply != "PONG" {
            // The last of them may still hold its place.
            plain = store.connect().await;
            reply = plain.call("PING").await;
        }
        let mut secure = Client::of(connect(address, &authority, None).await.unwrap());
        assert_eq!(secure.call("PING").await, "PONG", "{round}");
    }
    store.handle.shutdown().await;
}
