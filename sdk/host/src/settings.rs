//! Settings: what a plugin declares, what the operator wrote, and the typed values that come of both.

use serde::{Deserialize, Serialize};

use crate::{
    bindings::detector::bongsu::plugin::types,
    contract::{is_word, shorten},
};

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingType {
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    Text,
    /// Texts; in configuration separated by commas.
    Texts,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
}

/// A setting a plugin declares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingSpec {
    /// Lower-case letters, digits, `-` and `_`.
    pub key: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: SettingType,
    /// What it is if the operator says nothing.
    pub default: SettingValue,
    /// Least value of a number, or least length of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest value of a number, or greatest length of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The texts it may be; any if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What it means, for the operator.
    #[serde(default)]
    pub summary: String,
    /// The same in Korean.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary_ko: String,
}

impl SettingSpec {
    /// Whether the declaration makes sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !is_word(&self.key, 64) {
            return Err(format!(
                "setting `{}` is not lower-case letters, digits, `-` and `_`",
                shorten(&self.key)
            ));
        }
        let as_declared = match (&self.default, self.kind) {
            // JSON does not tell 5 from 5.0.
            (SettingValue::Integer(_), SettingType::Number) => true,
            (value, kind) => value.kind() == kind,
        };
        if !as_declared {
            return Err(format!(
                "the default of setting `{}` is not of its type",
                self.key
            ));
        }
        self.bounded(self.default.clone().into_kind(self.kind))
            .map(|_| ())
            .map_err(|reason| format!("the default of setting {reason}"))
    }

    /// The value that an operator's text means.
    fn parse(&self, text: &str) -> Result<SettingValue, String> {
        let wrong = |hint: &str| {
            let shown = shorten(text);
            format!("`{}` is `{shown}`; hint: use {hint}", self.key)
        };
        let trimmed = text.trim();
        let value = match self.kind {
            SettingType::Boolean => match trimmed {
                "true" => SettingValue::Boolean(true),
                "false" => SettingValue::Boolean(false),
                _ => return Err(wrong("true or false")),
            },
            SettingType::Integer => SettingValue::Integer(
                trimmed
                    .parse()
                    .map_err(|_| wrong(&format!("a whole number{}", self.range())))?,
            ),
            SettingType::Number => SettingValue::Number(
                trimmed
                    .parse()
                    .map_err(|_| wrong(&format!("a number{}", self.range())))?,
            ),
            SettingType::Text => SettingValue::Text(text.to_owned()),
            SettingType::Texts => SettingValue::Texts(
                text.split(',')
                    .map(|item| item.trim().to_owned())
                    .filter(|item| !item.is_empty())
                    .collect(),
            ),
        };
        self.bounded(value)
    }

    fn range(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!(" from {min} to {max}"),
            (Some(min), None) => format!(" of at least {min}"),
            (None, Some(max)) => format!(" of at most {max}"),
            (None, None) => String::new(),
        }
    }

    fn bounded(&self, value: SettingValue) -> Result<SettingValue, String> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "compared with a bound written by hand"
        )]
        let (measure, what) = match &value {
            SettingValue::Boolean(_) => return Ok(value),
            SettingValue::Integer(n) => (*n as f64, "a whole number"),
            SettingValue::Number(n) => (*n, "a number"),
            SettingValue::Text(text) => (text.chars().count() as f64, "a text whose length is"),
            SettingValue::Texts(texts) => (texts.len() as f64, "a list whose length is"),
        };
        let fits = measure.is_finite()
            && self.min.is_none_or(|min| measure >= min)
            && self.max.is_none_or(|max| measure <= max);
        if !fits {
            return Err(format!(
                "`{}` is out of range; hint: use {what}{}",
                self.key,
                self.range()
            ));
        }
        let known = |text: &String| self.choices.is_empty() || self.choices.contains(text);
        let stranger = match &value {
            SettingValue::Text(text) => (!known(text)).then_some(text),
            SettingValue::Texts(texts) => texts.iter().find(|text| !known(text)),
            _ => None,
        };
        if let Some(stranger) = stranger {
            return Err(format!(
                "`{}` is `{}`; hint: use one of {}",
                self.key,
                shorten(stranger),
                self.choices.join(", ")
            ));
        }
        Ok(value)
    }
}

impl SettingValue {
    const fn kind(&self) -> SettingType {
        match self {
            Self::Boolean(_) => SettingType::Boolean,
            Self::Integer(_) => SettingType::Integer,
            Self::Number(_) => SettingType::Number,
            Self::Text(_) => SettingType::Text,
            Self::Texts(_) => SettingType::Texts,
        }
    }

    fn into_kind(self, kind: SettingType) -> Self {
        match (self, kind) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a default of a setting that is a number"
            )]
            (Self::Integer(n), SettingType::Number) => Self::Number(n as f64),
            (other, _) => other,
        }
    }
}

