//! What an export of spans comes to: server spans become transactions, database calls statements, exceptions
//! reports, and every span a record for the trace store.
//!
//! Reads the present conventions and the ones before them (OpenTelemetry semantic conventions 1.23 and 1.20).
//! Stateless: what needs more than one export is in `memory`.

use std::collections::HashMap;

use bongsu_sdk_model::{AppId, InstanceId, Timestamp, Transaction, UrlTemplate};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};

use super::{
    attributes::{self, Attributes},
    exceptions,
    joins::Node,
    memory::{Draft, Memory},
    reply::Rejected,
    statement,
};
use crate::{
    Deployment, ExceptionReport, SpanRecord, SpanRole, StatementCalls,
    field::{LONGEST_AGENT, LONGEST_METHOD, LONGEST_TARGET, clip},
    login::LoginRule,
    url_template,
};

/// How the site reads spans.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) login: LoginRule,
    pub(super) cookie_attribute: String,
    /// Whether spans are kept for the trace store.
    pub(super) records: bool,
}

/// Kinds of statement of one export; what is beyond is one more, `{other}`.
const STATEMENTS: usize = 1_000;
/// Longest span name and detail that are kept, in bytes.
const LONGEST_NAME: usize = 256;

/// What an export came to, before anything that other exports said.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) transactions: Vec<Draft>,
    pub(super) nodes: Vec<Node>,
    pub(super) statements: Vec<StatementCalls>,
    pub(super) exceptions: Vec<ExceptionReport>,
    pub(super) records: Vec<SpanRecord>,
    pub(super) versions: Vec<Deployment>,
    pub(super) received: usize,
    pub(super) negative: usize,
    pub(super) without_time: usize,
    pub(super) without_id: usize,
    pub(super) in_future: usize,
    pub(super) too_old: usize,
    pub(super) exceptions_dropped: usize,
}

impl Taken {
    /// What the sender is told of rejected spans.
    pub(super) fn rejected(&self) -> Option<Rejected> {
        let Self {
            negative,
            without_time,
            in_future,
            too_old,
            ..
        } = self;
        let count = negative + without_time + in_future + too_old;
        (count > 0).then(|| Rejected {
            count,
            why: format!(
                "server spans rejected: {negative} end before they start, {without_time} have no start \
                 or end, {in_future} end in the future, {too_old} before the year 2000; hint: check the \
                 sender's clock"
            ),
        })
    }
}

/// One sender of an export.
struct Sender<'a> {
    app: &'a AppId,
    instance: &'a InstanceId,
    hash: u64,
}

/// Where the calls of a statement are in [`Taken::statements`].
type Statements = HashMap<(u64, String), usize>;

