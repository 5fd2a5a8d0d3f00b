//! Where everything of one run is: folders under the state folder, and ports.

use std::{
    fs,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    ports::Ports,
    site::{SITES, Site},
};

/// Programs and folders the demo was given.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// Folder of `bongsu-edge` and `bongsu-center`.
    pub(crate) bin: PathBuf,
    /// Folder of the built plugins.
    pub(crate) plugins: PathBuf,
    /// Python with the application's packages.
    pub(crate) python: PathBuf,
    /// nginx.
    pub(crate) nginx: PathBuf,
    /// Folder of everything that is written.
    pub(crate) state: PathBuf,
}

/// The center's place.
#[derive(Debug)]
pub(crate) struct CenterPlace {
    /// Its folder: configuration and data.
    pub(crate) folder: PathBuf,
    /// UDP port the edges connect to.
    pub(crate) quic: u16,
    /// Port of the dashboard.
    pub(crate) http: u16,
}

/// A site's place: edge, application and web server.
#[derive(Debug)]
pub(crate) struct SitePlace {
    /// The site.
    pub(crate) site: &'static Site,
    /// Folder of the edge.
    pub(crate) edge: PathBuf,
    /// Folder of the application and the web server: nginx's prefix.
    pub(crate) web: PathBuf,
    /// Session store.
    pub(crate) resp: u16,
    /// OTLP over gRPC.
    pub(crate) otlp_grpc: u16,
    /// OTLP over HTTP.
    pub(crate) otlp_http: u16,
    /// The edge's own page and API.
    pub(crate) local: u16,
    /// The application behind the web server.
    pub(crate) app: u16,
    /// The web server.
    pub(crate) nginx: u16,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct Layout {
    /// What was given.
    pub(crate) given: Given,
    /// The center.
    pub(crate) center: CenterPlace,
    /// The sites.
    pub(crate) sites: Vec<SitePlace>,
    /// Held while the demo runs: no other may use the folder.
    _lock: File,
}

impl Layout {
    /// Empties the state folder, makes the folders anew and chooses free ports.
    ///
    /// # Errors
    /// If another demo uses the folder, or a folder cannot be made.
    pub(crate) fn prepare(given: Given) -> Result<Self> {
        let state = given.state.clone();
        fs::create_dir_all(&state)
            .with_context(|| format!("failed to make {}", state.display()))?;
        let lock = File::create(state.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!(
                "another demo runs in {}; hint: give this one its own with --state",
                state.display()
            );
        }
        for used in ["logs", "center", "tls"]
            .into_iter()
            .chain(SITES.iter().map(|site| site.id))
        {
            empty(&state.join(used))?;
        }
        let mut ports = Ports::default();
        let center = CenterPlace {
            folder: state.join("center"),
            quic: ports.udp()?,
            http: ports.tcp_preferably(8080)?,
        };
        let sites = SITES
            .iter()
            .map(|site| place(&state, site, &mut ports))
            .collect::<Result<_>>()?;
        Ok(Self {
            given,
            center,
            sites,
            _lock: lock,
        })
    }

    /// Removes all that was written, except the logs.
    ///
    /// # Errors
    /// If a folder cannot be removed.
    pub(crate) fn clean(&self) -> Result<()> {
        let sites = self
            .sites
            .iter()
            .map(|place| self.given.state.join(place.site.id));
        for folder in [self.center.folder.clone(), self.tls()]
            .into_iter()
            .chain(sites)
        {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("failed to remove {}", folder.display()))?;
        }
        Ok(())
    }

    /// Folder of the programs' logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.given.state.join("logs")
    }

    /// Folder of certificates and keys.
    pub(crate) fn tls(&self) -> PathBuf {
        self.given.state.join("tls")
    }
}

impl CenterPlace {
    /// Address of dashboard and API.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("center.toml")
    }
}

impl SitePlace {
    /// Address of the edge's own page and API.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.local)
    }

    /// The edge's configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.edge.join("edge.toml")
    }

    /// Where the application server writes its process id.
    pub(crate) fn pid_file(&self) -> PathBuf {
        self.web.join("gunicorn.pid")
    }
}

fn place(state: &Path, site: &'static Site, ports: &mut Ports) -> Result<SitePlace> {
    let (edge, web) = (
        state.join(site.id).join("edge"),
        state.join(site.id).join("web"),
    );
    for folder in [&edge, &web.join("tmp"), &web.join("static")] {
        fs::create_dir_all(folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
    }
    Ok(SitePlace {
        site,
        edge,
        web,
        resp: ports.tcp()?,
        otlp_grpc: ports.tcp()?,
        otlp_http: ports.tcp()?,
        local: ports.tcp()?,
        app: ports.tcp()?,
        nginx: ports.tcp()?,
    })
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("failed to empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))
}
