//! When: the windows a question names.
//!
//! Words about time that stand together form a group. Without a comparison all groups are one expression
//! ("어제 부산 오후 3시부터 4시까지"); in a comparison each is one side.

use jiff::{
    ToSpan,
    civil::{Date, DateTime},
};

use super::{
    concept::{Concept, Time},
    period::{Period, PeriodKind, later, start},
    reading::Reading,
    token::{Clock, Half, Kind, Quantity, Unit},
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
    let time = |k: &usize| reading.get(*k).and_then(super::token::Token::time);
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
    if ranged || anchors.len() < 2 {
        return vec![group.to_vec()];
    }
    let second = anchors.get(1).copied().unwrap_or(usize::MAX);
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
            Kind::Word(
                Concept::Filler
                    | Concept::Cue(super::concept::Cue::Follow | super::concept::Cue::Step)
            )
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

/// The pieces of an expression, by kind.
struct Parts {
    words: Vec<Time>,
    days: Vec<Date>,
    units: Vec<Period>,
    clocks: Vec<Clock>,
    lengths: Vec<Quantity>,
    halves: Vec<Time>,
    afternoon: bool,
    tilde: bool,
}

impl Parts {
    fn read(reading: &Reading<'_>, group: &[usize]) -> Self {
        let today = reading.now.date();
        let mut parts = Self {
            words: Vec::new(),
            days: Vec::new(),
            units: Vec::new(),
            clocks: Vec::new(),
            lengths: Vec::new(),
            halves: Vec::new(),
            afternoon: false,
            tilde: false,
        };
        let mut half: Option<Half> = None;
        for (n, &k) in group.iter().enumerate() {
            let Some(token) = reading.get(k) else {
                continue;
            };
            match &token.kind {
                Kind::Word(Concept::Time(time)) => {
                    parts.words.push(*time);
                    parts.word(*time, today);
                    half = said_half(*time).or(half);
                }
                Kind::Clock(clock) => {
                    let next = group
                        .get(n + 1)
                        .and_then(|k| reading.get(*k))
                        .and_then(super::token::Token::time)
                        .and_then(said_half);
                    let own = clock
                        .half
                        .or(half)
                        .or(next.filter(|_| clock.half.is_none()));
                    parts.clocks.push(Clock {
                        half: own,
                        ..*clock
                    });
                    half = own;
                }
                Kind::Date { year, month, day } => {
                    parts.days.extend(date(*year, *month, *day, today))
                }
                Kind::Month { year, month } => parts.month(*year, *month, today),
                Kind::Year(year) => {
                    let first = Date::new(*year, 1, 1).ok();
                    let next = Date::new(year.saturating_add(1), 1, 1).ok();
                    parts.units.extend(
                        first
                            .zip(next)
                            .map(|(a, b)| Period::new(start(a), start(b), PeriodKind::Year)),
                    );
                }
                Kind::Quarter(quarter) => {
                    let year = parts
                        .units
                        .last()
                        .filter(|unit| unit.kind == PeriodKind::Year)
                        .map_or(today.year(), |unit| unit.from.year());
                    if parts
                        .units
                        .last()
                        .is_some_and(|unit| unit.kind == PeriodKind::Year)
                    {
                        parts.units.pop();
                    }
                    let middle = Date::new(year, 3 * quarter - 1, 1).ok();
                    parts
                        .units
                        .extend(middle.and_then(|middle| Period::unit(Time::Quarter(0), middle)));
                }
                Kind::Quantity(quantity) => parts.quantity(*quantity, reading, group, n),
                Kind::Tilde => parts.tilde = true,
                _ => {}
            }
        }
        parts.weekdays(today);
        parts
    }

    fn word(&mut self, time: Time, today: Date) {
        match time {
            Time::Day(n) => self.days.push(later(today, i64::from(n))),
            Time::Week(_) | Time::Month(_) | Time::Quarter(_) | Time::Year(_) => {
                self.units.extend(Period::unit(time, today));
            }
            Time::Am | Time::Pm | Time::Part(..) => self.halves.push(time),
            Time::LastNight => self.days.push(later(today, -1)),
            Time::Noon => self.clocks.push(Clock {
                hour: 12,
                minute: 0,
                exact: true,
                half: None,
            }),
            Time::Midnight => self.clocks.push(Clock {
                hour: 0,
                minute: 0,
                exact: true,
                half: None,
            }),
            _ => {}
        }
    }

    fn month(&mut self, year: Option<i16>, month: i8, today: Date) {
        let year = year.or_else(|| {
            let named = self
                .units
                .last()
                .filter(|unit| unit.kind == PeriodKind::Year)
                .map(|unit| unit.from.year());
            if named.is_some() {
                self.units.pop();
            }
            named
        });
        self.units.extend(Period::month(year, month, today));
    }

    /// A length of time, or the day of a month named before: "11월 10일부터 12일까지".
    fn quantity(&mut self, quantity: Quantity, reading: &Reading<'_>, group: &[usize], n: usize) {
        let next = group
            .get(n + 1)
            .and_then(|k| reading.get(*k))
            .and_then(super::token::Token::time);
        let ranged = matches!(next, Some(Time::From | Time::Until)) || self.tilde;
        let named = self.days.last().copied();
        if quantity.unit == Unit::Day
            && ranged
            && (named.is_some() || matches!(next, Some(Time::From)))
        {
            let base = named.unwrap_or_else(|| reading.now.date());
            let day = quantity.count().and_then(|day| i8::try_from(day).ok());
            self.days
                .extend(day.and_then(|day| Date::new(base.year(), base.month(), day).ok()));
        } else {
            self.lengths.push(quantity);
        }
    }

    /// Weekdays: of the week named, else the latest that has come.
    fn weekdays(&mut self, today: Date) {
        let named: Vec<i8> = self
            .words
            .iter()
            .filter_map(|word| {
                if let Time::Weekday(day) = word {
                    Some(*day)
                } else {
                    None
                }
            })
            .collect();
        let week = self
            .units
            .iter()
            .position(|unit| unit.kind == PeriodKind::Week);
        for day in named {
            let date = match week.and_then(|week| self.units.get(week)) {
                Some(week) => later(week.from.date(), i64::from(day) - 1),
                None => {
                    let back = (i64::from(today.weekday().to_monday_one_offset()) - i64::from(day))
                        .rem_euclid(7);
                    let strictly = self
                        .words
                        .iter()
                        .any(|word| matches!(word, Time::Last | Time::Recent));
                    later(today, -if back == 0 && strictly { 7 } else { back })
                }
            };
            self.days.push(date);
        }
        let any_day = self
            .words
            .iter()
            .any(|word| matches!(word, Time::Weekday(_)));
        if let (Some(week), true) = (week, any_day) {
            self.units.remove(week);
        }
    }

    /// How far ahead, when the expression looks ahead.
    fn horizon(&self, said: &mut Said, today: Date) {
        let ahead = said.has(Time::Later) || said.has(Time::Next);
        let length = self
            .lengths
            .first()
            .and_then(|length| length.whole_seconds());
        said.horizon = match (length, ahead) {
            (Some(length), true) => Some(length),
            _ if self.days.iter().any(|day| *day > today) && self.clocks.is_empty() => self
                .days
                .iter()
                .max()
                .and_then(|day| u64::try_from((*day - today).get_days()).ok())
                .map(|days| days * 86_400),
            _ if said.has(Time::Week(1)) => Some(7 * 86_400),
            _ if said.has(Time::Month(1)) => Some(30 * 86_400),
            _ => None,
        };
    }

    fn periods(&mut self, said: &Said, now: DateTime) -> Vec<Period> {
        if !self.clocks.is_empty() {
            return self.clock_period(said, now).into_iter().collect();
        }
        if let Some(length) = self.lengths.first().copied() {
            return self.rolling(length, said, now).into_iter().collect();
        }
        if let Some(period) = self.named_rolling(said, now) {
            return vec![period];
        }
        if !self.days.is_empty() {
            return self.day_periods(said, now);
        }
        if let Some(weekend) = self.weekend(said, now) {
            return vec![weekend];
        }
        if !self.units.is_empty() {
            return self.unit_periods(said, now);
        }
        let part = self
            .halves
            .first()
            .copied()
            .filter(|_| !said.has(Time::Until));
        part.map(|part| day_part(now.date(), part).until(now))
            .into_iter()
            .collect()
    }

    fn clock_period(&mut self, said: &Said, now: DateTime) -> Option<Period> {
        let today = now.date();
        let first_day = self.days.first().copied().unwrap_or(today);
        let last_day = self.days.get(1).copied().unwrap_or(first_day);
        let mut hours: Vec<i8> = Vec::new();
        for clock in self.clocks.clone() {
            // "0시부터 6시까지": an hour behind an earlier one on a 24-hour clock is read as it stands.
            let literal = clock.half.is_none()
                && !self.afternoon
                && hours.last().is_some_and(|first| *first < clock.hour);
            let hour = if literal {
                clock.hour
            } else {
                self.hour(clock)
            };
            hours.push(hour);
        }
        let at = |(hour, clock): (&i8, &Clock)| {
            let since = i64::from(*hour).hours().minutes(i64::from(clock.minute));
            start(first_day)
                .checked_add(since)
                .unwrap_or(start(first_day))
        };
        let clocks: Vec<DateTime> = hours.iter().zip(&self.clocks).map(at).collect();
        let first = *clocks.first()?;
        let length = self
            .lengths
            .first()
            .and_then(|length| length.whole_seconds())
            .and_then(|s| i64::try_from(s).ok());
        let open_end =
            said.has(Time::Since) || (said.has(Time::From) && (said.now || !said.has(Time::Until)));
        let end_of_day = start(later(first_day, 1));
        let (from, to) = match (clocks.get(1).copied(), length) {
            (Some(second), _) => {
                let days = (last_day - first_day).get_days();
                let mut to = second.checked_add(days.days()).ok()?;
                if to <= first {
                    // "오전 11시부터 1시까지", then "밤 11시부터 1시까지".
                    let half_later = to.checked_add(12.hours()).ok()?;
                    to = if half_later > first {
                        half_later
                    } else {
                        to.checked_add(24.hours()).ok()?
                    };
                }
                (first, to)
            }
            (None, Some(length)) => (first, first.checked_add(length.seconds()).ok()?),
            (None, None) if open_end => (first, if first_day == today { now } else { end_of_day }),
            (None, None) if said.has(Time::Until) || said.has(Time::Before) => {
                (start(first_day), first)
            }
            (None, None) => (first, first.checked_add(1.hour()).ok()?),
        };
        (from < to).then(|| Period::new(from, to, PeriodKind::Clock))
    }

    /// The hour on a 24-hour clock. A small hour without "am" is in the afternoon, and that is said.
    fn hour(&mut self, clock: Clock) -> i8 {
        match (clock.half, clock.hour) {
            (Some(Half::Am), 12) => 0,
            (Some(Half::Pm), hour) if hour < 12 => hour + 12,
            (None, hour @ 1..=6) if !clock.exact => {
                self.afternoon = true;
                hour + 12
            }
            (_, hour) => hour,
        }
    }

    /// A length ending now; "3일 전" is that day, "2주 전" that week.
    fn rolling(&self, length: Quantity, said: &Said, now: DateTime) -> Option<Period> {
        let count = length.count().and_then(|count| i8::try_from(count).ok());
        if said.has(Time::Ago) && !said.has(Time::From) && !said.has(Time::Since) {
            let today = now.date();
            match (length.unit, count) {
                (Unit::Day, Some(n)) => return Some(Period::day(later(today, -i64::from(n)))),
                (Unit::Week, Some(n)) => return Period::unit(Time::Week(-n), today),
                (Unit::Month, Some(n)) => return Period::unit(Time::Month(-n), today),
                (Unit::Year, Some(n)) => return Period::unit(Time::Year(-n), today),
                _ => {}
            }
        }
        let whole = || length.count().map(i64::from);
        let from = match length.unit {
            Unit::Month => now.checked_sub(whole()?.months()),
            Unit::Year => now.checked_sub(whole()?.years()),
            _ => now.checked_sub(i64::try_from(length.whole_seconds()?).ok()?.seconds()),
        };
        from.ok()
            .map(|from| Period::new(from, now, PeriodKind::Rolling))
    }

    fn named_rolling(&self, said: &Said, now: DateTime) -> Option<Period> {
        if said.has(Time::LastNight) {
            let today = start(now.date());
            let evening = today.checked_sub(6.hours()).ok()?;
            return Some(Period::new(
                evening,
                today.checked_add(6.hours()).ok()?.min(now),
                PeriodKind::Clock,
            ));
        }
        let back = said.words.iter().find_map(|word| match word {
            Time::RollingHour => Some(1.hour()),
            Time::RollingDay => Some(1.day()),
            Time::RollingWeek => Some(7.days()),
            Time::RollingMonth => Some(1.month()),
            _ => None,
        })?;
        now.checked_sub(back)
            .ok()
            .map(|from| Period::new(from, now, PeriodKind::Rolling))
    }

    fn day_periods(&self, said: &Said, now: DateTime) -> Vec<Period> {
        let ranged = self.tilde
            || [Time::From, Time::Until, Time::Between]
                .iter()
                .any(|time| said.has(*time));
        let open = said.has(Time::Since) || (said.has(Time::From) && self.days.len() == 1);
        match self.days.as_slice() {
            [first, last, ..] if ranged => {
                let (first, last) = (first.min(last), first.max(last));
                vec![
                    Period::new(start(*first), start(later(*last, 1)), PeriodKind::Span).until(now),
                ]
            }
            [first] if open => vec![Period::new(start(*first), now, PeriodKind::Span)],
            days => days
                .iter()
                .map(|day| {
                    self.halves
                        .first()
                        .map_or_else(|| Period::day(*day), |part| day_part(*day, *part))
                        .until(now)
                })
                .collect(),
        }
    }

    fn unit_periods(&self, said: &Said, now: DateTime) -> Vec<Period> {
        let ranged = self.tilde || said.has(Time::Until) || said.has(Time::Between);
        match self.units.as_slice() {
            [first, last, ..] if ranged => {
                vec![Period::new(first.from, last.to, PeriodKind::Span).until(now)]
            }
            [first] if said.has(Time::Since) || said.has(Time::From) => {
                vec![Period::new(first.from, now, PeriodKind::Span)]
            }
            units => units.iter().map(|unit| unit.until(now)).collect(),
        }
    }

    /// Saturday and Sunday of the week named, else the latest that has begun.
    fn weekend(&self, said: &Said, now: DateTime) -> Option<Period> {
        if !said.has(Time::Weekend) || said.has(Time::Workdays) {
            return None;
        }
        let this = Period::unit(Time::Week(0), now.date())?;
        let week = match self.units.iter().find(|unit| unit.kind == PeriodKind::Week) {
            Some(week) => *week,
            None if said.has(Time::Recent) || said.has(Time::Last) => {
                Period::unit(Time::Week(-1), now.date())?
            }
            None => return None,
        };
        let saturday = later(week.from.date(), 5);
        let period = Period::new(start(saturday), start(later(saturday, 2)), PeriodKind::Span);
        Some(if week == this {
            period.until(now)
        } else {
            period
        })
    }
}

const fn said_half(time: Time) -> Option<Half> {
    match time {
        Time::Am => Some(Half::Am),
        Time::Pm | Time::LastNight => Some(Half::Pm),
        Time::Part(from, _) if from < 12 => Some(Half::Am),
        Time::Part(from, _) if from >= 18 => Some(Half::Pm),
        _ => None,
    }
}

fn day_part(date: Date, part: Time) -> Period {
    let (from, to) = match part {
        Time::Pm => (12, 24),
        Time::Part(from, to) => (from, to),
        _ => (0, 12),
    };
    let at = |hour: i8| {
        start(date)
            .checked_add(i64::from(hour).hours())
            .unwrap_or(start(date))
    };
    Period::new(at(from), at(to), PeriodKind::Clock)
}

/// A date; without a year the latest that has come.
fn date(year: Option<i16>, month: i8, day: i8, today: Date) -> Option<Date> {
    match year {
        Some(year) => Date::new(year, month, day).ok(),
        None => {
            let this = Date::new(today.year(), month, day).ok();
            this.filter(|date| *date <= today)
                .or_else(|| Date::new(today.year() - 1, month, day).ok())
        }
    }
}