/// Every declared setting with its value: the operator's, else the default. Unknown keys are refused by name.
pub(crate) fn resolve(
    declared: &[SettingSpec],
    written: &[(String, String)],
) -> Result<Vec<(String, SettingValue)>, String> {
    if let Some((key, _)) = written
        .iter()
        .find(|(key, _)| !declared.iter().any(|spec| spec.key == *key))
    {
        let keys: Vec<&str> = declared.iter().map(|spec| spec.key.as_str()).collect();
        let hint = if keys.is_empty() {
            "this plugin has no settings".to_owned()
        } else {
            format!("this plugin knows {}", keys.join(", "))
        };
        return Err(format!("`{}` is unknown; hint: {hint}", shorten(key)));
    }
    declared
        .iter()
        .map(|spec| {
            let theirs = written.iter().rev().find(|(key, _)| *key == spec.key);
            let value = match theirs {
                Some((_, text)) => spec.parse(text)?,
                None => spec.default.clone().into_kind(spec.kind),
            };
            Ok((spec.key.clone(), value))
        })
        .collect()
}

/// Hands settings over to a guest.
pub(crate) fn lower<R>(
    settings: &[(String, SettingValue)],
    give: impl FnOnce(&[types::Setting<'_>]) -> R,
) -> R {
    let lists: Vec<Vec<&str>> = settings
        .iter()
        .map(|(_, value)| match value {
            SettingValue::Texts(texts) => texts.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        })
        .collect();
    let given: Vec<types::Setting<'_>> = settings
        .iter()
        .zip(&lists)
        .map(|((key, value), list)| types::Setting {
            key,
            value: match value {
                SettingValue::Boolean(value) => types::Value::Boolean(*value),
                SettingValue::Integer(value) => types::Value::Integer(*value),
                SettingValue::Number(value) => types::Value::Number(*value),
                SettingValue::Text(text) => types::Value::Text(text),
                SettingValue::Texts(_) => types::Value::Texts(list),
            },
        })
        .collect();
    give(&given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> SettingSpec {
        serde_json::from_str(json).unwrap()
    }

    fn declared() -> Vec<SettingSpec> {
        vec![
            spec(
                r#"{"key":"window_seconds","type":"integer","default":300,"min":1,"max":3600,"summary":""}"#,
            ),
            spec(r#"{"key":"factor","type":"number","default":3,"min":1}"#),
            spec(r#"{"key":"mode","type":"text","default":"soft","choices":["soft","hard"]}"#),
            spec(r#"{"key":"urls","type":"texts","default":[],"max":2}"#),
            spec(r#"{"key":"quiet","type":"boolean","default":false}"#),
        ]
    }

    fn resolved(key: &str, value: &str) -> Result<SettingValue, String> {
        let values = resolve(&declared(), &[(key.to_owned(), value.to_owned())])?;
        Ok(values.into_iter().find(|(k, _)| k == key).unwrap().1)
    }

    #[test]
    fn defaults_fill_what_nobody_wrote_and_have_the_declared_type() {
        for spec in declared() {
            spec.check().unwrap();
        }
        let values = resolve(&declared(), &[]).unwrap();
        assert_eq!(values[1], ("factor".to_owned(), SettingValue::Number(3.0)));
        assert_eq!(values.len(), 5);
    }

    #[test]
    fn what_the_operator_wrote_becomes_a_typed_value() {
        assert_eq!(
            resolved("window_seconds", " 60 "),
            Ok(SettingValue::Integer(60))
        );
        assert_eq!(
            resolved("urls", "/a, /b"),
            Ok(SettingValue::Texts(vec!["/a".into(), "/b".into()]))
        );
        assert_eq!(resolved("quiet", "true"), Ok(SettingValue::Boolean(true)));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name_with_a_hint() {
        for (key, value, says) in [
            ("window_seconds", "0", "from 1 to 3600"),
            ("window_seconds", "many", "a whole number from 1 to 3600"),
            ("factor", "NaN", "of at least 1"),
            ("mode", "medium", "one of soft, hard"),
            ("urls", "a,b,c", "of at most 2"),
            ("quiet", "yes", "true or false"),
            ("windw", "1", "this plugin knows window_seconds"),
        ] {
            let said = resolved(key, value).unwrap_err();
            assert!(said.contains(&format!("`{key}`")), "{said}");
            assert!(said.contains(says), "{said}");
        }
    }

    #[test]
    fn a_declaration_that_contradicts_itself_is_refused() {
        for json in [
            r#"{"key":"A b","type":"boolean","default":false}"#,
            r#"{"key":"a","type":"boolean","default":1}"#,
            r#"{"key":"a","type":"integer","default":0,"min":1}"#,
            r#"{"key":"a","type":"text","default":"z","choices":["x"]}"#,
        ] {
            assert!(spec(json).check().is_err(), "{json}");
        }
    }
}
