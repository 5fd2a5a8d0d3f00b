//! Which time in databases and other services belongs to which server span of the same export.
//!
//! A client span belongs to the nearest server span above it. Where the chain of parents leaves the export,
//! it belongs to the only server span of its trace and sender, if there is just one. A client span below
//! another (an ORM's above a driver's) is not counted again. Client spans of other exports are not seen.

use std::collections::HashMap;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{Span, span::SpanKind},
};

use super::attributes::Attributes;

/// Longest chain of parents that is followed; longer ones, and circles, count as leaving the export.
const LONGEST_CHAIN: usize = 64;

/// Trace and span id.
type Key = ([u8; 16], [u8; 8]);

/// Time below one server span, in microseconds; spans that overlap are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Below {
    pub(super) sql_us: u64,
    pub(super) external_us: u64,
}

/// The time below each server span of an export.
#[derive(Debug, Default)]
pub(super) struct Calls {
    below: HashMap<Key, Below>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Server,
    Sql,
    External,
    Other,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    sender: usize,
    parent: Option<Key>,
    role: Role,
    duration_us: u64,
}

impl Calls {
    pub(super) fn of(export: &ExportTraceServiceRequest) -> Self {
        let nodes: HashMap<Key, Node> = nodes(export).collect();
        // The only server span of each sender's part of a trace; none if there are several.
        let mut only = HashMap::new();
        for (key, node) in nodes.iter().filter(|(_, node)| node.role == Role::Server) {
            only.entry((node.sender, key.0))
                .and_modify(|server| *server = None)
                .or_insert(Some(*key));
        }
        let mut calls = Self::default();
        for (key, node) in &nodes {
            let server = match node.role {
                Role::Sql | Role::External => match server_above(&nodes, node) {
                    Above::Server(server) => Some(server),
                    Above::Call => None,
                    Above::Unknown => only.get(&(node.sender, key.0)).copied().flatten(),
                },
                Role::Server | Role::Other => None,
            };
            if let Some(below) = server.map(|server| calls.below.entry(server).or_default()) {
                let sum = if node.role == Role::Sql {
                    &mut below.sql_us
                } else {
                    &mut below.external_us
                };
                *sum = sum.saturating_add(node.duration_us);
            }
        }
        calls
    }

    /// The time below `span`.
    pub(super) fn below(&self, span: &Span) -> Below {
        key(&span.trace_id, &span.span_id)
            .and_then(|key| self.below.get(&key))
            .copied()
            .unwrap_or_default()
    }
}

/// What stands nearest above a call.
enum Above {
    Server(Key),
    Call,
    Unknown,
}

fn server_above(nodes: &HashMap<Key, Node>, node: &Node) -> Above {
    let mut parent = node.parent;
    for _ in 0..LONGEST_CHAIN {
        let Some((key, node)) = parent.and_then(|key| Some((key, nodes.get(&key)?))) else {
            break;
        };
        match node.role {
            Role::Server => return Above::Server(key),
            Role::Sql | Role::External => return Above::Call,
            Role::Other => parent = node.parent,
        }
    }
    Above::Unknown
}

fn nodes(export: &ExportTraceServiceRequest) -> impl Iterator<Item = (Key, Node)> {
    export
        .resource_spans
        .iter()
        .enumerate()
        .flat_map(|(sender, resource)| {
            let spans = resource.scope_spans.iter().flat_map(|scope| &scope.spans);
            spans.filter_map(move |span| {
                let key = key(&span.trace_id, &span.span_id)?;
                let parent = self::key(&span.trace_id, &span.parent_span_id);
                let duration_us = span
                    .end_time_unix_nano
                    .saturating_sub(span.start_time_unix_nano)
                    / 1_000;
                Some((
                    key,
                    Node {
                        sender,
                        parent,
                        role: role(span),
                        duration_us,
                    },
                ))
            })
        })
}

fn role(span: &Span) -> Role {
    let attributes = Attributes(&span.attributes);
    let calls = [
        "http.request.method",
        "http.method",
        "url.full",
        "http.url",
        "rpc.system",
        "rpc.system.name",
    ];
    match span.kind() {
        SpanKind::Server => Role::Server,
        _ if attributes.has(&["db.system.name", "db.system"]) => Role::Sql,
        SpanKind::Client if attributes.has(&calls) => Role::External,
        _ => Role::Other,
    }
}

fn key(trace: &[u8], span: &[u8]) -> Option<Key> {
    Some((trace.try_into().ok()?, span.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, KeyValue, any_value::Value},
        trace::v1::{ResourceSpans, ScopeSpans},
    };

    use super::*;

    fn span(id: u8, parent: u8, kind: SpanKind, attribute: &str, us: u64) -> Span {
        let value = Some(AnyValue {
            value: Some(Value::StringValue("x".to_owned())),
        });
        Span {
            trace_id: vec![7; 16],
            span_id: vec![id; 8],
            parent_span_id: if parent == 0 {
                Vec::new()
            } else {
                vec![parent; 8]
            },
            kind: kind as i32,
            start_time_unix_nano: 1_000,
            end_time_unix_nano: 1_000 + us * 1_000,
            attributes: vec![KeyValue {
                key: attribute.to_owned(),
                value,
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn below(senders: Vec<Vec<Span>>, server: u8) -> (u64, u64) {
        let resource_spans = senders
            .into_iter()
            .map(|spans| ResourceSpans {
                scope_spans: vec![ScopeSpans {
                    spans,
                    ..Default::default()
                }],
                ..Default::default()
            })
            .collect();
        let calls = Calls::of(&ExportTraceServiceRequest { resource_spans });
        let below = calls.below(&span(server, 0, SpanKind::Server, "", 0));
        (below.sql_us, below.external_us)
    }

    #[test]
    fn calls_belong_to_the_nearest_server_span() {
        let spans = vec![
            span(1, 0, SpanKind::Server, "http.request.method", 900),
            span(2, 1, SpanKind::Internal, "code.function", 500),
            span(3, 2, SpanKind::Client, "db.system.name", 70),
            span(4, 3, SpanKind::Client, "db.system", 60),
            span(5, 1, SpanKind::Client, "http.request.method", 300),
            span(6, 5, SpanKind::Server, "http.request.method", 250),
            span(7, 6, SpanKind::Client, "db.system", 40),
            span(8, 1, SpanKind::Producer, "messaging.system", 11),
        ];
        assert_eq!(below(vec![spans.clone()], 1), (70, 300));
        assert_eq!(below(vec![spans], 6), (40, 0));
    }

    #[test]
    fn a_broken_chain_belongs_to_the_only_server_span_of_its_sender() {
        let one = vec![
            span(1, 0, SpanKind::Server, "http.request.method", 900),
            span(3, 99, SpanKind::Client, "db.system", 70),
        ];
        assert_eq!(below(vec![one.clone()], 1), (70, 0));
        let mut two = one.clone();
        two.push(span(2, 0, SpanKind::Server, "http.request.method", 900));
        assert_eq!(below(vec![two], 1), (0, 0));
        let (server, call) = one.split_at(1);
        assert_eq!(below(vec![server.to_vec(), call.to_vec()], 1), (0, 0));
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let spans = vec![
            span(1, 2, SpanKind::Internal, "x", 1),
            span(2, 1, SpanKind::Internal, "x", 1),
            span(3, 1, SpanKind::Client, "db.system", 70),
        ];
        assert_eq!(below(vec![spans], 1), (0, 0));
    }
}
