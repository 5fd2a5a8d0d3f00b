//! The first line of a script that says how it is to be run: `#!lua flags=no-writes`.

/// What a script says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Where its text begins: the end of the line, so that lines keep their numbers.
    pub(super) length: usize,
    /// It promises to write nothing.
    pub(super) no_writes: bool,
}

impl Header {
    /// Reads it; a script without one says nothing. The error is Redis's.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        if !text.starts_with(b"#!") {
            return Ok(Self::default());
        }
        let Some(length) = memchr::memchr(b'\n', text) else {
            return Err("ERR Invalid script shebang".to_owned());
        };
        let line = String::from_utf8_lossy(text.get(..length).unwrap_or_default()).into_owned();
        let mut words = line.split_ascii_whitespace();
        let engine = words.next().unwrap_or_default();
        if engine != "#!lua" {
            return Err(format!("ERR Unexpected engine in script shebang: {engine}"));
        }
        let mut no_writes = false;
        for word in words {
            let Some(flags) = word.strip_prefix("flags=") else {
                return Err(format!("ERR Unknown lua shebang option: {word}"));
            };
            for flag in flags.split(',').filter(|flag| !flag.is_empty()) {
                match flag {
                    "no-writes" => no_writes = true,
                    "allow-oom" | "allow-stale" | "no-cluster" | "allow-cross-slot-keys" => {}
                    _ => return Err(format!("ERR Unexpected flag in script shebang: {flag}")),
                }
            }
        }
        Ok(Self { length, no_writes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_or_refused_in_rediss_words() {
        let read = |text: &str| Header::read(text.as_bytes());
        assert_eq!(read("return 1"), Ok(Header::default()));
        let header = Header {
            length: 32,
            no_writes: true,
        };
        assert_eq!(
            read("#!lua flags=allow-oom,no-writes \nreturn 1"),
            Ok(header)
        );
        for (text, error) in [
            ("#!lua", "ERR Invalid script shebang"),
            ("#!js\n", "ERR Unexpected engine in script shebang: #!js"),
            ("#!lua name=x\n", "ERR Unknown lua shebang option: name=x"),
            (
                "#!lua flags=a\n",
                "ERR Unexpected flag in script shebang: a",
            ),
        ] {
            assert_eq!(read(text), Err(error.to_owned()));
        }
    }
}
