//! Starts the parts of the center in order, and stops them in the order in which data flows.

use std::{io::Write as _, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use bongsu_center_ask::Ask;
use bongsu_center_control::{Audit, Control, Record};
use bongsu_center_history::{History, Retention};
use bongsu_center_receive::Sites;
use bongsu_sdk_model::Clock;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
    time::{MissedTickBehavior, interval},
};

use crate::{actions::Actions, backend::CenterBackend, config::Config, inbox::HistoryInbox};

/// How often changed hours are derived, and how many at most in one go.
const DERIVE_EVERY: Duration = Duration::from_secs(2);
const HOURS_AT_ONCE: usize = 50;

/// How often what is past its detail is packed, and how many packs at most between two looks at the clock.
const COMPACT_EVERY: Duration = Duration::from_secs(60);
const PACKS_AT_ONCE: usize = 100;

/// Runs the center until it is told to stop.
#[tokio::main]
pub(crate) async fn run(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<()> {
    let directory = config.data_dir.join("history");
    let history = Arc::new(History::open(&directory).context("failed to open history")?);
    let inbox = HistoryInbox {
        history: Arc::clone(&history),
        clock: Arc::clone(&clock),
    };
    let sites = Sites::open(&config.data_dir.join("sites"), Arc::clone(&clock))
        .context("failed to open what is kept of the sites")?;
    let receive = bongsu_center_receive::bind(
        config.receive,
        Arc::clone(&clock),
        Arc::new(inbox),
        sites.clone(),
    )
    .await?;
    let ask = Ask::new(Arc::clone(&history), config.sites, config.zone);
    let backend = CenterBackend {
        ask,
        history: Arc::clone(&history),
        sites: sites.clone(),
    };
    let control = open_control(
        &config.data_dir,
        config.control,
        config.dashboard.open,
        &*clock,
    )?;
    let decided = Arc::<Notify>::default();
    let actions = Actions {
        control: Arc::clone(&control),
        sites,
        clock: Arc::clone(&clock),
    };
    let dashboard = bongsu_center_dashboard::bind(
        config.dashboard,
        Arc::new(backend),
        control,
        Arc::clone(&decided),
        Arc::clone(&clock),
    )
    .await?;
    tracing::info!(
        "center is up: edges at {}/udp, dashboard http://{}",
        receive.address(),
        dashboard.addr()
    );
    tokio::select! {
        () = derive_hours(&history, &*clock) => {}
        () = compact(&history, &*clock, config.retention) => {}
        () = actions.run(decided) => {}
        stopped = stop_signal() => stopped?,
    }
    tracing::info!("stopping");
    receive.shutdown().await;
    dashboard.shutdown().await;
    history.flush().context("failed to flush history")
}

/// Opens people, proposals and audit. A record that does not verify is told, and the center runs: who changed it
/// must not be able to stop the country's view with it.
fn open_control(
    folder: &Path,
    config: bongsu_center_control::Config,
    open: bool,
    clock: &dyn Clock,
) -> anyhow::Result<Arc<Control>> {
    let control =
        Control::open(&folder.join("control"), config).context("failed to open control")?;
    match Audit::verify(control.audit.path(), None) {
        Ok(verified) => tracing::info!(
            entries = verified.entries,
            head = verified.head,
            "the audit is whole"
        ),
        Err(flaw) => tracing::error!("the audit was changed: {flaw}"),
    }
    let event = |event: &str| Record {
        who: "-".to_owned(),
        event: event.to_owned(),
        status: "ok".to_owned(),
        ..Record::default()
    };
    control.audit.append(event("center.start"), clock.now())?;
    if open {
        tracing::warn!("nobody has to sign in: `[dashboard] open = true`");
    } else if let Some(password) = control.people.first(clock.now())? {
        control.audit.append(event("person.first"), clock.now())?;
        // Not through the log, which is kept and shipped: it is shown once, to whoever starts the center.
        let mut shown = std::io::stderr();
        writeln!(
            shown,
            "first start: sign in at /login as admin with the one-time password {password}"
        )?;
    }
    Ok(Arc::new(control))
}

/// Keeps derived hours up to date, a few at a time so that nothing else waits long.
async fn derive_hours(history: &Arc<History>, clock: &dyn Clock) {
    let mut tick = interval(DERIVE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        loop {
            let (history, now) = (Arc::clone(history), clock.now());
            let derived =
                tokio::task::spawn_blocking(move || history.derive_hours(now, HOURS_AT_ONCE));
            match derived.await {
                Ok(Ok(HOURS_AT_ONCE)) => {}
                Ok(Ok(_)) => break,
                Ok(Err(error)) => {
                    tracing::error!("failed to derive hours: {error}");
                    break;
                }
                Err(error) => {
                    tracing::error!("deriving hours ended badly: {error}");
                    break;
                }
            }
        }
    }
}

/// Packs and removes what has had its time. Work on disk, so on a thread for that.
async fn compact(history: &Arc<History>, clock: &dyn Clock, retention: Retention) {
    let mut tick = interval(COMPACT_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        loop {
            let (history, now) = (Arc::clone(history), clock.now());
            let compacting = tokio::task::spawn_blocking(move || {
                history.compact(now, &retention, PACKS_AT_ONCE)
            });
            match compacting.await {
                Ok(Ok(done)) if done.packed == PACKS_AT_ONCE => {}
                Ok(Ok(_)) => break,
                Ok(Err(error)) => {
                    tracing::error!("failed to compact history: {error}");
                    break;
                }
                Err(error) => {
                    tracing::error!("compacting history ended badly: {error}");
                    break;
                }
            }
        }
    }
}

async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for SIGTERM")?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("failed to listen for Ctrl-C"),
    }
}
