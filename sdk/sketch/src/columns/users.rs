//! The distinct users of rows.
//!
//! A sketch takes one of three forms, a byte each in `forms`:
//!
//! - **0, small:** its codes are found in the group's list, below.
//! - **1, large:** its registers are the next 16 384 bytes of `registers`.
//! - **2, follows:** it is the union of what is below it in its interval: the site is its applications, an
//!   application its instances and URLs. That is so unless something was stripped; it is checked, not assumed.
//!
//! Rows fall into groups: one per application, one for the site. A group lists, mode after mode, each
//! distinct code once: its rows (their number and differences of their positions, in `marks`), the lower 24
//! bits of its index (in `index`) and the rank with the index's top bit above it (in `rank`). The list is sorted by
//! rows, then code. Where people have one cookie, one session and one address each, the three modes have the
//! same rows in the same order; so the rows of a mode are written as an edit of those of the mode before it:
//! `count << 2 | 0` copy so many, `| 1` skip so many, `| 2` so many follow in full, `3` end.

use std::cmp::Ordering;

use bongsu_sdk_model::{IdentityMode, Scope};

use super::{
    Row, groups,
    streams::{Readers, Streams, push_u64, take_u64},
};
use crate::{
    BlockError, DistinctSketch, RollUp,
    dense::{Dense, REGISTERS},
    distinct::{Form, SPARSE_MAX},
    sparse::Code,
};

const SMALL: u8 = 0;
const LARGE: u8 = 1;
const FOLLOWS: u8 = 2;

const COPY: u64 = 0;
const SKIP: u64 = 1;
const FULL: u64 = 2;
const END: u64 = 3;

const LOW_BITS: u32 = 24;
const TOP_BIT: u8 = 1 << 6;

/// Positions within a group of the rows that hold a code.
type Marks = Vec<u32>;

pub(super) fn write(rows: &[Row], to: &mut Streams) {
    let forms: Vec<[u8; 3]> = forms(rows);
    to.forms.extend(forms.iter().flatten());
    for (row, forms) in rows.iter().zip(&forms) {
        for (sketch, form) in row.rollup.users.iter().zip(forms) {
            if let (LARGE, Form::Dense(dense)) = (*form, &sketch.0) {
                to.registers.extend(dense.registers());
            }
        }
    }
    for group in groups(rows.iter().map(|row| row.scope)) {
        let mut before = Vec::new();
        for mode in IdentityMode::ALL {
            let small = group.iter().map(|at| {
                let is_small = forms.get(*at).and_then(|f| f.get(mode.index())) == Some(&SMALL);
                let sketch = rows.get(*at).map(|row| row.rollup.users(mode));
                match sketch.map(|sketch| &sketch.0) {
                    Some(Form::Sparse(codes)) if is_small => codes.as_slice(),
                    _ => &[],
                }
            });
            let (marks, codes) = listed(small);
            write_edit(&before, &marks, &mut to.marks);
            for code in codes {
                let [low, middle, high, top] = code.index().to_le_bytes();
                to.index.extend([low, middle, high]);
                to.rank.push(code.rank() as u8 | (top * TOP_BIT));
            }
            before = marks;
        }
    }
}

pub(super) fn read(
    places: &[(usize, &Scope)],
    rollups: &mut [RollUp],
    from: &mut Readers,
) -> Result<(), BlockError> {
    let (forms, rest) = from
        .forms
        .split_at_checked(rollups.len() * 3)
        .ok_or(BlockError::Content)?;
    from.forms = rest;
    for (rollup, forms) in rollups.iter_mut().zip(forms.chunks_exact(3)) {
        for (sketch, form) in rollup.users.iter_mut().zip(forms) {
            match *form {
                LARGE => *sketch = DistinctSketch(Form::Dense(registers(&mut from.registers)?)),
                SMALL | FOLLOWS => {}
                _ => return Err(BlockError::Content),
            }
        }
    }
    for group in groups(places.iter().map(|(_, scope)| *scope)) {
        let mut marks = Vec::new();
        for mode in IdentityMode::ALL {
            marks = read_edit(&marks, group.len(), &mut from.marks)?;
            place(&marks, mode, &group, (rollups, forms), from)?;
        }
    }
    follow(places, rollups, forms)
}

