//! A peer with a good certificate and bad manners, and one that does not even speak QUIC.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
};

use bongsu_sdk_model::Timestamp;
use bongsu_sdk_wire::{ALPN, Batch, Hello, RefusalCode, Up, Versions, encode};
use quinn::{ConnectionError, Endpoint, crypto::rustls::QuicClientConfig};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::rig::{LIMIT, Pki, site};

/// Empty, short, long, and with the first byte of every kind of QUIC packet.
pub(crate) fn send_garbage_datagrams(center: SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    for size in (0..1_400).step_by(7) {
        for first in [0x00, 0x40, 0xc0, 0xd0, 0xe0, 0xf0, 0xff] {
            let mut datagram: Vec<u8> = std::iter::repeat_with(|| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                noise.to_le_bytes()[0]
            })
            .take(size)
            .collect();
            if let Some(byte) = datagram.first_mut() {
                *byte = first;
            }
            socket.send_to(&datagram, center).unwrap();
        }
    }
}

pub(crate) fn hello(name: &str) -> Vec<u8> {
    let clock = Timestamp::from_ms(1_000_000);
    encode(&Up::Hello(Hello {
        versions: Versions::SPOKEN,
        site: site(name),
        epoch: 7,
        oldest: 1,
        clock,
    }))
    .unwrap()
}

/// Bytes for the ledger's stream and, if any, for a pulse's.
type Conversation = (&'static str, Vec<u8>, Option<Vec<u8>>);

/// Each from a site of its own, so that none waits for another's penalty.
pub(crate) fn bad_conversations() -> Vec<Conversation> {
    let then = |name, more: &[u8]| [hello(name).as_slice(), more].concat();
    let batch = encode(&Up::Batch(Batch {
        sequence: 1,
        payload: vec![0; 10],
    }))
    .unwrap();
    vec![
        ("noise", vec![0xa5; 5_000], None),
        ("too-long", vec![0xff, 0xff, 0xff, 0xff], None),
        ("empty-frame", vec![0, 0, 0, 0], None),
        ("batch-first", batch.clone(), None),
        ("noise-later", then("noise-later", &[0x5a; 5_000]), None),
        (
            "hello-twice",
            then("hello-twice", &hello("hello-twice")),
            None,
        ),
        ("bad-pulse", hello("bad-pulse"), Some(vec![0x11; 300])),
        ("batch-pulse", hello("batch-pulse"), Some(batch)),
        (
            "long-pulse",
            hello("long-pulse"),
            Some(vec![0; (1 << 20) + 100]),
        ),
    ]
}

/// Says all that, and gives the reason for which the center closes the connection.
pub(crate) async fn converse(
    pki: &Pki,
    center: SocketAddr,
    name: &str,
    up: &[u8],
    pulse: Option<&[u8]>,
) -> Option<RefusalCode> {
    let (_endpoint, connection) = connect(pki, center, name).await;
    let (mut send, _receive) = connection.open_bi().await.unwrap();
    let talking = async {
        let _ = send.write_all(up).await;
        if let Some(pulse) = pulse {
            let mut stream = connection.open_uni().await.unwrap();
            let _ = stream.write_all(pulse).await;
            let _ = stream.finish();
        }
        connection.closed().await
    };
    match tokio::time::timeout(LIMIT, talking)
        .await
        .expect("the center never closed the connection")
    {
        ConnectionError::ApplicationClosed(close) => {
            RefusalCode::from_close_code(close.error_code.into_inner())
        }
        _ => None,
    }
}

/// Stops inside a frame and goes.
pub(crate) async fn leave_in_the_middle(pki: &Pki, center: SocketAddr) {
    let (endpoint, connection) = connect(pki, center, "half").await;
    let (mut send, _receive) = connection.open_bi().await.unwrap();
    send.write_all(&[hello("half").as_slice(), &[0, 0, 9, 9, 1, 1]].concat())
        .await
        .unwrap();
    send.finish().unwrap();
    let _ = send.stopped().await;
    connection.close(0_u8.into(), b"\x1b[31mbye\n");
    endpoint.wait_idle().await;
}

async fn connect(pki: &Pki, center: SocketAddr, name: &str) -> (Endpoint, quinn::Connection) {
    let directory = pki.edge(name);
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(directory.join("ca.pem")).unwrap())
        .unwrap();
    let certificate = CertificateDer::from_pem_file(directory.join(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(directory.join(format!("{name}.key"))).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate], key)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let client = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let connection = endpoint
        .connect_with(client, center, "127.0.0.1")
        .unwrap()
        .await
        .unwrap();
    (endpoint, connection)
}