impl Rules {
    /// What an export comes to; server spans that do not end within `bounds` are rejected.
    pub(super) fn take(
        &self,
        export: &ExportTraceServiceRequest,
        memory: &Memory,
        (earliest, latest): (Timestamp, Timestamp),
    ) -> Taken {
        let mut taken = Taken::default();
        let mut statements = Statements::new();
        for resource in &export.resource_spans {
            let Some(sender) = attributes::sender(resource.resource.as_ref()) else {
                continue;
            };
            let hash = memory.hash(&sender);
            let sender = Sender {
                app: &sender.0,
                instance: &sender.1,
                hash,
            };
            let mut last = Timestamp::from_ms(0);
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                taken.received += 1;
                let ended = instant(span.end_time_unix_nano);
                if ended <= latest {
                    last = last.max(ended);
                }
                let role = role(span);
                let transaction = match role {
                    SpanRole::Server => self.server(span, &sender, earliest, latest, &mut taken),
                    _ => None,
                };
                if role == SpanRole::Sql && ended <= latest {
                    call(span, &sender, &mut taken.statements, &mut statements);
                }
                self.remember(span, &sender, role, transaction, &mut taken);
            }
            let version = attributes::deployment(resource.resource.as_ref(), last);
            taken.versions.extend(version);
        }
        taken
    }

    /// A server span's place among the transactions, unless it is rejected.
    fn server(
        &self,
        span: &Span,
        sender: &Sender<'_>,
        earliest: Timestamp,
        latest: Timestamp,
        taken: &mut Taken,
    ) -> Option<usize> {
        let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
        let rejected = if start == 0 || end == 0 {
            &mut taken.without_time
        } else if end < start {
            &mut taken.negative
        } else if instant(end) > latest {
            &mut taken.in_future
        } else if instant(end) < earliest {
            &mut taken.too_old
        } else {
            let mut transaction = self.transaction(span, sender)?;
            let has_exception = span.events.iter().any(exceptions::is_one);
            transaction.failed |= has_exception && !transaction.is_client_error();
            let id = id(&span.trace_id).zip(id(&span.span_id));
            taken.transactions.push(Draft {
                transaction: Box::new(transaction),
                id,
            });
            return Some(taken.transactions.len() - 1);
        };
        *rejected += 1;
        None
    }

    /// Notes the span for its server span and for the trace store, and what exceptions it recorded.
    fn remember(
        &self,
        span: &Span,
        sender: &Sender<'_>,
        role: SpanRole,
        transaction: Option<usize>,
        taken: &mut Taken,
    ) {
        let (Some(trace_id), Some(span_id)) = (id(&span.trace_id), id(&span.span_id)) else {
            taken.without_id += 1;
            return;
        };
        let parent_id = id(&span.parent_span_id);
        let nanos = span
            .end_time_unix_nano
            .saturating_sub(span.start_time_unix_nano);
        let duration_us = nanos / 1_000;
        taken.nodes.push(Node {
            key: (sender.hash, trace_id),
            span: span_id,
            parent: parent_id,
            role,
            started_us: span.start_time_unix_nano / 1_000,
            duration_us,
            transaction,
            settled: false,
        });
        for event in span.events.iter().filter(|event| exceptions::is_one(event)) {
            if taken.exceptions.len() >= exceptions::MOST_OF_ONE_EXPORT {
                taken.exceptions_dropped += 1;
                continue;
            }
            let at = instant(event.time_unix_nano);
            let trace = Some(trace_id);
            let attributes = Attributes(&event.attributes);
            taken.exceptions.push(exceptions::report(
                attributes,
                sender.app,
                sender.instance,
                trace,
                at,
            ));
        }
        if self.records {
            taken.records.push(SpanRecord {
                trace_id,
                span_id,
                parent_id,
                app: sender.app.clone(),
                instance: sender.instance.clone(),
                role,
                name: clip(&span.name, LONGEST_NAME).to_owned(),
                detail: detail(span, role),
                started: instant(span.start_time_unix_nano),
                duration_us,
                failed: has_failed(span),
            });
        }
    }

    fn transaction(&self, span: &Span, sender: &Sender<'_>) -> Option<Transaction> {
        let attributes = Attributes(&span.attributes);
        let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
        let method = attributes
            .text(&["http.request.method", "http.method"])
            .unwrap_or_default();
        let method = clip(method, LONGEST_METHOD).to_ascii_uppercase();
        let status = attributes.integer(&["http.response.status_code", "http.status_code"]);
        let status = status
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(0);
        let target = target(attributes);
        let url = template(span, attributes, target.as_deref())?;
        let target = target.unwrap_or_default();
        Some(Transaction {
            started: instant(start),
            ended: instant(end),
            duration_us: (end - start) / 1_000,
            app: sender.app.clone(),
            instance: sender.instance.clone(),
            login: self
                .login
                .outcome(&method, url_template::path(&target), url.as_str(), status),
            url,
            target,
            method,
            status,
            failed: has_failed(span),
            response_bytes: attributes
                .integer(&["http.response.body.size", "http.response_content_length"])
                .unwrap_or(0),
            sql_us: 0,
            external_us: 0,
            client: attributes.address(&[
                "client.address",
                "http.client_ip",
                "network.peer.address",
                "net.sock.peer.addr",
                "net.peer.ip",
            ]),
            session: attributes.id(&["session.id"]),
            cookie: attributes.id(&[&self.cookie_attribute]),
            user: attributes.id(&["user.id", "enduser.id"]),
            user_agent: attributes
                .text(&["user_agent.original", "http.user_agent"])
                .map(|agent| clip(agent, LONGEST_AGENT).to_owned()),
            trace_id: id(&span.trace_id),
        })
    }
}