/// How each row's sketches are written.
fn forms(rows: &[Row]) -> Vec<[u8; 3]> {
    let mut forms: Vec<[u8; 3]> = rows
        .iter()
        .map(|row| {
            let form = |sketch: &DistinctSketch| u8::from(matches!(sketch.0, Form::Dense(_)));
            row.rollup.users.each_ref().map(form)
        })
        .collect();
    let places: Vec<_> = rows.iter().map(|row| (row.interval, row.scope)).collect();
    for (above, below) in families(&places) {
        for mode in IdentityMode::ALL {
            let sketch = |at: &usize| rows.get(*at).map(|row| row.rollup.users(mode));
            let union = union(below.iter().filter_map(sketch));
            if let Some(held) = sketch(&above)
                && !held.is_empty()
                && *held == union
                && let Some(form) = forms.get_mut(above).and_then(|f| f.get_mut(mode.index()))
            {
                *form = FOLLOWS;
            }
        }
    }
    forms
}

/// Rows that may follow from others, with those: applications before sites.
fn families(places: &[(usize, &Scope)]) -> Vec<(usize, Vec<usize>)> {
    let mut apps: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut sites: Vec<(usize, Vec<usize>)> = Vec::new();
    // Scopes are sorted: a site, its applications, their instances, their URLs.
    let mut of_interval: Vec<(usize, &str)> = Vec::new();
    let mut interval = None;
    for (row, (at, scope)) in places.iter().enumerate() {
        if interval != Some(*at) {
            interval = Some(*at);
            of_interval.clear();
        }
        match scope {
            Scope::Site => sites.push((row, Vec::new())),
            Scope::App(app) => {
                of_interval.push((apps.len(), app.as_str()));
                apps.push((row, Vec::new()));
                if let Some((site, below)) = sites.last_mut()
                    && places.get(*site).is_some_and(|(of, _)| of == at)
                {
                    below.push(row);
                }
            }
            Scope::Instance(app, _) | Scope::Url(app, _) => {
                let family = of_interval
                    .binary_search_by(|(_, name)| (*name).cmp(app.as_str()))
                    .ok()
                    .and_then(|found| of_interval.get(found))
                    .and_then(|(family, _)| apps.get_mut(*family));
                if let Some((_, below)) = family {
                    below.push(row);
                }
            }
        }
    }
    apps.extend(sites);
    apps
}

fn union<'a>(sketches: impl Iterator<Item = &'a DistinctSketch>) -> DistinctSketch {
    let mut codes = Vec::new();
    let mut whole = DistinctSketch::default();
    for sketch in sketches {
        match &sketch.0 {
            Form::Sparse(some) => codes.extend_from_slice(some),
            Form::Dense(_) => whole.union(sketch),
        }
    }
    codes.sort_unstable();
    // Of two codes with one index the higher rank stays; it is the later one.
    codes.dedup_by(|later, kept| {
        let same = later.index() == kept.index();
        if same {
            *kept = (*kept).max(*later);
        }
        same
    });
    for some in codes.chunks(SPARSE_MAX) {
        whole.union(&DistinctSketch(Form::Sparse(some.to_vec())));
    }
    whole
}

/// Computes what was not written.
fn follow(
    places: &[(usize, &Scope)],
    rollups: &mut [RollUp],
    forms: &[u8],
) -> Result<(), BlockError> {
    let mut following = forms.iter().filter(|form| **form == FOLLOWS).count();
    for (above, below) in families(places) {
        for mode in IdentityMode::ALL {
            if forms.get(above * 3 + mode.index()) != Some(&FOLLOWS) {
                continue;
            }
            let sketch = |at: &usize| rollups.get(*at).map(|rollup| rollup.users(mode));
            let union = union(below.iter().filter_map(sketch));
            if let Some(rollup) = rollups.get_mut(above) {
                *rollup.users_mut(mode) = union;
                following -= 1;
            }
        }
    }
    if following == 0 {
        Ok(())
    } else {
        Err(BlockError::Content)
    }
}

/// Every distinct code with its rows, sorted by rows and then code.
fn listed<'a>(rows: impl Iterator<Item = &'a [Code]>) -> (Vec<Marks>, Vec<Code>) {
    let mut pairs: Vec<(Code, u32)> = (0..)
        .zip(rows)
        .flat_map(|(row, codes)| codes.iter().map(move |code| (*code, row)))
        .collect();
    pairs.sort_unstable();
    let mut listed: Vec<(Marks, Code)> = pairs
        .chunk_by(|a, b| a.0 == b.0)
        .filter_map(|same| {
            let marks = same.iter().map(|(_, row)| *row).collect();
            same.first().map(|(code, _)| (marks, *code))
        })
        .collect();
    listed.sort_unstable();
    listed.into_iter().unzip()
}

