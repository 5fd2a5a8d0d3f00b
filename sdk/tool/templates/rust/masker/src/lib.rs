//! Hides customer numbers such as C-12345678.

use bongsu_sdk_guest::{
    Settings, export_masker,
    masker::{Edit, Field, Masker},
};

struct CustomerNumbers;

impl Masker for CustomerNumbers {
    fn init(settings: &Settings) -> Result<Self, String> {
        settings.finish()?;
        Ok(Self)
    }

    fn mask(&mut self, fields: &[Field]) -> Vec<Edit> {
        let found = |place: usize, field: &Field| -> Vec<Edit> {
            numbers(&field.text)
                .map(|start| Edit::new(place, start..start + 8, "customer-number", "********"))
                .collect()
        };
        fields
            .iter()
            .enumerate()
            .flat_map(|(place, field)| found(place, field))
            .collect()
    }
}

/// Where the digits of each number begin.
fn numbers(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices("C-").filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let digits = text[at + 2..].bytes().take_while(u8::is_ascii_digit).count();
        let alone = !before.is_some_and(|c| c.is_ascii_alphanumeric());
        (alone && digits == 8).then_some(at + 2)
    })
}

export_masker!(CustomerNumbers);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_are_found() {
        assert_eq!(numbers("고객 C-12345678 C-1 XC-12345678").count(), 1);
    }
}