/// Adds a database call to the others of its statement.
fn call(
    span: &Span,
    sender: &Sender<'_>,
    calls: &mut Vec<StatementCalls>,
    places: &mut Statements,
) {
    let (system, namespace, mut statement) =
        statement::of(Attributes(&span.attributes), &span.name);
    if places.len() >= STATEMENTS && !places.contains_key(&(sender.hash, statement.clone())) {
        statement = UrlTemplate::OTHER.to_owned();
    }
    let place = *places
        .entry((sender.hash, statement.clone()))
        .or_insert_with(|| {
            calls.push(StatementCalls {
                app: sender.app.clone(),
                instance: sender.instance.clone(),
                system,
                namespace,
                statement,
                calls: 0,
                errors: 0,
                total_us: 0,
                max_us: 0,
                at: Timestamp::from_ms(0),
            });
            calls.len() - 1
        });
    if let Some(calls) = calls.get_mut(place) {
        let nanos = span
            .end_time_unix_nano
            .saturating_sub(span.start_time_unix_nano);
        calls.calls += 1;
        calls.errors += u64::from(has_failed(span));
        calls.total_us = calls.total_us.saturating_add(nanos / 1_000);
        calls.max_us = calls.max_us.max(nanos / 1_000);
        calls.at = calls.at.max(instant(span.end_time_unix_nano));
    }
}

/// What a span is. A database is told by its attribute, whatever the kind of the span; a call to another
/// service by its kind and one of the attributes of HTTP, RPC or messaging.
fn role(span: &Span) -> SpanRole {
    let attributes = Attributes(&span.attributes);
    let calls = [
        "http.request.method",
        "http.method",
        "url.full",
        "http.url",
        "rpc.system",
        "rpc.system.name",
        "messaging.system",
    ];
    match span.kind() {
        SpanKind::Server => SpanRole::Server,
        SpanKind::Consumer => SpanRole::Consumer,
        SpanKind::Producer => SpanRole::External,
        _ if attributes.has(&["db.system.name", "db.system"]) => SpanRole::Sql,
        SpanKind::Client if attributes.has(&calls) => SpanRole::External,
        _ => SpanRole::Internal,
    }
}

/// What a call called.
fn detail(span: &Span, role: SpanRole) -> String {
    let attributes = Attributes(&span.attributes);
    match role {
        SpanRole::Sql => statement::of(attributes, &span.name).2,
        SpanRole::External => {
            let names = [
                "server.address",
                "messaging.destination.name",
                "rpc.service",
                "net.peer.name",
                "http.host",
            ];
            let called = attributes.text(&names).unwrap_or_default();
            clip(called, LONGEST_NAME).to_owned()
        }
        _ => String::new(),
    }
}

fn has_failed(span: &Span) -> bool {
    span.status
        .as_ref()
        .is_some_and(|status| status.code() == StatusCode::Error)
}

/// An id of the conventions' length that is not all zero.
fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    <[u8; N]>::try_from(bytes).ok().filter(|id| *id != [0; N])
}

/// The request target with its query; none for a span that is not of HTTP.
fn target(attributes: Attributes<'_>) -> Option<String> {
    let target = match attributes.text(&["url.path"]) {
        Some(path) => match attributes.text(&["url.query"]) {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        },
        None => match attributes.text(&["http.target"]) {
            Some(target) => target.to_owned(),
            None => origin_form(attributes.text(&["url.full", "http.url"])?).to_owned(),
        },
    };
    Some(clip(&target, LONGEST_TARGET).to_owned())
}

/// A URL without its scheme and host.
fn origin_form(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(host..).unwrap_or(url);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}

/// The route if the framework named it, else a template of the path; the span's name if it is not of HTTP.
fn template(span: &Span, attributes: Attributes<'_>, target: Option<&str>) -> Option<UrlTemplate> {
    match (attributes.text(&["http.route"]), target) {
        (Some(route), _) => url_template::of_route(route),
        (None, Some(target)) => url_template::of_target(target),
        (None, None) => url_template::of_route(&span.name),
    }
}

