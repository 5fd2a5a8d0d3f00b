//! Who may come: enrolment by token, certificates that renew themselves, sites that are shut out.

use std::{path::Path, sync::Arc, time::Duration};

use bongsu_center_receive::{self as receive, Sites, ca::Ca};
use bongsu_edge_ship::{
    self as ship, Downlink,
    join::{JoinError, join},
};
use bongsu_sdk_model::{Clock, SiteId};
use bongsu_sdk_wire::Token;
use tempfile::TempDir;

use crate::rig::{
    Edge, LIMIT, MemoryInbox, MemoryOutbox, NOON, Pki, RealClock, center_of, real_now, roll_up,
    site,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// A center that enrols, and what it is made of.
struct Office {
    pki: Pki,
    sites: Sites,
    inbox: Arc<MemoryInbox>,
    center: receive::Handle,
    _kept: TempDir,
}

impl Office {
    async fn open(certificate_life: Duration) -> Self {
        let (pki, kept) = (Pki::new(), tempfile::tempdir().unwrap());
        let clock: Arc<dyn Clock> = Arc::new(RealClock);
        let sites = Sites::open(kept.path(), Arc::clone(&clock)).unwrap();
        let inbox = Arc::new(MemoryInbox::default());
        let config = receive::Config {
            certificate_life,
            ..pki.receive()
        };
        let center = center_of(config, &inbox, clock, &sites).await;
        Self {
            pki,
            sites,
            inbox,
            center,
            _kept: kept,
        }
    }

    fn token(&self, site: &SiteId, life: Duration) -> Token {
        let authority = Ca::open(self.pki.directory.path()).unwrap().fingerprint();
        let registry = self.sites.registry();
        registry
            .create_token(site, authority.unwrap(), life, real_now())
            .unwrap()
    }

    async fn join(&self, token: &Token, directory: &Path) -> Result<(), JoinError> {
        join(&self.center.address().to_string(), token, directory).await
    }

    /// An edge that ships with what `join` wrote into `directory`.
    fn edge(&self, directory: &Path) -> Edge {
        let config = ship::Config {
            ca: directory.join("ca.pem"),
            cert: directory.join("edge.pem"),
            key: directory.join("nothing here"),
            ..self.pki.ship("other", self.center.address())
        };
        let orders = tempfile::tempdir().unwrap();
        let downlink = Downlink::open(orders.path(), NOON).unwrap();
        let outbox = MemoryOutbox::with(3, roll_up);
        Edge::start_with(config, "busan", &outbox, real_now(), downlink)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_enrols_one_edge_whose_key_stays_at_home() {
    let (office, busan) = (Office::open(HOUR).await, site("busan"));
    let (home, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let token = office.token(&busan, HOUR);
    office.join(&token, home.path()).await.unwrap();
    let identity = home.path().join("edge.pem");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&identity).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let edge = office.edge(home.path());
    edge.until_acknowledged(3).await;
    edge.handle.shutdown().await;

    // Used up, and never twice over the same files.
    let again = office.join(&token, second.path()).await;
    assert!(matches!(again, Err(JoinError::Refused(_))), "{again:?}");
    assert!(!second.path().join("edge.pem").exists());
    let over = office.join(&office.token(&busan, HOUR), home.path()).await;
    assert!(matches!(over, Err(JoinError::Exists(_))), "{over:?}");
    assert_eq!(office.center.stats().joined, 1);
    office.center.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_stolen_changed_late_or_of_another_center_enrols_nobody() {
    let (office, busan) = (Office::open(HOUR).await, site("busan"));
    let another = Office::open(HOUR).await;
    let good = office.token(&busan, HOUR);
    let other_site = Token {
        site: site("seoul"),
        ..good.clone()
    };
    let guessed = Token {
        secret: [0; 24],
        ..good.clone()
    };
    let expired = office.token(&busan, Duration::from_millis(1));
    let revoked = office.token(&busan, HOUR);
    let id: String = revoked
        .id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    office.sites.registry().revoke_token(&id).unwrap();
    let home = tempfile::tempdir().unwrap();
    for (token, why) in [
        (&other_site, "another site"),
        (&guessed, "guessed secret"),
        (&expired, "expired"),
        (&revoked, "revoked"),
        (&another.token(&busan, HOUR), "another center's"),
    ] {
        let refused = office.join(token, home.path()).await;
        match why {
            "another center's" => assert!(
                matches!(refused, Err(JoinError::Stranger { .. })),
                "{refused:?}"
            ),
            _ => assert!(
                matches!(refused, Err(JoinError::Refused(_))),
                "{why}: {refused:?}"
            ),
        }
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "{why}");
    }
    // None of that has used the good one up.
    office.join(&good, home.path()).await.unwrap();
    assert_eq!(office.center.stats().joins_refused, 4);
    office.center.shutdown().await;
    another.center.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_site_loses_its_connection_and_a_new_token_lets_a_new_edge_in() {
    let (office, busan) = (Office::open(HOUR).await, site("busan"));
    let home = tempfile::tempdir().unwrap();
    let token = office.token(&busan, HOUR);
    office.join(&token, home.path()).await.unwrap();
    let edge = office.edge(home.path());
    edge.until_acknowledged(3).await;
    // As the command does it, from another process.
    let kept = receive::Registry::open(office._kept.path()).unwrap();
    kept.revoke_site(&busan, real_now()).unwrap();
    let status = edge
        .until(|status| !status.connected && status.last_error.is_some())
        .await;
    assert!(status.last_error.unwrap().contains("revoked"));
    edge.handle.shutdown().await;
    assert!(!office.inbox.of(&busan).connected);

    let new = tempfile::tempdir().unwrap();
    let token = office.token(&busan, HOUR);
    office.join(&token, new.path()).await.unwrap();
    let edge = office.edge(new.path());
    edge.until_acknowledged(3).await;
    edge.handle.shutdown().await;
    // The old one stays out.
    let old = office.edge(home.path());
    let status = old.until(|status| status.last_error.is_some()).await;
    assert!(!status.connected && status.last_error.unwrap().contains("revoked"));
    old.handle.shutdown().await;
    office.center.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_on_the_open_connection_before_it_ends() {
    let (office, busan) = (Office::open(Duration::from_secs(9)).await, site("busan"));
    let home = tempfile::tempdir().unwrap();
    let token = office.token(&busan, HOUR);
    office.join(&token, home.path()).await.unwrap();
    let identity = home.path().join("edge.pem");
    let first = std::fs::read_to_string(&identity).unwrap();
    let edge = office.edge(home.path());
    edge.until_acknowledged(3).await;
    let renewed = async {
        while std::fs::read_to_string(&identity).unwrap() == first {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, renewed)
        .await
        .expect("it was never renewed");
    assert_eq!(office.inbox.of(&busan).connections, 1, "without a gap");
    edge.handle.shutdown().await;
    let edge = office.edge(home.path());
    edge.until(|status| status.connected).await;
    edge.handle.shutdown().await;
    office.center.shutdown().await;
}
