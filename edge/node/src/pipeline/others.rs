//! What is collected besides requests and levels: spans, statements, exceptions, deployments; masked like
//! everything else, and without a masker stripped of every text that could hold personal data.

use bongsu_edge_collect::{Deployment, ExceptionReport, SpanRecord, SpanRole, StatementCalls};
use bongsu_edge_history::{Deployed, ErrorGroup, Facts, Role, Span, SpanId, Statement};
use bongsu_sdk_host::FieldKind;
use bongsu_sdk_model::Timestamp;

use crate::{masking::Masking, plugins::slots::Slots};

/// Longest message that tells errors apart, and longest stack, characters.
const MESSAGE: usize = 300;
const STACK: usize = 8_000;

/// Masks texts of one kind.
type Mask<'m> = &'m mut dyn FnMut(FieldKind, &[&str]) -> Vec<String>;

/// What came together.
#[derive(Debug, Default)]
pub(super) struct Others {
    pub(super) spans: Vec<SpanRecord>,
    pub(super) statements: Vec<StatementCalls>,
    pub(super) exceptions: Vec<ExceptionReport>,
    pub(super) deployments: Vec<Deployment>,
}

impl Others {
    /// Masked, to be kept.
    pub(super) fn masked(
        self,
        masking: &mut Masking,
        slots: &mut Slots,
        now: Timestamp,
    ) -> (Facts, Vec<Span>) {
        let mut mask = |kind, texts: &[&str]| masking.texts(slots, kind, texts, now);
        let facts = Facts {
            statements: statements(self.statements, &mut mask),
            errors: errors(self.exceptions, &mut mask),
            deployments: self.deployments.into_iter().map(deployed).collect(),
        };
        (facts, spans(self.spans, &mut mask))
    }
}

fn statements(calls: Vec<StatementCalls>, mask: Mask<'_>) -> Vec<Statement> {
    let texts: Vec<&str> = calls.iter().map(|one| one.statement.as_str()).collect();
    let masked = mask(FieldKind::Sql, &texts);
    let calls = calls.iter().zip(masked);
    calls
        .map(|(one, statement)| Statement {
            app: one.app.clone(),
            system: one.system.clone(),
            namespace: one.namespace.clone(),
            statement,
            calls: one.calls,
            errors: one.errors,
            total_us: one.total_us,
            max_us: one.max_us,
            last: one.at,
        })
        .collect()
}

fn errors(reports: Vec<ExceptionReport>, mask: Mask<'_>) -> Vec<ErrorGroup> {
    let messages: Vec<&str> = reports.iter().map(|one| one.message.as_str()).collect();
    let messages = mask(FieldKind::Error, &messages);
    let stacks: Vec<&str> = reports.iter().map(|one| one.stack.as_str()).collect();
    let stacks = mask(FieldKind::Error, &stacks);
    let reports = reports.into_iter().zip(messages.into_iter().zip(stacks));
    reports
        .map(|(one, (message, stack))| ErrorGroup {
            app: one.app,
            kind: one.kind,
            message: message.chars().take(MESSAGE).collect(),
            stack: stack.chars().take(STACK).collect(),
            trace_id: one.trace_id,
            count: 1,
            first: one.at,
            last: one.at,
        })
        .collect()
}

fn deployed(one: Deployment) -> Deployed {
    Deployed {
        app: one.app,
        instance: one.instance,
        version: one.version,
        before: one.before,
        namespace: one.place.namespace,
        workload: one.place.workload,
        pod: one.place.pod,
        node: one.place.node,
        at: one.at,
    }
}

fn spans(records: Vec<SpanRecord>, mask: Mask<'_>) -> Vec<Span> {
    let names: Vec<&str> = records.iter().map(|one| one.name.as_str()).collect();
    let names = mask(FieldKind::Url, &names);
    let details: Vec<&str> = records.iter().map(|one| one.detail.as_str()).collect();
    let details = mask(FieldKind::Sql, &details);
    let records = records.into_iter().zip(names.into_iter().zip(details));
    records
        .map(|(one, (name, detail))| Span {
            trace_id: Some(one.trace_id),
            id: SpanId(one.span_id),
            parent: one.parent_id.map(SpanId),
            app: one.app,
            instance: one.instance,
            role: role(one.role),
            name,
            detail,
            started: one.started,
            duration_us: one.duration_us,
            failed: one.failed,
        })
        .collect()
}

const fn role(role: SpanRole) -> Role {
    match role {
        SpanRole::Server => Role::Server,
        SpanRole::Consumer => Role::Consumer,
        SpanRole::Sql => Role::Sql,
        SpanRole::External => Role::External,
        SpanRole::Internal => Role::Internal,
    }
}
