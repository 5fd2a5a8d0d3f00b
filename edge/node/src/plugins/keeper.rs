//! Loads plugins on a thread of its own: from the watched directory, from orders (API, center), and back to a version before.
//!
//! Nothing here ever waits for the pipeline, except whoever gave an order, and only for a limited time.

use std::{
    collections::BTreeMap,
    fs, io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use bongsu_sdk_host::{
    ContentHash, Controller, Detector, Engine, Manifest, Masker, PluginState, Provenance, Setup,
    Signature, WorldKind,
};
use bongsu_sdk_model::{Clock, Severity};
use serde::Serialize;
use tokio::sync::{oneshot, watch};

use super::{
    PluginConfig, audit,
    depot::{Depot, Versions},
    slots::{Change, Ready, Slots, Status, WentBack, What},
};

/// How often the directory is looked at and changed state is written.
const TICK: Duration = Duration::from_secs(1);
/// Orders and changes that may wait.
const QUEUE: usize = 64;
/// How long an order waits until a version serves; the pipeline takes it in between two batches.
const SWAP_LIMIT: Duration = Duration::from_secs(30);
/// Largest component.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// A version that was installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Installed {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) hash: String,
    pub(crate) provenance: String,
}

enum Order {
    Install {
        bytes: Vec<u8>,
        signature: Option<Signature>,
        by: String,
    },
    RollBack {
        name: String,
        by: String,
    },
    Release {
        name: String,
        by: String,
    },
}

type Reply = oneshot::Sender<anyhow::Result<Waiting>>;

/// A change that the pipeline has yet to make.
struct Waiting {
    installed: Installed,
    done: oneshot::Receiver<()>,
}

/// Gives orders to the keeper; clones share it.
#[derive(Clone)]
pub(crate) struct PluginOrders {
    orders: SyncSender<(Order, Reply)>,
    status: watch::Receiver<Arc<Vec<Status>>>,
}

impl PluginOrders {
    /// Installs a version and waits until it serves. `signature` is one that came beside the file, `by` says who ordered
    /// it.
    ///
    /// # Errors
    /// Why it was refused, for whoever ordered it.
    pub(crate) async fn install(
        &self,
        bytes: Vec<u8>,
        signature: Option<Signature>,
        by: &str,
    ) -> anyhow::Result<Installed> {
        let by = by.to_owned();
        self.order(Order::Install {
            bytes,
            signature,
            by,
        })
        .await
    }

    /// Puts the version before back.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) async fn roll_back(&self, name: &str, by: &str) -> anyhow::Result<Installed> {
        let (name, by) = (name.to_owned(), by.to_owned());
        self.order(Order::RollBack { name, by }).await
    }

    /// Gives a resting or quarantined plugin another chance.
    ///
    /// # Errors
    /// If there is no such plugin.
    pub(crate) async fn release(&self, name: &str, by: &str) -> anyhow::Result<Installed> {
        let (name, by) = (name.to_owned(), by.to_owned());
        self.order(Order::Release { name, by }).await
    }

    /// How everything stands.
    pub(crate) fn status(&self) -> Arc<Vec<Status>> {
        Arc::clone(&self.status.borrow())
    }

    async fn order(&self, order: Order) -> anyhow::Result<Installed> {
        let (reply, replied) = oneshot::channel();
        let full = "too many orders are waiting, hint: try again in a minute";
        self.orders.try_send((order, reply)).ok().context(full)?;
        let waiting = replied.await.context("the edge is stopping")??;
        tokio::time::timeout(SWAP_LIMIT, waiting.done)
            .await
            .context("it is kept, and serves as soon as the pipeline finds time")?
            .context("the edge is stopping")?;
        Ok(waiting.installed)
    }
}

/// What loads plugins, before its thread is started.
pub(crate) struct Keeper {
    config: PluginConfig,
    engine: Engine,
    depot: Depot,
    clock: Option<Arc<dyn Clock>>,
    changes: SyncSender<Change>,
    went_back: Receiver<WentBack>,
    status: watch::Receiver<Arc<Vec<Status>>>,
    states: BTreeMap<String, (PluginState, u64)>,
    /// File names in the directory and the plugin each became.
    files: BTreeMap<PathBuf, (String, Option<String>)>,
}

/// A running keeper; ends when dropped, having written every state.
pub(crate) struct KeeperHandle {
    stop: Option<SyncSender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Drop for KeeperHandle {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the keeper of plugins ended badly");
        }
    }
}

