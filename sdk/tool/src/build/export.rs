//! Gives one export of a component another name of the same length, in place.

use anyhow::{Context as _, Result, bail};
use wasmparser::{Parser, Payload};

/// Renames the export `from` of the outermost component to `to`.
pub(super) fn rename(mut component: Vec<u8>, from: &str, to: &str) -> Result<Vec<u8>> {
    if from.len() != to.len() {
        bail!("`{from}` and `{to}` differ in length");
    }
    let at = place(&component, from)?;
    let name = component
        .get_mut(at..at + from.len())
        .context("the component is cut off")?;
    name.copy_from_slice(to.as_bytes());
    Ok(component)
}

/// Where the name of the export begins.
fn place(component: &[u8], name: &str) -> Result<usize> {
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.context("the component cannot be read")? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section.into_iter_with_offsets() {
                    let (start, export) = export?;
                    if export.name.name == name {
                        let after = component.get(start..).unwrap_or_default();
                        let within =
                            find(after, name.as_bytes()).context("an export has no name")?;
                        return Ok(start + within);
                    }
                }
            }
            _ => {}
        }
    }
    bail!("the component exports no `{name}`")
}

fn find(bytes: &[u8], name: &[u8]) -> Option<usize> {
    bytes.windows(name.len()).position(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with one empty instance, exported as `name`.
    fn component(name: &str) -> Vec<u8> {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend([5, 3, 1, 1, 0]);
        let length = u8::try_from(name.len()).unwrap();
        bytes.extend([11, length + 6, 1, 0, length]);
        bytes.extend(name.as_bytes());
        bytes.extend([5, 0, 0]);
        bytes
    }

    #[test]
    fn an_export_gets_another_name_of_the_same_length() {
        assert_eq!(
            rename(component("boot"), "boot", "init").unwrap(),
            component("init")
        );
    }

    #[test]
    fn what_is_not_there_or_does_not_fit_is_refused() {
        assert!(rename(component("boot"), "soot", "init").is_err());
        assert!(rename(component("boot"), "boot", "start").is_err());
        assert!(rename(b"PK\x03\x04".to_vec(), "boot", "init").is_err());
    }
}
