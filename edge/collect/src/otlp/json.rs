//! OTLP's JSON form (the protobuf JSON mapping with ids in hex and enumerations as numbers; OTLP
//! specification, "JSON Protobuf Encoding"), rewritten as the protobuf message it stands for.
//!
//! Only the fields that are read are rewritten, so that JSON goes the way of protobuf from there: weighed
//! before it is decoded, and read by the same code. It is never built as a tree. The price: a second
//! decoding of what was kept.

mod fields;

use std::fmt::{self, Formatter};

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Refusal, Signal};
use fields::{Field, Kind};

/// The protobuf message of `signal` that `json` stands for.
pub(super) fn to_protobuf(signal: Signal, json: &[u8]) -> Result<Bytes, Refusal> {
    let mut message = Vec::with_capacity(json.len() / 2);
    let mut reader = serde_json::Deserializer::from_slice(json);
    let object = Object {
        fields: fields::of(signal),
        into: &mut message,
    };
    object
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|_| Refusal::Malformed("not the JSON message of this signal"))?;
    Ok(message.into())
}

/// One message; keys that are not among `fields` are skipped.
struct Object<'a> {
    fields: &'static [Field],
    into: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Name(self.fields))? {
            match field {
                Some(field) => {
                    let into = &mut *self.into;
                    map.next_value_seed(Content { field, into })?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A key, looked up without being copied.
struct Name(&'static [Field]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|field| field.name == name))
    }
}

/// What one field holds; `null` is its default, as is leaving it out.
struct Content<'a> {
    field: &'static Field,
    into: &'a mut Vec<u8>,
}

impl Content<'_> {
    fn tag(&mut self, wire: u64) {
        push_varint(self.into, self.field.number << 3 | wire);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.tag(2);
        push_varint(self.into, bytes.len() as u64);
        self.into.extend_from_slice(bytes);
    }

    fn fixed(&mut self, bytes: [u8; 8]) {
        self.tag(1);
        self.into.extend_from_slice(&bytes);
    }

    fn varint(&mut self, value: i64) {
        self.tag(0);
        push_varint(self.into, value.cast_unsigned());
    }

    fn number(mut self, number: i128) -> Option<()> {
        match self.field.kind {
            Kind::Enum => self.varint(i32::try_from(number).ok()?.into()),
            Kind::Int => self.varint(i64::try_from(number).ok()?),
            Kind::Fixed => self.fixed(u64::try_from(number).ok()?.to_le_bytes()),
            Kind::SignedFixed => self.fixed(i64::try_from(number).ok()?.to_le_bytes()),
            Kind::Double => self.fixed((number as f64).to_le_bytes()),
            _ => return None,
        }
        Some(())
    }

    fn float(mut self, float: f64) -> Option<()> {
        if matches!(self.field.kind, Kind::Double) {
            self.fixed(float.to_le_bytes());
            return Some(());
        }
        (float.fract() == 0.0).then_some(())?;
        self.number(float as i128)
    }

    fn text(mut self, text: &str) -> Option<()> {
        match self.field.kind {
            Kind::Text => self.bytes(text.as_bytes()),
            Kind::Hex => self.bytes(&hex(text)?),
            // `parse` takes `NaN`, `Infinity` and `-Infinity`, too.
            Kind::Double => return self.float(text.parse().ok()?),
            _ => return self.number(text.parse().ok()?),
        }
        Some(())
    }

    /// Writes one message into the field, its length before it.
    fn message<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        self.tag(2);
        let start = self.into.len();
        write(self.into)?;
        let mut length = Vec::with_capacity(10);
        push_varint(&mut length, (self.into.len() - start) as u64);
        self.into.splice(start..start, length);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Content<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Content<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "what `{}` holds", self.field.name)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<(), E> {
        match self.field.kind {
            Kind::Bool => {
                self.varint(value.into());
                Ok(())
            }
            _ => Err(unfit()),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.number(number.into()).ok_or_else(unfit)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.number(number.into()).ok_or_else(unfit)
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<(), E> {
        self.float(float).ok_or_else(unfit)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.text(text).ok_or_else(unfit)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, map: A) -> Result<(), A::Error> {
        let Kind::One(fields) = self.field.kind else {
            return Err(unfit());
        };
        self.message(|into| Object { fields, into }.visit_map(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let Kind::Many(fields) = self.field.kind else {
            return Err(unfit());
        };
        loop {
            let start = self.into.len();
            let mut more = None;
            self.message(|into| {
                more = list.next_element_seed(Object { fields, into })?;
                Ok(())
            })?;
            if more.is_none() {
                self.into.truncate(start);
                return Ok(());
            }
        }
    }
}

/// What the value is stays unsaid: it is the sender's.
fn unfit<E: Error>() -> E {
    E::custom("not what the field holds")
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok())
        .collect()
}

fn push_varint(into: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        collector::{
            metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest,
        },
        common::v1::any_value::Value,
        metrics::v1::{metric::Data, number_data_point},
        trace::v1::Span,
    };
    use prost::Message as _;

    use super::*;

    fn span(json: &str) -> Result<Span, Refusal> {
        let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{json}]}}]}}]}}"#);
        let bytes = to_protobuf(Signal::Traces, json.as_bytes())?;
        let mut export = ExportTraceServiceRequest::decode(bytes).unwrap();
        Ok(export
            .resource_spans
            .remove(0)
            .scope_spans
            .remove(0)
            .spans
            .remove(0))
    }

    fn values(json: &str) -> Result<Vec<number_data_point::Value>, Refusal> {
        let json = format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"sum":{{"dataPoints":[{json}]}}}}]}}]}}]}}"#
        );
        let bytes = to_protobuf(Signal::Metrics, json.as_bytes())?;
        let export = ExportMetricsServiceRequest::decode(bytes).unwrap();
        match &export.resource_metrics[0].scope_metrics[0].metrics[0].data {
            Some(Data::Sum(sum)) => Ok(sum.data_points.iter().filter_map(|p| p.value).collect()),
            other => panic!("no sum but {other:?}"),
        }
    }

    #[test]
    fn numbers_come_as_numbers_or_as_text() {
        let made = span(
            r#"{"kind":2,"startTimeUnixNano":"1799999999980000001","endTimeUnixNano":1799999999990000001}"#,
        );
        let made = made.unwrap();
        assert_eq!(
            (made.kind, made.start_time_unix_nano),
            (2, 1_799_999_999_980_000_001)
        );
        assert_eq!(made.end_time_unix_nano, 1_799_999_999_990_000_001);
        let double = number_data_point::Value::AsDouble;
        let int = number_data_point::Value::AsInt;
        assert_eq!(
            values(
                r#"{"asInt":"-7"},{"asInt":7},{"asInt":7.0},{"asDouble":1},{"asDouble":"0.5"},{"asDouble":"Infinity"}"#
            ),
            Ok(vec![
                int(-7),
                int(7),
                int(7),
                double(1.0),
                double(0.5),
                double(f64::INFINITY)
            ])
        );
    }

    #[test]
    fn attributes_keep_their_types() {
        let made = span(
            r#"{"attributes":[{"key":"s","value":{"stringValue":"가\n"}},{"key":"i","value":{"intValue":"-1"}},
               {"key":"b","value":{"boolValue":true}},{"key":"none","value":{}},{"key":"bare"}]}"#,
        );
        let made: Vec<_> = made
            .unwrap()
            .attributes
            .into_iter()
            .map(|one| one.value.and_then(|value| value.value))
            .collect();
        assert_eq!(
            made,
            [
                Some(Value::StringValue("가\n".to_owned())),
                Some(Value::IntValue(-1)),
                Some(Value::BoolValue(true)),
                None,
                None
            ]
        );
    }

    #[test]
    fn ids_are_hex_of_either_case() {
        let made =
            span(r#"{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174"}"#);
        let made = made.unwrap();
        assert_eq!((made.trace_id[0], made.trace_id.len()), (0x5b, 16));
        assert_eq!((made.span_id[7], made.span_id.len()), (0x74, 8));
        for wrong in [
            r#"{"traceId":"abc"}"#,
            r#"{"traceId":"+a"}"#,
            r#"{"traceId":"zz"}"#,
        ] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn null_and_unknown_keys_leave_the_rest() {
        let made =
            span(r#"{"name":null,"events":null,"futureKey":[{"a":[[]]}],"kind":2}"#).unwrap();
        assert_eq!(
            made,
            Span {
                kind: 2,
                ..Default::default()
            }
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let wrong = [
            r#"{"kind":"SPAN_KIND_SERVER"}"#,
            r#"{"kind":4294967296}"#,
            r#"{"startTimeUnixNano":-1}"#,
            r#"{"startTimeUnixNano":1.5}"#,
            r#"{"name":5}"#,
            r#"{"attributes":{}}"#,
            r#"{"status":[]}"#,
            r#"{"attributes":[null]}"#,
            r#"{"name":"\ud800"}"#,
            "[]",
        ];
        for json in wrong {
            assert!(span(json).is_err(), "{json}");
        }
        for json in [
            "",
            "[]",
            "{} {}",
            "null",
            "{\"resourceSpans\":[",
            "\u{feff}{}",
        ] {
            assert!(
                to_protobuf(Signal::Traces, json.as_bytes()).is_err(),
                "{json}"
            );
        }
        let deep = format!("{{\"x\":{}", "[".repeat(1 << 20));
        assert!(to_protobuf(Signal::Traces, deep.as_bytes()).is_err());
    }
}
