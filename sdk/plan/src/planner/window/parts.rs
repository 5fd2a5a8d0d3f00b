//! The pieces of one expression about time, and the stretches of calendar time they say together.

use jiff::{
    ToSpan,
    civil::{Date, DateTime},
};

use super::{
    super::{
        concept::{Concept, Time},
        period::{Period, PeriodKind, later, start},
        reading::Reading,
        token::{Clock, Half, Kind, Quantity, Unit},
    },
    Said,
};

/// The pieces of an expression, by kind.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) words: Vec<Time>,
    days: Vec<Date>,
    units: Vec<Period>,
    clocks: Vec<Clock>,
    lengths: Vec<Quantity>,
    halves: Vec<Time>,
    pub(super) afternoon: bool,
    tilde: bool,
}

impl Parts {
    pub(super) fn read(reading: &Reading<'_>, group: &[usize]) -> Self {
        let today = reading.now.date();
        let mut parts = Self::default();
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
                        .and_then(|k| reading.get(*k)?.time())
                        .and_then(said_half);
                    half = clock.half.or(half).or(next);
                    parts.clocks.push(Clock { half, ..*clock });
                }
                Kind::Date { year, month, day } => {
                    parts.days.extend(date(*year, *month, *day, today))
                }
                Kind::Month { year, month } => parts.month(*year, *month, today),
                Kind::Year(year) => parts.units.extend(Period::year(*year)),
                Kind::Quarter(quarter) => parts.quarter(*quarter, today),
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
            Time::HalfYear(half) => {
                let year = self.take_year().unwrap_or(today.year());
                let quarters = [2 * half - 1, 2 * half].map(|n| quarter_of(year, n));
                if let [Some(first), Some(last)] = quarters {
                    self.units
                        .push(Period::new(first.from, last.to, PeriodKind::Span));
                }
            }
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
        let year = year.or_else(|| self.take_year());
        self.units.extend(Period::month(year, month, today));
    }

    fn quarter(&mut self, quarter: i8, today: Date) {
        let year = self.take_year().unwrap_or(today.year());
        self.units.extend(quarter_of(year, quarter));
    }

    /// The year named just before, which the month or quarter behind it narrows.
    fn take_year(&mut self) -> Option<i16> {
        let year = self.units.pop_if(|unit| unit.kind == PeriodKind::Year)?;
        Some(year.from.year())
    }

    /// A length of time, or the day of a month named before: "11월 10일부터 12일까지".
    fn quantity(&mut self, quantity: Quantity, reading: &Reading<'_>, group: &[usize], n: usize) {
        let next = group
            .get(n + 1)
            .and_then(|k| reading.get(*k))
            .and_then(super::super::token::Token::time);
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
    pub(super) fn horizon(&self, said: &mut Said, today: Date) {
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

    pub(super) fn periods(&mut self, said: &Said, now: DateTime) -> Vec<Period> {
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
        let named = said.words.iter().find_map(|word| match word {
            Time::WeekendOf(n) => Some(*n),
            _ => None,
        });
        let plain = said.has(Time::Weekend) && !said.has(Time::Workdays);
        let last = said.has(Time::Recent) || said.has(Time::Last);
        let week = match (
            named,
            self.units.iter().find(|unit| unit.kind == PeriodKind::Week),
        ) {
            (Some(n), _) => Period::unit(Time::Week(n), now.date())?,
            (None, Some(week)) if plain => *week,
            (None, None) if plain && last => Period::unit(Time::Week(-1), now.date())?,
            _ => return None,
        };
        let saturday = later(week.from.date(), 5);
        let period = Period::new(start(saturday), start(later(saturday, 2)), PeriodKind::Span);
        Some(period.until(now))
    }
}

/// A quarter of a year by number.
fn quarter_of(year: i16, quarter: i8) -> Option<Period> {
    Period::unit(Time::Quarter(0), Date::new(year, 3 * quarter - 1, 1).ok()?)
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