/// Loads everything there is, as far as it can be loaded.
pub(crate) fn load(config: &PluginConfig) -> anyhow::Result<(Slots, Keeper)> {
    let depot = Depot::open(&config.store)?;
    let engine = Engine::cached(&config.store.join("compiled"))
        .context("failed to start the plugin engine")?;
    let (changes, waiting) = sync_channel(QUEUE);
    let (went_back_in, went_back) = sync_channel(QUEUE);
    let mut slots = Slots::new(waiting, went_back_in);
    let mut keeper = Keeper {
        config: config.clone(),
        engine,
        depot,
        clock: None,
        changes,
        went_back,
        status: slots.subscribe(),
        states: BTreeMap::new(),
        files: BTreeMap::new(),
    };
    if !config.dir().is_dir() {
        let dir = config.dir().display();
        tracing::warn!("no plugins: `{dir}` does not exist; request targets will not be kept");
    }
    keeper.look(&mut |_| slots.take_changes());
    keeper.restore(&mut |_| slots.take_changes());
    if !slots.has_masker() {
        tracing::warn!("there is no masker; request targets will not be kept");
    }
    Ok((slots, keeper))
}

impl Keeper {
    /// Starts the thread.
    pub(crate) fn start(
        mut self,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<(PluginOrders, KeeperHandle)> {
        let (orders, ordered) = sync_channel::<(Order, Reply)>(QUEUE);
        let (stop, stopped) = sync_channel::<()>(1);
        let status = self.status.clone();
        self.clock = Some(clock);
        let thread = thread::Builder::new()
            .name("plugins".into())
            .spawn(move || self.run(&ordered, &stopped))
            .context("failed to start the plugins' thread")?;
        let handle = KeeperHandle {
            stop: Some(stop),
            thread: Some(thread),
        };
        Ok((PluginOrders { orders, status }, handle))
    }

    fn run(mut self, ordered: &Receiver<(Order, Reply)>, stopped: &Receiver<()>) {
        loop {
            match ordered.recv_timeout(TICK) {
                Ok((order, reply)) => {
                    // Whoever asked may have gone.
                    let _ = reply.send(self.carry_out(order));
                }
                Err(RecvTimeoutError::Timeout) => self.look(&mut |_| {}),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Ok(went_back) = self.went_back.try_recv() {
                self.note_going_back(&went_back);
            }
            self.keep_states();
            if stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected) {
                break;
            }
        }
        self.keep_states();
    }

    fn carry_out(&mut self, order: Order) -> anyhow::Result<Waiting> {
        match order {
            Order::Install {
                bytes,
                signature,
                by,
            } => self.install(&bytes, signature.as_ref(), None, &by),
            Order::RollBack { name, by } => self.roll_back(&name, &by),
            Order::Release { name, by } => {
                let known = self.known(&name)?;
                self.audit(
                    "plugin-released",
                    Severity::Warning,
                    &name,
                    &format!("given another chance by {by}"),
                );
                let done = self.change(&name, What::Release)?;
                Ok(Waiting {
                    installed: known,
                    done,
                })
            }
        }
    }

    /// Looks for new, changed and removed files.
    fn look(&mut self, after: &mut dyn FnMut(&str)) {
        let found = match files(self.config.dir()) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!("failed to list `{}`: {error}", self.config.dir().display());
                return;
            }
        };
        for (file, stamp) in &found {
            if self
                .files
                .get(file)
                .is_some_and(|(known, _)| known == stamp)
            {
                continue;
            }
            let name = self.take_file(file).unwrap_or_else(|error| {
                tracing::error!("plugin `{}` is refused: {error:#}", file.display());
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                self.audit(
                    "plugin-refused",
                    Severity::Warning,
                    &stem,
                    &format!("{error:#}"),
                );
                None
            });
            after(name.as_deref().unwrap_or_default());
            self.files.insert(file.clone(), (stamp.clone(), name));
        }
        let gone: Vec<PathBuf> = self
            .files
            .keys()
            .filter(|file| !found.contains_key(*file))
            .cloned()
            .collect();
        for file in gone {
            if let Some((_, Some(name))) = self.files.remove(&file) {
                self.remove(&name, "its file was removed");
            }
        }
    }

    /// Loads a dropped file, if it is not the one that was looked at last; gives the plugin's name.
    fn take_file(&mut self, file: &PathBuf) -> anyhow::Result<Option<String>> {
        let size = fs::metadata(file)?.len();
        ensure!(
            size <= MOST_BYTES as u64,
            "it has {size} bytes, the limit is {MOST_BYTES}"
        );
        let bytes = fs::read(file)?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let manifest = Manifest::read(&stem, &bytes)?;
        let hash = ContentHash::of(&bytes).to_string();
        let versions = self.depot.versions(&manifest.name);
        if versions.dropped.as_ref() == Some(&hash) && versions.current.is_some() {
            // Known; what serves may be something newer that came by another way.
            return Ok(Some(manifest.name));
        }
        let beside = fs::read_to_string(file.with_extension("wasm.sig")).ok();
        let signature = beside.map(|text| text.parse()).transpose()?;
        self.install(
            &bytes,
            signature.as_ref(),
            Some(hash),
            "a file in the directory",
        )?;
        Ok(Some(manifest.name))
    }

    /// At the start: what served when the edge stopped, unless a file said otherwise.
    fn restore(&mut self, after: &mut dyn FnMut(&str)) {
        for name in self.depot.names() {
            let versions = self.depot.versions(&name);
            let (Some(current), false) = (versions.current, self.serves(&name)) else {
                continue;
            };
            let loaded = self
                .depot
                .read(&current)
                .and_then(|(bytes, signature)| self.prepare(&bytes, signature.as_ref()));
            let served = loaded.and_then(|(installed, what)| {
                self.change(&installed.name, what).map(|_| installed)
            });
            match served {
                Ok(installed) => {
                    tracing::info!("plugin {name} {} is loaded", installed.version);
                    after(&name);
                }
                Err(error) => {
                    tracing::error!("plugin `{name}` is refused: {error:#}");
                    self.audit(
                        "plugin-refused",
                        Severity::Warning,
                        &name,
                        &format!("{error:#}"),
                    );
                }
            }
        }
    }

    fn serves(&self, name: &str) -> bool {
        self.status
            .borrow()
            .iter()
            .any(|status| status.name == name)
    }

    fn install(
        &mut self,
        bytes: &[u8],
        signature: Option<&Signature>,
        dropped: Option<String>,
        by: &str,
    ) -> anyhow::Result<Waiting> {
        ensure!(
            bytes.len() <= MOST_BYTES,
            "it has {} bytes, the limit is {MOST_BYTES}",
            bytes.len()
        );
        let (installed, what) = self.prepare(bytes, signature)?;
        self.depot.keep(bytes, signature)?;
        let old = self.depot.versions(&installed.name);
        let before = if old.current.as_ref() == Some(&installed.hash) {
            old.before
        } else {
            old.current
        };
        let versions = Versions {
            current: Some(installed.hash.clone()),
            before,
            dropped: dropped.or(old.dropped),
        };
        self.depot.set(&installed.name, versions)?;
        self.audit(
            "plugin-installed",
            Severity::Info,
            &installed.name,
            &format!(
                "version {} ({}), {}, by {by}",
                installed.version, installed.hash, installed.provenance
            ),
        );
        let done = self.change(&installed.name, what)?;
        Ok(Waiting { installed, done })
    }

    fn roll_back(&mut self, name: &str, by: &str) -> anyhow::Result<Waiting> {
        let versions = self.depot.versions(name);
        let before = versions
            .before
            .with_context(|| format!("plugin `{name}` has no version before"))?;
        let (bytes, signature) = self.depot.read(&before)?;
        let (installed, what) = self.prepare(&bytes, signature.as_ref())?;
        let swapped = Versions {
            current: Some(before),
            before: versions.current,
            dropped: versions.dropped,
        };
        self.depot.set(name, swapped)?;
        self.audit(
            "plugin-rolled-back",
            Severity::Warning,
            name,
            &format!("version {} serves again, by {by}", installed.version),
        );
        let done = self.change(name, what)?;
        Ok(Waiting { installed, done })
    }

    fn remove(&mut self, name: &str, why: &str) {
        let dropped = self.depot.versions(name);
        let versions = Versions {
            current: None,
            before: dropped.current.or(dropped.before),
            dropped: None,
        };
        let noted = self.depot.set(name, versions);
        let removed = noted.and_then(|()| self.change(name, What::Remove).map(|_| ()));
        match removed {
            Ok(()) => self.audit("plugin-removed", Severity::Warning, name, why),
            Err(error) => tracing::error!("failed to remove plugin `{name}`: {error:#}"),
        }
    }

    fn note_going_back(&mut self, went_back: &WentBack) {
        let old = self.depot.versions(&went_back.name);
        let versions = Versions {
            current: Some(went_back.to.clone()),
            before: None,
            dropped: old.dropped,
        };
        if let Err(error) = self.depot.set(&went_back.name, versions) {
            tracing::error!(
                "failed to note that `{}` was put back: {error:#}",
                went_back.name
            );
        }
    }

    /// Judges, compiles and tries a component.
    fn prepare(
        &mut self,
        bytes: &[u8],
        signature: Option<&Signature>,
    ) -> anyhow::Result<(Installed, What)> {
        let manifest = Manifest::read("plugin", bytes)?;
        let name = manifest.name.as_str();
        let provenance = self.config.trust().judge(name, bytes, signature)?;
        let binding = self.config.binding_of(name);
        let mut setup = Setup::new(name);
        setup.limits = binding.limits();
        setup.settings = self.config.settings_of(name);
        setup.grants.extend(binding.grants);
        // Whoever put it on the list of built-ins vouches for what it needs.
        if provenance == Provenance::Listed {
            setup.grants.extend(&manifest.needs);
        }
        let provenance = provenance.to_string();
        setup.state = self.state_of(name);
        let ready = match manifest.world {
            WorldKind::Masker => {
                Ready::Masker(Box::new(Masker::load(&self.engine, bytes, &setup)?))
            }
            WorldKind::Detector => {
                Ready::Detector(Box::new(Detector::load(&self.engine, bytes, &setup)?))
            }
            WorldKind::Controller => {
                Ready::Controller(Box::new(Controller::load(&self.engine, bytes, &setup)?))
            }
        };
        let hash = ContentHash::of(bytes).to_string();
        let installed = Installed {
            name: manifest.name,
            version: manifest.version,
            hash: hash.clone(),
            provenance: provenance.clone(),
        };
        let what = What::Serve {
            ready,
            hash,
            policy: binding.failure,
            provenance,
        };
        Ok((installed, what))
    }

    fn state_of(&mut self, name: &str) -> PluginState {
        let depot = &self.depot;
        let (state, _) = self.states.entry(name.to_owned()).or_insert_with(|| {
            let state = depot.state(name);
            let revision = state.revision();
            (state, revision)
        });
        state.clone()
    }

    fn keep_states(&mut self) {
        for (name, (state, written)) in &mut self.states {
            let revision = state.revision();
            if revision == *written {
                continue;
            }
            match self.depot.keep_state(name, state) {
                Ok(()) => *written = revision,
                Err(error) => tracing::warn!("{error:#}"),
            }
        }
    }

    fn known(&self, name: &str) -> anyhow::Result<Installed> {
        let status = self.status.borrow();
        let Some(found) = status.iter().find(|status| status.name == name) else {
            bail!("there is no plugin `{name}`, hint: GET /api/plugins lists them");
        };
        Ok(Installed {
            name: found.name.clone(),
            version: found.version.clone(),
            hash: found.hash.clone(),
            provenance: found.provenance.clone(),
        })
    }

    fn change(&self, name: &str, what: What) -> anyhow::Result<oneshot::Receiver<()>> {
        let (done, made) = oneshot::channel();
        let change = Change {
            name: name.to_owned(),
            what,
            done: Some(done),
        };
        let full = "too many changes are waiting for the pipeline, hint: try again in a minute";
        self.changes.try_send(change).ok().context(full)?;
        Ok(made)
    }

    fn audit(&self, kind: &str, severity: Severity, name: &str, text: &str) {
        let Some(clock) = &self.clock else {
            tracing::info!(target: "audit", plugin = name, kind, "{text}");
            return;
        };
        let finding = audit::note(kind, severity, name, text, clock.now());
        let change = Change {
            name: name.to_owned(),
            what: What::Note(finding),
            done: None,
        };
        if self.changes.try_send(change).is_err() {
            tracing::error!("the pipeline takes no changes; the note is only in this log");
        }
    }
}

/// The components in a directory, each with what tells a change: size, time and node. One that is not there holds none.
fn files(dir: &std::path::Path) -> io::Result<BTreeMap<PathBuf, String>> {
    use std::os::unix::fs::MetadataExt as _;
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let found = fs::metadata(&path)?;
            let stamp = format!(
                "{} {}.{} {}",
                found.len(),
                found.mtime(),
                found.mtime_nsec(),
                found.ino()
            );
            files.insert(path, stamp);
        }
    }
    Ok(files)
}
