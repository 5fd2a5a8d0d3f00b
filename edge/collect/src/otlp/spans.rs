//! Server spans as transactions. Reads the present HTTP conventions and the ones before them
//! (OpenTelemetry semantic conventions 1.23 and 1.20); other kinds of span only lend their time.

use bongsu_sdk_model::{AppId, InstanceId, Timestamp, Transaction, UrlTemplate};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};

use super::{
    attributes::{self, Attributes},
    calls::Calls,
    exceptions::Exceptions,
};
use crate::{
    Collected,
    field::{LONGEST_AGENT, LONGEST_METHOD, LONGEST_TARGET, clip},
    login::LoginRule,
    url_template,
};

/// How the site reads spans.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) login: LoginRule,
    pub(super) cookie_attribute: String,
}

/// What an export came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) batch: Vec<Collected>,
    pub(super) received: usize,
    pub(super) negative: usize,
    pub(super) without_time: usize,
    pub(super) in_future: usize,
}

impl Rules {
    /// The transactions of an export; spans that end after `latest` are rejected, those whose trace is among
    /// `exceptions` have failed.
    pub(super) fn take(
        &self,
        export: &ExportTraceServiceRequest,
        exceptions: &Exceptions,
        latest: Timestamp,
    ) -> Taken {
        let calls = Calls::of(export);
        let mut taken = Taken::default();
        for resource in &export.resource_spans {
            let sender = attributes::sender(resource.resource.as_ref());
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                taken.received += 1;
                if span.kind() != SpanKind::Server {
                    continue;
                }
                let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
                if start == 0 || end == 0 {
                    taken.without_time += 1;
                } else if end < start {
                    taken.negative += 1;
                } else if instant(end) > latest {
                    taken.in_future += 1;
                } else if let Some(sender) = &sender
                    && let Some(mut transaction) = self.transaction(span, sender, &calls)
                {
                    let logged = || Some(exceptions.has(sender, transaction.trace_id?));
                    transaction.failed |= !transaction.is_client_error()
                        && (has_exception(span) || logged() == Some(true));
                    taken
                        .batch
                        .push(Collected::Transaction(Box::new(transaction)));
                }
            }
        }
        taken
    }

    fn transaction(
        &self,
        span: &Span,
        (app, instance): &(AppId, InstanceId),
        calls: &Calls,
    ) -> Option<Transaction> {
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
        let below = calls.below(span);
        Some(Transaction {
            started: instant(start),
            ended: instant(end),
            duration_us: (end - start) / 1_000,
            app: app.clone(),
            instance: instance.clone(),
            login: self
                .login
                .outcome(&method, url_template::path(&target), url.as_str(), status),
            url,
            target,
            method,
            status,
            failed: span
                .status
                .as_ref()
                .is_some_and(|status| status.code() == StatusCode::Error),
            response_bytes: attributes
                .integer(&["http.response.body.size", "http.response_content_length"])
                .unwrap_or(0),
            sql_us: below.sql_us,
            external_us: below.external_us,
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
            trace_id: span.trace_id.as_slice().try_into().ok(),
        })
    }
}

/// Whether the span recorded an exception (semantic conventions, "Exceptions on spans").
fn has_exception(span: &Span) -> bool {
    span.events.iter().any(|event| event.name == "exception")
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
            &Exceptions::default(),
            NOW,
        )
    }

    fn transaction(span: Span) -> Transaction {
        match take(vec![span]).batch.pop() {
            Some(Collected::Transaction(transaction)) => *transaction,
            other => panic!("no transaction but {other:?}"),
        }
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
            client,
            unknown,
            server(&[]),
        ]);
        assert_eq!((taken.received, taken.batch.len()), (6, 1));
        assert_eq!(
            (taken.negative, taken.without_time, taken.in_future),
            (1, 1, 1)
        );
    }
}
