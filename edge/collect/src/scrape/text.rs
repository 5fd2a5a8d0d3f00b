//! Prometheus' text format, version 0.0.4, and what OpenMetrics has in common with it.
//!
//! A line that is none is counted and leaves its neighbours. Values that are no finite number are left out.

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

impl Series {
    /// A label's value; empty if it is not there.
    pub(super) fn label(&self, name: &str) -> &str {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map_or("", |(_, value)| value)
    }
}

/// What an answer holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Read {
    pub(super) series: Vec<Series>,
    pub(super) unparsed: usize,
}

/// The samples of an answer; `None` if they are more than `most`.
pub(super) fn parse(body: &[u8], most: usize) -> Option<Read> {
    let mut read = Read::default();
    for line in body.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match sample(line) {
            Some(series) if !series.value.is_finite() => {}
            Some(_) if read.series.len() >= most => return None,
            Some(series) => read.series.push(series),
            None => read.unparsed += 1,
        }
    }
    Some(read)
}

/// `name{label="value",…} value timestamp`
fn sample(line: &str) -> Option<Series> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let (name, mut rest) = line.split_at(line.find(|c| !is_name(c))?);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        while let Some(label) = rest.strip_prefix(',').or(Some(rest)) {
            let label = label.trim_start();
            if let Some(behind) = label.strip_prefix('}') {
                rest = behind;
                break;
            }
            let (key, behind) = label.split_once('=')?;
            let (value, behind) = quoted(behind.trim_start().strip_prefix('"')?)?;
            labels.push((key.trim().to_owned(), value));
            rest = behind.trim_start();
        }
    }
    let value = rest.split_whitespace().next()?.parse().ok()?;
    let is_named = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    is_named.then(|| Series {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// A label's value without its escapes, and what stands behind its closing quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read_and_bad_ones_leave_their_neighbours() {
        let body = b"# HELP a b\n# TYPE a gauge\na 1\nb{x=\"1\",y=\"q\\\"\\n\\\\\",} 2.5e3 1395066363000\r\n\
            c{} +Inf\nd NaN\n{x=\"1\"} 3\ne{x=1} 4\nf{x=\"1\ng\n9h 1\n\xff\xfe 1\nlast{ a = \"b\" } -1\n";
        let read = parse(body, 10).unwrap();
        let found: Vec<_> = read
            .series
            .iter()
            .map(|s| (s.name.as_str(), s.value))
            .collect();
        assert_eq!(found, [("a", 1.0), ("b", 2_500.0), ("last", -1.0)]);
        assert_eq!(read.series[1].label("y"), "q\"\n\\");
        assert_eq!(
            (read.series[2].label("a"), read.series[2].label("b")),
            ("b", "")
        );
        assert_eq!(read.unparsed, 6);
    }

    #[test]
    fn too_many_are_refused() {
        assert_eq!(parse(b"a 1\nb 1\n", 1), None);
        assert!(parse(b"a 1\nb 1\n", 2).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_answer_makes_it_panic(body in "[a-z0-9{}=\",\\\\ \n#.]{0,200}") {
            let _ = parse(body.as_bytes(), 1_000);
        }
    }
}
