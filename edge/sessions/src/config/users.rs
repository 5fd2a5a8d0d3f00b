//! Who may log in: the user `default` and those named in `[[sessions.users]]`, each with a password of its own.

use std::{borrow::Cow, collections::BTreeSet, fmt, fs, path::Path};

use bongsu_sdk_config::Section;

/// The name of the user a connection is before it says otherwise.
pub(crate) const DEFAULT: &str = "default";

/// A password; never shown, not even by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Box<[u8]>);

impl Password {
    /// Takes a password.
    #[must_use]
    pub fn new(password: &[u8]) -> Self {
        Self(password.into())
    }

    /// Reads the file that `key` of a section names; faults go to its list. None: there is no such key.
    #[must_use]
    pub fn read(section: &Section, key: &str) -> Option<Self> {
        let path = section.optional_path(key)?;
        Self::read_file(section, key, &path)
    }

    fn read_file(section: &Section, key: &str, path: &Path) -> Option<Self> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) => {
                section.fault(key, format!("cannot read `{}`: {error}", path.display()));
                return None;
            }
        };
        let password = text.trim_ascii();
        if password.is_empty() {
            section.fault(key, format!("`{}` is empty", path.display()));
            return None;
        }
        Some(Self::new(password))
    }

    /// The password itself, to be sent to a server that asks for it.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Compares in a time that depends on the length of `attempt` only.
    #[must_use]
    pub fn matches(&self, attempt: &[u8]) -> bool {
        let mut difference = u8::from(self.0.len() != attempt.len());
        for (position, byte) in attempt.iter().enumerate() {
            let own = self
                .0
                .get(position % self.0.len().max(1))
                .copied()
                .unwrap_or(0);
            difference |= own ^ byte;
        }
        std::hint::black_box(difference) == 0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Somebody who may log in beside `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What `AUTH` calls it.
    pub name: String,
    /// What `AUTH` must present.
    pub password: Password,
    /// Whether it may change neither data nor the server.
    pub read_only: bool,
}

/// Reads `[[users]]`: `name`, `password_file`, `read_only` (default `false`). A faulty one is left out.
pub(super) fn read_users(section: &Section) -> Vec<User> {
    let mut names = BTreeSet::from([DEFAULT.to_owned()]);
    let mut users = Vec::new();
    for section in section.sections("users") {
        let name = section.required::<String>("name");
        let path = section.required::<String>("password_file");
        let read_only = section.flag("read_only", false);
        let password =
            path.and_then(|path| Password::read_file(&section, "password_file", Path::new(&path)));
        match name {
            Some(name) if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) => {
                section.fault("name", "must be of printable characters without spaces");
            }
            Some(name) if !names.insert(name.clone()) => {
                section.fault("name", format!("`{name}` is taken"));
            }
            name => users.extend(name.zip(password).map(|(name, password)| User {
                name,
                password,
                read_only,
            })),
        }
        section.finish();
    }
    users
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::Faults;

    use super::*;

    #[test]
    fn a_password_matches_only_itself_and_is_never_shown() {
        let password = Password::new(b"secret");
        assert!(password.matches(b"secret"));
        for wrong in [&b""[..], b"secre", b"secrets", b"Secret", b"secretsecret"] {
            assert!(!password.matches(wrong), "{wrong:?}");
        }
        assert_eq!(format!("{password:?}"), "Password(…)");
    }

    #[test]
    fn every_faulty_user_is_reported_and_the_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        fs::write(&file, "secret\n").unwrap();
        let text = format!(
            "[[users]]\nname = \"app\"\npassword_file = {file:?}\nread_only = true\n\
             [[users]]\nname = \"app\"\npassword_file = {file:?}\n\
             [[users]]\nname = \"default\"\npassword_file = {file:?}\n\
             [[users]]\nname = \"a b\"\npassword_file = {file:?}\n\
             [[users]]\nname = \"no-file\"\n\
             [[users]]\nname = \"typo\"\npassword_file = \"/nowhere/x\"\nreadonly = true\n"
        );
        let faults = Faults::default();
        let section = Section::parse(&text, &faults);
        let users = read_users(&section);
        section.finish();
        assert_eq!(
            faults.lines(),
            [
                "users[1].name: `app` is taken",
                "users[2].name: `default` is taken",
                "users[3].name: must be of printable characters without spaces",
                "users[4].password_file: is required",
                "users[5].password_file: cannot read `/nowhere/x`: No such file or directory (os error 2)",
                "users[5].readonly: unknown key, hint: did you mean `read_only`?",
            ]
        );
        let expected = User {
            name: "app".to_owned(),
            password: Password::new(b"secret"),
            read_only: true,
        };
        assert_eq!(users, [expected]);
    }
}
