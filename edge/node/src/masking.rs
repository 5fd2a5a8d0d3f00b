//! Masks transactions before anything is kept, shipped, logged or shown.

use std::collections::HashMap;

use bongsu_sdk_host::{Field, FieldKind, Masker};
use bongsu_sdk_model::{Transaction, UrlTemplate};

/// Most URL templates whose masked form is remembered.
const REMEMBERED: usize = 10_000;
/// Most fields of one call into a plugin.
const BATCH: usize = 512;

/// The site's maskers, applied one after another.
pub(crate) struct Masking {
    maskers: Vec<Masker>,
    templates: HashMap<UrlTemplate, UrlTemplate>,
    failures: u64,
}

impl Masking {
    pub(crate) fn new(maskers: Vec<Masker>) -> Self {
        Self {
            maskers,
            templates: HashMap::new(),
            failures: 0,
        }
    }

    /// Batches that a failing masker made us hide.
    pub(crate) const fn failures(&self) -> u64 {
        self.failures
    }

    /// Masks what may hold personal data: the target and the URL template. Without a masker the target is
    /// replaced by the template, which holds no query and no variable parts.
    pub(crate) fn mask(&mut self, transactions: &mut [Transaction]) {
        if self.maskers.is_empty() {
            for transaction in transactions {
                transaction.target = transaction.url.to_string();
            }
            return;
        }
        let targets = transactions
            .iter()
            .map(|t| t.target.as_str())
            .collect::<Vec<_>>();
        let targets = self.mask_texts(FieldKind::Url, &targets);
        self.learn_templates(transactions);
        for (transaction, target) in transactions.iter_mut().zip(targets) {
            transaction.target = target;
            if let Some(masked) = self.templates.get(&transaction.url) {
                transaction.url = masked.clone();
            }
        }
    }

    /// Masks texts of any kind; without a masker nothing of them is kept.
    pub(crate) fn texts(&mut self, kind: FieldKind, texts: &[&str]) -> Vec<String> {
        if self.maskers.is_empty() {
            return texts.iter().map(|_| String::new()).collect();
        }
        self.mask_texts(kind, texts)
    }

    fn learn_templates(&mut self, transactions: &[Transaction]) {
        if self.templates.len() > REMEMBERED {
            self.templates.clear();
        }
        let mut new: Vec<UrlTemplate> = transactions
            .iter()
            .map(|t| &t.url)
            .filter(|u| !self.templates.contains_key(*u))
            .cloned()
            .collect();
        new.sort_unstable();
        new.dedup();
        let texts = new.iter().map(UrlTemplate::as_str).collect::<Vec<_>>();
        let masked = self.mask_texts(FieldKind::Url, &texts);
        for (url, masked) in new.into_iter().zip(masked) {
            let masked = UrlTemplate::new(&masked)
                .or_else(|_| UrlTemplate::new(UrlTemplate::OTHER))
                .unwrap_or_else(|_| url.clone());
            self.templates.insert(url, masked);
        }
    }

    fn mask_texts(&mut self, kind: FieldKind, texts: &[&str]) -> Vec<String> {
        let mut masked: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        for masker in &mut self.maskers {
            let mut next = Vec::with_capacity(masked.len());
            for chunk in masked.chunks(BATCH) {
                let fields: Vec<Field<'_>> =
                    chunk.iter().map(|text| Field { kind, text }).collect();
                let outcome = masker.mask_or_hide(&fields);
                if let Some(failure) = &outcome.failure {
                    self.failures += 1;
                    tracing::warn!(plugin = %masker.manifest().name, "masker failed, texts hidden: {failure}");
                }
                next.extend(
                    outcome
                        .texts
                        .into_iter()
                        .map(|masked| masked.text.into_owned()),
                );
            }
            masked = next;
        }
        masked
    }
}
