//! The `detector` world: hands a plugin the transactions that ended, and checks what it says it found.

use bongsu_sdk_model::{AppId, Finding, Severity, Timestamp, Window};
use wasmtime::{Store, component::InstancePre};

use crate::{
    Batch, Engine, EventKind, Loaded, Need, PluginError, SettingValue, Setup, WorldKind,
    bindings::detector::{Detector as Bindings, DetectorPre, exports::bongsu::plugin::detection},
    contract::{is_word, shorten},
    instance::InstanceState,
    sandbox::{Sandbox, World},
};

/// A loaded detector.
pub struct Detector {
    sandbox: Sandbox<Bindings>,
    signature: String,
    targets: bool,
}

impl Detector {
    /// Compiles a plugin and tries whether it starts.
    ///
    /// # Errors
    /// [`PluginError`]: anything that stands between these bytes and a detector that accepted its settings.
    pub fn load(engine: &Engine, bytes: &[u8], setup: &Setup) -> Result<Self, PluginError> {
        let sandbox: Sandbox<Bindings> = Sandbox::load(engine, bytes, setup)?;
        Ok(Self {
            signature: sandbox.manifest().signature(),
            targets: sandbox.manifest().needs.contains(&Need::Targets),
            sandbox,
        })
    }

    /// Whether it wants batches of this kind.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.sandbox.manifest().events.contains(&kind)
    }

    /// Judges a batch. Blocks for up to the deadline, twice if a lost instance has to be replaced first.
    ///
    /// # Errors
    /// [`PluginError`] if the plugin failed; none of its findings are used then.
    pub fn check(&mut self, batch: &Batch) -> Result<Vec<Finding>, PluginError> {
        let (signature, limit) = (&self.signature, self.sandbox.limits().findings);
        let targets = self.targets;
        self.sandbox.call(
            batch.now(),
            |world, store| {
                batch.lower(targets, |given| {
                    world.bongsu_plugin_detection().call_check(store, given)
                })
            },
            |findings| {
                if findings.len() > limit {
                    return Err(format!(
                        "{} findings in one batch, the limit is {limit}",
                        findings.len()
                    ));
                }
                findings
                    .into_iter()
                    .map(|finding| lift(signature, finding))
                    .collect()
            },
        )
    }

    /// What every loaded plugin can be asked.
    #[must_use]
    pub fn loaded(&self) -> Loaded<'_> {
        self.sandbox.loaded()
    }
}

fn lift(detector: &str, said: detection::Finding) -> Result<Finding, String> {
    if !is_word(&said.kind, 64) {
        return Err(format!("a finding of kind `{}`", shorten(&said.kind)));
    }
    let kind = said.kind;
    one_line(&kind, "subject", &said.subject, 600)?;
    one_line(&kind, "summary", &said.summary, 512)?;
    if said.when.from_ms > said.when.to_ms {
        return Err(format!("`{kind}` ends before it begins"));
    }
    if said.evidence.len() > 16 {
        return Err(format!(
            "`{kind}` has {} figures, the limit is 16",
            said.evidence.len()
        ));
    }
    for figure in &said.evidence {
        one_line(&kind, "name of a figure", &figure.name, 64)?;
        if !figure.value.is_finite() {
            return Err(format!(
                "`{kind}` has a figure that is not finite: `{}`",
                figure.name
            ));
        }
    }
    let app = said
        .app
        .map(|app| AppId::new(&app))
        .transpose()
        .map_err(|e| format!("`{kind}`: {e}"))?;
    Ok(Finding {
        detector: detector.to_owned(),
        severity: match said.severity {
            detection::Severity::Info => Severity::Info,
            detection::Severity::Warning => Severity::Warning,
            detection::Severity::Critical => Severity::Critical,
        },
        app,
        window: Window::new(
            Timestamp::from_ms(said.when.from_ms),
            Timestamp::from_ms(said.when.to_ms),
        ),
        subject: said.subject,
        summary: said.summary,
        evidence: said
            .evidence
            .into_iter()
            .map(|figure| (figure.name, figure.value))
            .collect(),
        kind,
    })
}

fn one_line(kind: &str, what: &str, text: &str, bytes: usize) -> Result<(), String> {
    if text.is_empty() || text.len() > bytes || text.chars().any(char::is_control) {
        return Err(format!(
            "`{kind}` has a {what} that is empty, longer than {bytes} bytes or not one line"
        ));
    }
    Ok(())
}

impl World for Bindings {
    const KIND: WorldKind = WorldKind::Detector;
    type Pre = DetectorPre<InstanceState>;

    fn prepare(pre: InstancePre<InstanceState>) -> wasmtime::Result<Self::Pre> {
        DetectorPre::new(pre)
    }

    fn instantiate(pre: &Self::Pre, store: &mut Store<InstanceState>) -> wasmtime::Result<Self> {
        pre.instantiate(store)
    }

    fn init(
        &self,
        store: &mut Store<InstanceState>,
        settings: &[(String, SettingValue)],
    ) -> wasmtime::Result<Result<(), String>> {
        crate::settings::lower(settings, |given| self.call_init(store, given))
    }
}
