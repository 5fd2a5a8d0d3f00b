//! Masks transactions before anything is kept, shipped, logged or shown.

use std::collections::HashMap;

use bongsu_sdk_host::{Field, FieldKind};
use bongsu_sdk_model::{Timestamp, Transaction, UrlTemplate};

use crate::plugins::slots::Slots;

/// Most URL templates whose masked form is remembered.
const REMEMBERED: usize = 10_000;
/// Most fields of one call into a plugin.
const BATCH: usize = 512;

/// What the site's maskers, applied one after another, made of URL templates.
#[derive(Default)]
pub(crate) struct Masking {
    /// Of which maskers the templates are.
    revision: u64,
    templates: HashMap<UrlTemplate, UrlTemplate>,
    failures: u64,
}

impl Masking {
    /// Batches that a failing masker made us hide.
    pub(crate) const fn failures(&self) -> u64 {
        self.failures
    }

    /// Masks what may hold personal data: the target and the URL template. Without a masker the target is
    /// replaced by the template, which holds no query and no variable parts.
    pub(crate) fn mask(
        &mut self,
        slots: &mut Slots,
        transactions: &mut [Transaction],
        now: Timestamp,
    ) {
        if !slots.has_masker() {
            for transaction in transactions {
                transaction.target = transaction.url.to_string();
            }
            return;
        }
        let targets = transactions
            .iter()
            .map(|t| t.target.as_str())
            .collect::<Vec<_>>();
        let targets = self.mask_texts(slots, FieldKind::Url, &targets, now);
        self.learn_templates(slots, transactions, now);
        for (transaction, target) in transactions.iter_mut().zip(targets) {
            transaction.target = target;
            if let Some(masked) = self.templates.get(&transaction.url) {
                transaction.url = masked.clone();
            }
        }
    }

    /// Masks texts of any kind; without a masker nothing of them is kept.
    pub(crate) fn texts(
        &mut self,
        slots: &mut Slots,
        kind: FieldKind,
        texts: &[&str],
        now: Timestamp,
    ) -> Vec<String> {
        if !slots.has_masker() {
            return texts.iter().map(|_| String::new()).collect();
        }
        self.mask_texts(slots, kind, texts, now)
    }

    fn learn_templates(&mut self, slots: &mut Slots, transactions: &[Transaction], now: Timestamp) {
        if self.templates.len() > REMEMBERED || self.revision != slots.masking_revision {
            self.revision = slots.masking_revision;
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
        let failures = self.failures;
        let masked = self.mask_texts(slots, FieldKind::Url, &texts, now);
        for (url, masked) in new.into_iter().zip(masked) {
            let masked = UrlTemplate::new(&masked)
                .or_else(|_| UrlTemplate::new(UrlTemplate::OTHER))
                .unwrap_or_else(|_| url.clone());
            self.templates.insert(url, masked);
        }
        if self.failures != failures {
            // What was hidden for want of a masker is not what the masker makes of it: forget it next time.
            self.revision = u64::MAX;
        }
    }

    fn mask_texts(
        &mut self,
        slots: &mut Slots,
        kind: FieldKind,
        texts: &[&str],
        now: Timestamp,
    ) -> Vec<String> {
        let mut masked: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        for masker in 0..slots.maskers() {
            let mut next = Vec::with_capacity(masked.len());
            for chunk in masked.chunks(BATCH) {
                let fields: Vec<Field<'_>> =
                    chunk.iter().map(|text| Field { kind, text }).collect();
                let (texts, answered) = slots.mask(masker, &fields, now);
                self.failures += u64::from(!answered);
                next.extend(texts.into_iter().map(|masked| masked.text.into_owned()));
            }
            masked = next;
        }
        masked
    }
}
