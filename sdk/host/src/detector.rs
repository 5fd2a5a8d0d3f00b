//! The `detector` world: hands a plugin the transactions that ended, and checks what it says it found.

use bongsu_sdk_model::{
    AppId, Finding, InstanceId, LoginOutcome, Severity, Timestamp, UrlTemplate, Window,
};
use wasmtime::{Store, component::InstancePre};

use crate::{
    Counters, Engine, Limits, Manifest, PluginError,
    bindings::{
        detector::{
            Detector as Bindings, DetectorPre,
            exports::bongsu::plugin::detection::{self, Login},
        },
        masker::bongsu::plugin::types,
    },
    contract::{is_word, shorten},
    instance::InstanceState,
    sandbox::{Sandbox, World},
};

/// A finished request as a detector may see it: identities are tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedTransaction {
    /// When it ended.
    pub ended: Timestamp,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Which application served it.
    pub app: AppId,
    /// Which copy of it.
    pub instance: InstanceId,
    /// URL without variable parts.
    pub url: UrlTemplate,
    /// HTTP method, upper case.
    pub method: String,
    /// HTTP status; 0 when unknown.
    pub status: u16,
    /// Span status ERROR, whatever the HTTP status.
    pub failed: bool,
    /// Token of the client's address.
    pub client: Option<String>,
    /// Token of the session.
    pub session: Option<String>,
    /// Token of the user.
    pub user: Option<String>,
    /// Set when this was an attempt to log in.
    pub login: Option<LoginOutcome>,
}

/// A loaded detector.
pub struct Detector {
    sandbox: Sandbox<Bindings>,
    signature: String,
}

impl Detector {
    /// Compiles and starts a plugin; `name` is what errors and logs call it.
    ///
    /// # Errors
    /// [`PluginError`]: anything that stands between these bytes and a detector that accepted its settings.
    pub fn load(
        engine: &Engine,
        name: &str,
        bytes: &[u8],
        limits: &Limits,
        settings: &[(String, String)],
    ) -> Result<Self, PluginError> {
        let sandbox: Sandbox<Bindings> = Sandbox::load(engine, name, bytes, limits, settings)?;
        let signature = format!("{}@{}", sandbox.manifest().name, sandbox.manifest().version);
        Ok(Self { sandbox, signature })
    }

    /// Judges the transactions that ended since the last call, perhaps none; `now` is the instant of the batch.
    /// Blocks for up to the deadline, twice if a lost instance has to be replaced first.
    ///
    /// # Errors
    /// [`PluginError`] if the plugin failed; none of its findings are used then.
    pub fn check(
        &mut self,
        transactions: &[MaskedTransaction],
        now: Timestamp,
    ) -> Result<Vec<Finding>, PluginError> {
        let given: Vec<detection::Transaction<'_>> = transactions.iter().map(lower).collect();
        let (signature, limit) = (&self.signature, self.sandbox.limits().findings);
        self.sandbox.call(
            |world, store| {
                world
                    .bongsu_plugin_detection()
                    .call_check(store, &given, now.as_ms())
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

    /// What the plugin says it is.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        self.sandbox.manifest()
    }

    /// What it has cost and how it has failed so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.sandbox.counters()
    }
}

fn lower(t: &MaskedTransaction) -> detection::Transaction<'_> {
    detection::Transaction {
        ended_ms: t.ended.as_ms(),
        duration_us: t.duration_us,
        app: t.app.as_str(),
        instance: t.instance.as_str(),
        url: t.url.as_str(),
        method: &t.method,
        status: t.status,
        failed: t.failed,
        client: t.client.as_deref(),
        session: t.session.as_deref(),
        user: t.user.as_deref(),
        login: t.login.map(|outcome| match outcome {
            LoginOutcome::Succeeded => Login::Succeeded,
            LoginOutcome::Failed => Login::Failed,
        }),
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
    const NAME: &'static str = "detector";
    type Pre = DetectorPre<InstanceState>;

    fn prepare(pre: InstancePre<InstanceState>) -> wasmtime::Result<Self::Pre> {
        DetectorPre::new(pre)
    }

    fn instantiate(pre: &Self::Pre, store: &mut Store<InstanceState>) -> wasmtime::Result<Self> {
        pre.instantiate(store)
    }

    fn describe(&self, store: &mut Store<InstanceState>) -> wasmtime::Result<types::Manifest> {
        self.call_describe(store)
    }

    fn init(
        &self,
        store: &mut Store<InstanceState>,
        settings: &[(&str, &str)],
    ) -> wasmtime::Result<Result<(), String>> {
        self.call_init(store, settings)
    }
}
