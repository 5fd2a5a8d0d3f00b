//! Attributes by name, current name first, and who sent them. Values are borrowed.

use std::net::IpAddr;

use bongsu_sdk_model::{AppId, InstanceId, Timestamp};
use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    resource::v1::Resource,
};

use crate::{
    Deployment, Place,
    field::{address, clip, id, name},
};

/// Longest version or place that is kept, in bytes.
const LONGEST_PLACE: usize = 128;

/// The attributes of a span, a point or a resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attributes<'a>(pub(super) &'a [KeyValue]);

impl<'a> Attributes<'a> {
    /// The first of `names` that is there as non-empty text.
    pub(super) fn text(self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| match self.value(name)? {
            Value::StringValue(text) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        })
    }

    /// The first of `names` that is there as a whole number, also when it was sent as text.
    pub(super) fn integer(self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| match self.value(name)? {
            Value::IntValue(number) => u64::try_from(*number).ok(),
            Value::StringValue(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// The first of `names` that is there as an id: text, or a number as its digits.
    pub(super) fn id(self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.value(name)? {
            Value::StringValue(text) => id(text),
            Value::IntValue(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// The first of `names` that is an address; a host name is not one.
    pub(super) fn address(self, names: &[&str]) -> Option<IpAddr> {
        names.iter().find_map(|name| address(self.text(&[name])?))
    }

    /// Whether one of `names` is there.
    pub(super) fn has(self, names: &[&str]) -> bool {
        names.iter().any(|name| self.value(name).is_some())
    }

    fn value(self, name: &str) -> Option<&'a Value> {
        self.0
            .iter()
            .find(|attribute| attribute.key == name)?
            .value
            .as_ref()?
            .value
            .as_ref()
    }
}

/// Which application and which copy of it a resource is.
pub(super) fn sender(resource: Option<&Resource>) -> Option<(AppId, InstanceId)> {
    let attributes = Attributes(resource.map_or(&[], |resource| &resource.attributes));
    let app = attributes
        .text(&["service.name"])
        .unwrap_or("unknown_service");
    // A pod's name says more than the random id that agents make up at every start.
    let instance = attributes.text(&["k8s.pod.name", "service.instance.id", "host.name"]);
    Some((
        name(Some(app), AppId::new)?,
        name(instance, InstanceId::new)?,
    ))
}

/// Which version a resource says runs there, if it does.
pub(super) fn deployment(resource: Option<&Resource>, at: Timestamp) -> Option<Deployment> {
    let attributes = Attributes(resource.map_or(&[], |resource| &resource.attributes));
    let text = |names: &[&str]| {
        let text = attributes.text(names).unwrap_or_default();
        clip(text, LONGEST_PLACE).replace(char::is_control, " ")
    };
    let version = text(&["service.version"]);
    if version.is_empty() {
        return None;
    }
    let (app, instance) = sender(resource)?;
    let place = Place {
        namespace: text(&["k8s.namespace.name"]),
        workload: text(&[
            "k8s.deployment.name",
            "k8s.statefulset.name",
            "k8s.daemonset.name",
        ]),
        pod: text(&["k8s.pod.name"]),
        node: text(&["k8s.node.name", "host.name"]),
    };
    Some(Deployment {
        app,
        instance,
        version,
        before: None,
        place,
        at,
    })
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::AnyValue;

    use super::*;

    fn attribute(key: &str, value: Value) -> KeyValue {
        let value = Some(AnyValue { value: Some(value) });
        KeyValue {
            key: key.to_owned(),
            value,
            ..Default::default()
        }
    }

    #[test]
    fn the_first_usable_name_wins() {
        let list = [
            attribute("old", Value::StringValue("10.0.0.1".to_owned())),
            attribute("new", Value::StringValue("cache.local".to_owned())),
            attribute("size", Value::StringValue("17".to_owned())),
            attribute("user.id", Value::IntValue(42)),
            attribute("session.id", Value::StringValue("s".repeat(513))),
        ];
        let attributes = Attributes(&list);
        assert_eq!(attributes.text(&["new", "old"]), Some("cache.local"));
        assert_eq!(
            attributes.address(&["new", "old"]),
            Some("10.0.0.1".parse().unwrap())
        );
        assert_eq!(attributes.integer(&["none", "size"]), Some(17));
        assert_eq!(attributes.id(&["user.id"]).as_deref(), Some("42"));
        assert_eq!(attributes.id(&["session.id"]), None);
    }

    #[test]
    fn a_sender_always_has_a_name() {
        let list = vec![
            attribute(
                "service.name",
                Value::StringValue(format!("a\nb{}", "가".repeat(100))),
            ),
            attribute("host.name", Value::StringValue("web-1".to_owned())),
        ];
        let resource = Resource {
            attributes: list,
            ..Default::default()
        };
        let (app, instance) = sender(Some(&resource)).unwrap();
        assert!(app.as_str().starts_with("a b가") && app.as_str().len() <= AppId::MAX_BYTES);
        assert_eq!(instance.as_str(), "web-1");
        let (app, instance) = sender(None).unwrap();
        assert_eq!(
            (app.as_str(), instance.as_str()),
            ("unknown_service", "default")
        );
    }
}
