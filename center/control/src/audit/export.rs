//! The record for other systems: as it is, or in the Common Event Format that log collectors of security teams read.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write},
    str::FromStr,
};

use super::{Audit, Entry};
use crate::Error;

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As they are, to be verified.
    JsonLines,
    /// One CEF event a line, without prompts and replies.
    Cef,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "jsonl" => Ok(Self::JsonLines),
            "cef" => Ok(Self::Cef),
            _ => Err(format!("`{text}` is no format, hint: jsonl or cef")),
        }
    }
}

impl Audit {
    /// Writes the entries of a file from number `from` on.
    ///
    /// # Errors
    /// [`Error::Store`] if either side fails.
    pub fn export(
        path: &std::path::Path,
        format: Format,
        from: u64,
        mut to: impl Write,
    ) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::store("the audit", error);
        let skipped = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
        for line in BufReader::new(File::open(path).map_err(failed)?)
            .lines()
            .skip(skipped)
        {
            let line = line.map_err(failed)?;
            match format {
                Format::JsonLines => writeln!(to, "{line}").map_err(failed)?,
                Format::Cef => {
                    let entry: Entry = serde_json::from_str(&line)
                        .map_err(|error| Error::store("the audit", error))?;
                    writeln!(to, "{}", cef(&entry)).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

fn cef(entry: &Entry) -> String {
    let record = &entry.record;
    let severity = match &*record.status {
        "ok" => 3,
        "refused" | "wrong" | "locked" => 6,
        _ => 5,
    };
    let event = header(&record.event);
    let version = env!("CARGO_PKG_VERSION");
    let mut line = format!("CEF:0|Bongsu|bongsu-center|{version}|{event}|{event}|{severity}|");
    let fields = [
        ("rt", entry.at.as_ms().to_string()),
        ("externalId", entry.seq.to_string()),
        ("suser", record.who.clone()),
        ("src", record.address.clone()),
        ("outcome", record.status.clone()),
        ("cs1Label", "target".to_owned()),
        ("cs1", record.target.clone()),
        ("msg", record.result.clone()),
    ];
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    let fields: Vec<_> = fields
        .map(|(name, value)| format!("{name}={}", extension(value)))
        .collect();
    line.push_str(&fields.join(" "));
    line
}

fn header(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace(['\r', '\n'], " ")
}

fn extension(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('=', "\\=")
        .replace('\r', "\\r")
        .replace('\n', "\\n")
}
