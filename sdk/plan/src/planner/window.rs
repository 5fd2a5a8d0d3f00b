//! When: the windows a question names.
//!
//! Words about time that stand together form a group. Without a comparison all groups are one expression
//! ("어제 부산 오후 3시부터 4시까지"); in a comparison each is one side.

mod parts;

use self::parts::Parts;
use super::{
    concept::{Concept, Cue, Time},
    period::Period,
    reading::Reading,
    token::{Kind, Token, Unit},
};

/// What one group of words says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    /// Place of its first token.
    pub(super) at: usize,
    /// Place of its last token.
    pub(super) end: usize,
    pub(super) periods: Vec<Period>,
    pub(super) now: bool,
    /// How far ahead, seconds.
    pub(super) horizon: Option<u64>,
    words: Vec<Time>,
    /// An hour without a half of the day was taken as afternoon.
    pub(super) afternoon: bool,
}

impl Said {
    /// Whether a word stands in the group.
    pub(super) fn has(&self, time: Time) -> bool {
        self.words.contains(&time)
    }

    /// Whether it names any stretch of time.
    pub(super) fn is_empty(&self) -> bool {
        self.periods.is_empty() && !self.now && self.horizon.is_none() && self.words.is_empty()
    }
}

/// Everything the question says about time, as one expression.
pub(super) fn whole(reading: &Reading<'_>, claimed: &[bool]) -> Said {
    let groups = groups(reading, claimed);
    parse(reading, &groups.concat())
}

/// Each side of a comparison; a day and a clock interval apart from each other are one side.
pub(super) fn sides(reading: &Reading<'_>, claimed: &[bool]) -> Vec<Said> {
    let mut merged: Vec<Vec<usize>> = Vec::new();
    for group in groups(reading, claimed) {
        let kind = |k: &usize| reading.get(*k).map(|token| &token.kind);
        let only_clock = group.iter().all(|k| {
            !matches!(
                kind(k),
                Some(Kind::Date { .. } | Kind::Word(Concept::Time(Time::Day(_) | Time::Week(_))))
            )
        }) && group
            .iter()
            .any(|k| matches!(kind(k), Some(Kind::Clock(_))));
        let day_before = merged.last().is_some_and(|last| {
            last.iter().any(|k| {
                matches!(
                    kind(k),
                    Some(Kind::Date { .. } | Kind::Word(Concept::Time(Time::Day(_))))
                )
            }) && last
                .iter()
                .all(|k| !matches!(kind(k), Some(Kind::Clock(_))))
        });
        match merged.last_mut() {
            Some(last) if only_clock && day_before => last.extend(group),
            _ => merged.push(group),
        }
    }
    merged
        .iter()
        .flat_map(|group| split_at_two_days(reading, group))
        .map(|group| parse(reading, &group))
        .filter(|said| !said.is_empty())
        .collect()
}

/// "어제와 오늘" is two sides, "어제부터 오늘까지" one.
fn split_at_two_days(reading: &Reading<'_>, group: &[usize]) -> Vec<Vec<usize>> {
    let time = |k: &usize| reading.get(*k).and_then(Token::time);
    let ranged = group.iter().any(|k| {
        matches!(
            time(k),
            Some(Time::From | Time::Until | Time::Between | Time::Since)
        ) || matches!(reading.get(*k).map(|t| &t.kind), Some(Kind::Tilde))
    });
    let anchor = |k: &usize| {
        matches!(
            time(k),
            Some(
                Time::Now
                    | Time::Day(_)
                    | Time::Week(_)
                    | Time::Month(_)
                    | Time::Quarter(_)
                    | Time::Year(_)
                    | Time::PreviousDay
                    | Time::PreviousWeek
                    | Time::PreviousMonth
                    | Time::PreviousYear
                    | Time::Usual
                    | Time::Past
            )
        ) || matches!(
            reading.get(*k).map(|t| &t.kind),
            Some(Kind::Month { .. } | Kind::Year(_) | Kind::Quarter(_))
        )
    };
    // A week with a weekday in it is one anchor.
    let anchors: Vec<usize> = group.iter().copied().filter(|k| anchor(k)).collect();
    let second = anchors.get(1).copied().unwrap_or(usize::MAX);
    // "오늘 9시~10시와 어제 9시~10시": each side has its own clock, so the range is within a side.
    let clock = |k: &&usize| matches!(reading.get(**k).map(|t| &t.kind), Some(Kind::Clock(_)));
    let clocks = |side: fn(usize, usize) -> bool| {
        group
            .iter()
            .filter(|k| side(**k, second))
            .filter(clock)
            .count()
    };
    let two_clocks = clocks(|k, second| k < second) > 0 && clocks(|k, second| k > second) > 0;
    if (ranged && !two_clocks) || anchors.len() < 2 {
        return vec![group.to_vec()];
    }
    // "today … the same weekday last week": the words of sameness belong to the second side.
    let first_same = group.iter().copied().find(|k| {
        matches!(
            time(k),
            Some(Time::SameTime | Time::SameWeekday | Time::SamePeriod)
        )
    });
    let cut = match first_same {
        Some(same) if same < second && anchors.first().is_some_and(|first| *first < same) => same,
        _ => second,
    };
    let (head, tail): (Vec<usize>, Vec<usize>) = group.iter().partition(|k| **k < cut);
    vec![head, tail]
}

/// Places of tokens about time, grouped where nothing else stands between.
fn groups(reading: &Reading<'_>, claimed: &[bool]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = vec![Vec::new()];
    for (k, token) in reading.tokens.iter().enumerate() {
        let free = !claimed.get(k).copied().unwrap_or(false);
        let timely = match &token.kind {
            Kind::Word(Concept::Time(_))
            | Kind::Clock(_)
            | Kind::Date { .. }
            | Kind::Month { .. }
            | Kind::Year(_)
            | Kind::Quarter(_)
            | Kind::Tilde => true,
            Kind::Quantity(quantity) => quantity.is_time() && quantity.unit != Unit::Ms,
            _ => false,
        };
        let passes = matches!(
            token.kind,
            Kind::Word(Concept::Filler | Concept::Cue(Cue::Follow | Cue::Step))
        );
        // "부산에서 어제": the particle belongs to the place before it.
        let particle = matches!(
            token.kind,
            Kind::Word(Concept::Time(Time::From | Time::Until))
        ) && reading
            .text
            .low
            .get(token.at..token.end)
            .is_some_and(|word| !word.is_ascii());
        match groups.last_mut() {
            Some(last) if timely && free && particle && last.is_empty() => {}
            Some(last) if timely && free => last.push(k),
            Some(last) if !passes && !last.is_empty() => groups.push(Vec::new()),
            _ => {}
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn parse(reading: &Reading<'_>, group: &[usize]) -> Said {
    let mut parts = Parts::read(reading, group);
    let mut said = Said {
        at: group.first().copied().unwrap_or_default(),
        end: group.last().copied().unwrap_or_default(),
        now: parts.words.contains(&Time::Now),
        words: std::mem::take(&mut parts.words),
        ..Said::default()
    };
    let now = reading.now.datetime();
    parts.horizon(&mut said, reading.now.date());
    if said.horizon.is_none() {
        said.periods = parts.periods(&said, now);
        said.afternoon = parts.afternoon;
    }
    said
}
