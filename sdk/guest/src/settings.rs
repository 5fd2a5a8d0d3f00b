//! The operator's settings as a plugin reads them. The host has filled in defaults and checked types and ranges by the
//! manifest, so what remains is to pick them up by name.

use std::cell::RefCell;

/// The value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
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

/// Every setting the manifest declares.
#[derive(Debug, Default)]
pub struct Settings {
    entries: Vec<(String, Value)>,
    read: RefCell<Vec<String>>,
}

impl Settings {
    /// Takes the settings as they come from the host.
    #[must_use]
    pub fn new(entries: Vec<(String, Value)>) -> Self {
        Self {
            entries,
            read: RefCell::default(),
        }
    }

    /// A setting that is true or false.
    ///
    /// # Errors
    /// If the manifest does not declare it so. The same goes for the other types.
    pub fn boolean(&self, key: &str) -> Result<bool, String> {
        match self.value(key)? {
            Value::Boolean(value) => Ok(*value),
            _ => Err(other_type(key)),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// As in [`Self::boolean`], or if it does not fit the type it is wanted in.
    pub fn integer<N: TryFrom<i64>>(&self, key: &str) -> Result<N, String> {
        match self.value(key)? {
            Value::Integer(value) => N::try_from(*value)
                .map_err(|_| format!("`{key}` is {value}, which is out of range here")),
            _ => Err(other_type(key)),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// As in [`Self::boolean`].
    pub fn number(&self, key: &str) -> Result<f64, String> {
        match self.value(key)? {
            Value::Number(value) => Ok(*value),
            _ => Err(other_type(key)),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// As in [`Self::boolean`].
    pub fn text(&self, key: &str) -> Result<&str, String> {
        match self.value(key)? {
            Value::Text(value) => Ok(value),
            _ => Err(other_type(key)),
        }
    }

    /// Texts.
    ///
    /// # Errors
    /// As in [`Self::boolean`].
    pub fn texts(&self, key: &str) -> Result<&[String], String> {
        match self.value(key)? {
            Value::Texts(value) => Ok(value),
            _ => Err(other_type(key)),
        }
    }

    /// Call after every setting has been picked up.
    ///
    /// # Errors
    /// If the manifest declares a setting that nobody read: an operator could set it and nothing would happen.
    pub fn finish(&self) -> Result<(), String> {
        let read = self.read.borrow();
        match self.entries.iter().find(|(key, _)| !read.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(format!("the manifest declares `{key}`, which is not used")),
        }
    }

    fn value(&self, key: &str) -> Result<&Value, String> {
        self.read.borrow_mut().push(key.to_owned());
        let entry = self.entries.iter().find(|(k, _)| k == key);
        entry
            .map(|(_, value)| value)
            .ok_or_else(|| format!("the manifest does not declare `{key}`"))
    }
}

fn other_type(key: &str) -> String {
    format!("the manifest declares `{key}` with another type")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new(vec![
            ("window".into(), Value::Integer(60)),
            ("urls".into(), Value::Texts(vec!["/a".into()])),
        ])
    }

    #[test]
    fn settings_are_picked_up_by_name_and_type() {
        let s = settings();
        assert_eq!(s.integer::<u32>("window"), Ok(60));
        assert_eq!(s.texts("urls").unwrap(), ["/a"]);
        assert_eq!(s.finish(), Ok(()));
    }

    #[test]
    fn a_manifest_that_does_not_fit_the_code_is_noticed() {
        let s = settings();
        assert!(s.number("window").unwrap_err().contains("another type"));
        assert!(s.text("windw").unwrap_err().contains("`windw`"));
        assert!(s.finish().unwrap_err().contains("`urls`"));
        let large = Settings::new(vec![("n".into(), Value::Integer(300))]);
        assert!(large.integer::<u8>("n").is_err());
    }
}