fn instant(unix_nanos: u64) -> Timestamp {
    Timestamp::from_ms(i64::try_from(unix_nanos / 1_000_000).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::LoginOutcome;
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, KeyValue, any_value::Value},
        resource::v1::Resource,
        trace::v1::{ResourceSpans, ScopeSpans, Status, span::Event},
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
        let value = |text: &str| match text.parse() {
            Ok(number) => Value::IntValue(number),
            Err(_) => Value::StringValue(text.to_owned()),
        };
        pairs
            .iter()
            .map(|(key, text)| KeyValue {
                key: (*key).to_owned(),
                value: Some(AnyValue {
                    value: Some(value(text)),
                }),
                ..Default::default()
            })
            .collect()
    }

    fn server(pairs: &[(&str, &str)]) -> Span {
        Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            kind: SpanKind::Server as i32,
            start_time_unix_nano: 1_799_999_999_000_250_000,
            end_time_unix_nano: 1_799_999_999_012_750_999,
            attributes: attributes(pairs),
            ..Default::default()
        }
    }

    fn take(spans: Vec<Span>) -> Taken {
        let rules = Rules {
            login: LoginRule {
                urls: vec!["/login".to_owned()],
                methods: vec!["POST".to_owned()],
                failed: vec![401],
            },
            cookie_attribute: "bongsu.cookie".to_owned(),
            records: true,
        };
        let resource = Resource {
            attributes: attributes(&[("service.name", "shop"), ("service.instance.id", "shop-1")]),
            ..Default::default()
        };
        let scope_spans = vec![ScopeSpans {
            spans,
            ..Default::default()
        }];
        let resource = ResourceSpans {
            resource: Some(resource),
            scope_spans,
            ..Default::default()
        };
        rules.take(
            &ExportTraceServiceRequest {
                resource_spans: vec![resource],
            },
            &Memory::new(std::time::Duration::ZERO),
            (Timestamp::from_ms(1), NOW),
        )
    }

    fn transaction(span: Span) -> Transaction {
        *take(vec![span]).transactions.remove(0).transaction
    }

    #[test]
    fn calls_of_a_statement_add_up() {
        let call = |id: &str, failed| Span {
            kind: SpanKind::Client as i32,
            status: Some(Status {
                code: if failed { 2 } else { 0 },
                ..Default::default()
            }),
            ..server(&[
                ("db.system", "postgresql"),
                (
                    "db.statement",
                    &format!("SELECT * FROM orders WHERE id = {id}"),
                ),
            ])
        };
        let redis = Span {
            name: "SET".to_owned(),
            ..server(&[
                ("db.system.name", "redis"),
                ("db.query.text", "SET user:7 secret"),
            ])
        };
        let redis = Span {
            kind: SpanKind::Client as i32,
            ..redis
        };
        let taken = take(vec![call("7", false), call("8", true), redis]);
        let found: Vec<_> = taken
            .statements
            .iter()
            .map(|s| {
                (
                    s.system.as_str(),
                    s.statement.as_str(),
                    s.calls,
                    s.errors,
                    s.total_us,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (
                    "postgresql",
                    "SELECT * FROM orders WHERE id = ?",
                    2,
                    1,
                    25_000
                ),
                ("redis", "SET", 1, 0, 12_500),
            ]
        );
        assert_eq!(taken.records[0].detail, "SELECT * FROM orders WHERE id = ?");
    }

    #[test]
    fn an_exception_is_reported_with_its_trace() {
        let mut span = server(&[]);
        span.events = vec![Event {
            name: "exception".to_owned(),
            time_unix_nano: 1_799_999_999_001_000_000,
            attributes: attributes(&[
                ("exception.type", "java.io.IOException"),
                ("exception.message", "no"),
            ]),
            ..Default::default()
        }];
        let report = take(vec![span]).exceptions.remove(0);
        assert_eq!(
            (report.kind.as_str(), report.message.as_str()),
            ("java.io.IOException", "no")
        );
        assert_eq!(
            (report.trace_id, report.at.as_ms()),
            (Some([1; 16]), 1_799_999_999_001)
        );
    }

    #[test]
    fn the_present_conventions_become_a_transaction() {
        let made = transaction(server(&[
            ("http.request.method", "post"),
            ("http.response.status_code", "401"),
            ("url.path", "/login"),
            ("url.query", "next=%2Fcart"),
            ("client.address", "203.0.113.9"),
            ("user_agent.original", "curl/8"),
            ("http.response.body.size", "512"),
            ("session.id", "s-1"),
            ("user.id", "u-1"),
            ("bongsu.cookie", "c-1"),
        ]));
        assert_eq!(
            (made.app.as_str(), made.instance.as_str()),
            ("shop", "shop-1")
        );
        assert_eq!(
            (made.started.as_ms(), made.ended.as_ms()),
            (1_799_999_999_000, 1_799_999_999_012)
        );
        assert_eq!(made.duration_us, 12_500);
        assert_eq!(
            (made.method.as_str(), made.status, made.failed),
            ("POST", 401, false)
        );
        assert_eq!(
            (made.url.as_str(), made.target.as_str()),
            ("/login", "/login?next=%2Fcart")
        );
        assert_eq!(
            (made.response_bytes, made.login),
            (512, Some(LoginOutcome::Failed))
        );
        assert_eq!(made.client, Some("203.0.113.9".parse().unwrap()));
        assert_eq!(made.session.as_deref(), Some("s-1"));
        assert_eq!(made.user.as_deref(), Some("u-1"));
        assert_eq!(made.cookie.as_deref(), Some("c-1"));
        assert_eq!(made.user_agent.as_deref(), Some("curl/8"));
        assert_eq!(made.trace_id, Some([1; 16]));
    }

    #[test]
    fn the_conventions_before_them_do_too() {
        let mut span = server(&[
            ("http.method", "GET"),
            ("http.status_code", "200"),
            ("http.target", "/orders/17?x=1"),
            ("http.route", "/orders/<id>"),
            ("net.sock.peer.addr", "10.0.0.7"),
            ("http.user_agent", "Mozilla/5.0"),
            ("enduser.id", "u-2"),
        ]);
        span.status = Some(Status {
            code: StatusCode::Error as i32,
            ..Default::default()
        });
        let made = transaction(span);
        assert_eq!(
            (made.method.as_str(), made.status, made.failed),
            ("GET", 200, true)
        );
        assert_eq!(
            (made.url.as_str(), made.target.as_str()),
            ("/orders/<id>", "/orders/17?x=1")
        );
        assert_eq!(made.client, Some("10.0.0.7".parse().unwrap()));
        assert_eq!(made.user.as_deref(), Some("u-2"));
        let made = transaction(server(&[(
            "http.url",
            "https://shop.example/orders/17?x=1",
        )]));
        assert_eq!(
            (made.url.as_str(), made.target.as_str()),
            ("/orders/{}", "/orders/17?x=1")
        );
    }

    #[test]
    fn an_exception_fails_its_transaction_unless_the_client_is_at_fault() {
        let failed = |status| {
            let mut span = server(&[("http.status_code", status)]);
            span.events = ["retry", "exception"]
                .map(|name| Event {
                    name: name.to_owned(),
                    ..Default::default()
                })
                .to_vec();
            transaction(span).failed
        };
        assert_eq!((failed("200"), failed("404")), (true, false));
    }

    #[test]
    fn a_server_span_that_is_not_of_http_has_its_own_name() {
        let mut span = server(&[("rpc.system", "grpc")]);
        span.name = "shop.Cart/Add".to_owned();
        let made = transaction(span);
        assert_eq!(
            (made.url.as_str(), made.target.as_str(), made.status),
            ("shop.Cart/Add", "", 0)
        );
    }

    #[test]
    fn rejected_spans_leave_their_neighbours() {
        let negative = Span {
            start_time_unix_nano: u64::MAX,
            ..server(&[])
        };
        let endless = Span {
            end_time_unix_nano: 0,
            ..server(&[])
        };
        let future = Span {
            end_time_unix_nano: u64::MAX,
            ..server(&[])
        };
        let old = Span {
            start_time_unix_nano: 1,
            end_time_unix_nano: 2,
            ..server(&[])
        };
        let client = Span {
            kind: SpanKind::Client as i32,
            ..server(&[])
        };
        let unknown = Span {
            kind: 77,
            ..server(&[])
        };
        let taken = take(vec![
            negative,
            endless,
            future,
            old,
            client,
            unknown,
            server(&[]),
        ]);
        assert_eq!((taken.received, taken.transactions.len()), (7, 1));
        assert_eq!(
            (
                taken.negative,
                taken.without_time,
                taken.in_future,
                taken.too_old
            ),
            (1, 1, 1, 1)
        );
    }
}