/// Writes how `now` is made from `before`; both are sorted.
fn write_edit(before: &[Marks], now: &[Marks], out: &mut Vec<u8>) {
    let (mut old, mut new) = (before, now);
    let ends = |list: &[Marks], with: &[Marks], order: Ordering| {
        let until = with.first();
        list.iter()
            .take_while(|marks| until.is_none_or(|until| (*marks).cmp(until) == order))
            .count()
    };
    while !(old.is_empty() && new.is_empty()) {
        let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        if same > 0 {
            push_u64(out, (same as u64) << 2 | COPY);
            old = old.get(same..).unwrap_or_default();
            new = new.get(same..).unwrap_or_default();
            continue;
        }
        let skipped = ends(old, new, Ordering::Less);
        if skipped > 0 {
            push_u64(out, (skipped as u64) << 2 | SKIP);
            old = old.get(skipped..).unwrap_or_default();
            continue;
        }
        let full = ends(new, old, Ordering::Less);
        push_u64(out, (full as u64) << 2 | FULL);
        let (written, rest) = new.split_at_checked(full).unwrap_or((new, &[]));
        for marks in written {
            push_u64(out, marks.len() as u64);
            let mut last = 0;
            for mark in marks {
                push_u64(out, u64::from(mark - last));
                last = *mark;
            }
        }
        new = rest;
    }
    push_u64(out, END);
}

fn read_edit(before: &[Marks], rows: usize, from: &mut &[u8]) -> Result<Vec<Marks>, BlockError> {
    let (mut old, mut new) = (before, Vec::new());
    loop {
        let word = take_u64(from).ok_or(BlockError::Content)?;
        let count = usize::try_from(word >> 2).map_err(|_| BlockError::Content)?;
        match word & 3 {
            COPY | SKIP => {
                let (taken, rest) = old.split_at_checked(count).ok_or(BlockError::Content)?;
                if word & 3 == COPY {
                    new.extend_from_slice(taken);
                }
                old = rest;
            }
            FULL => {
                for _ in 0..count {
                    new.push(read_marks(rows, from)?);
                }
            }
            _ => return Ok(new),
        }
    }
}

/// Ascending positions below `rows`.
fn read_marks(rows: usize, from: &mut &[u8]) -> Result<Marks, BlockError> {
    let len = take_u64(from).ok_or(BlockError::Content)?;
    let mut marks = Vec::new();
    let mut last = 0_u64;
    for at in 0..len {
        let step = take_u64(from).ok_or(BlockError::Content)?;
        last = last.checked_add(step).ok_or(BlockError::Content)?;
        if (step == 0 && at > 0) || last >= rows as u64 {
            return Err(BlockError::Content);
        }
        marks.push(u32::try_from(last).map_err(|_| BlockError::Content)?);
    }
    Ok(marks)
}

/// Gives each listed code to its rows.
fn place(
    marks: &[Marks],
    mode: IdentityMode,
    group: &[usize],
    (rollups, forms): (&mut [RollUp], &[u8]),
    from: &mut Readers,
) -> Result<(), BlockError> {
    let mut small: Vec<Vec<Code>> = vec![Vec::new(); group.len()];
    for marks in marks {
        let code = code(from).ok_or(BlockError::Content)?;
        for mark in marks {
            let codes = small.get_mut(*mark as usize).ok_or(BlockError::Content)?;
            codes.push(code);
        }
    }
    for (at, mut codes) in group.iter().zip(small) {
        if codes.is_empty() {
            continue;
        }
        codes.sort_unstable();
        let distinct = codes.is_sorted_by(|a, b| a.index() < b.index());
        let is_small = forms.get(at * 3 + mode.index()) == Some(&SMALL);
        if !distinct || !is_small || codes.len() > SPARSE_MAX {
            return Err(BlockError::Content);
        }
        let rollup = rollups.get_mut(*at).ok_or(BlockError::Content)?;
        *rollup.users_mut(mode) = DistinctSketch(Form::Sparse(codes));
    }
    Ok(())
}

fn code(from: &mut Readers) -> Option<Code> {
    let (index, rest) = from.index.split_first_chunk::<3>()?;
    from.index = rest;
    let (rank, rest) = from.rank.split_first()?;
    from.rank = rest;
    let [low, middle, high] = index.map(u32::from);
    let index = u32::from(rank / TOP_BIT) << LOW_BITS | high << 16 | middle << 8 | low;
    Code::of_parts(index, u32::from(rank % TOP_BIT))
}

fn registers(from: &mut &[u8]) -> Result<Dense, BlockError> {
    let (registers, rest) = from
        .split_at_checked(REGISTERS)
        .ok_or(BlockError::Content)?;
    *from = rest;
    Dense::of_registers(registers).ok_or(BlockError::Content)
}
