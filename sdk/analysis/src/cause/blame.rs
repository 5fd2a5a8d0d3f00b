//! How much of the symptom each component answers for itself.
//!
//! A component's change is what it adds and what its callees add. Time and errors add up along calls, so
//! what the callees explain is subtracted; what is left is its own. A callee that is slower only because
//! more was asked of it does not excuse who asks more.

mod attribution;

use super::{
    case::{Case, Indicator},
    course::Course,
    graph::Graph,
    profile::{Channel, Profile, confidence},
};

/// The factors of a score; each between 0 and 1 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blame {
    /// Product of the others, at most 1.
    pub score: f64,
    /// How surely it deviates.
    pub confidence: f64,
    /// How much of the symptom its change could make up.
    pub share: f64,
    /// How much of its change no callee explains.
    pub own: f64,
    /// The callee that explains most of it, if any.
    pub explained_by: Option<usize>,
    /// Along the calls from the symptom.
    pub reach: f64,
    /// Its kind of change fits the symptom's kind.
    pub fits: f64,
    /// It did not begin later than the symptom.
    pub onset: f64,
    /// What is left when load passed down from callers is taken away.
    pub load: f64,
}

/// Of all components, along one case.
pub(super) struct Ledger<'a> {
    case: &'a Case,
    course: &'a Course,
    graph: &'a Graph,
    profiles: &'a [Profile],
}

/// A way of being worse, as a selector of a profile's channel.
type Way = fn(&Profile) -> Option<Channel>;

/// A change of the other kind than the symptom's can still be its cause: errors make callers retry, slow
/// answers run into time limits.
const OTHER_KIND: f64 = 0.5;
/// What is not reachable along known calls may be reached along unknown ones.
const OUT_OF_REACH: f64 = 0.2;
/// What a second sign (the other way, a resource) adds to the first.
const SECOND: f64 = 0.5;
/// How much load passed down excuses whoever is asked more.
const EXCUSED: f64 = 0.85;
/// Growth of requests that counts as load.
const MORE_LOAD: f64 = 1.25;

fn latency(profile: &Profile) -> Option<Channel> {
    profile.latency
}

fn errors(profile: &Profile) -> Option<Channel> {
    profile.errors
}

/// Either of two independent signs being right.
fn either(a: f64, b: f64) -> f64 {
    1.0 - (1.0 - a) * (1.0 - b)
}

fn other_way(profile: &Profile, than: &Channel) -> f64 {
    [profile.latency, profile.errors]
        .into_iter()
        .flatten()
        .filter(|c| c.deviation.indicator != than.deviation.indicator)
        .map(|c| c.confidence())
        .fold(0.0, f64::max)
}

impl<'a> Ledger<'a> {
    pub(super) fn new(
        case: &'a Case,
        course: &'a Course,
        graph: &'a Graph,
        profiles: &'a [Profile],
    ) -> Self {
        Self {
            case,
            course,
            graph,
            profiles,
        }
    }

    /// The best account of `component`: by time, by errors, by load, or by a resource it lacks.
    pub(super) fn blame(&self, component: usize) -> Blame {
        let (by_time, by_errors) = match self.case.symptom.indicator {
            Indicator::Latency(_) => (1.0, OTHER_KIND),
            Indicator::Availability => (OTHER_KIND, 1.0),
            _ => (1.0, 1.0),
        };
        [
            self.by_way(component, latency, by_time),
            self.by_way(component, errors, by_errors),
            self.by_load(component),
            self.by_resource(component),
        ]
        .into_iter()
        .flatten()
        .max_by(|a, b| a.score.total_cmp(&b.score))
        .unwrap_or(NOTHING)
    }

    fn profile(&self, component: usize) -> Option<&Profile> {
        self.profiles.get(component)
    }

    fn by_way(&self, component: usize, way: Way, fits: f64) -> Option<Blame> {
        let profile = self.profile(component)?;
        let channel = way(profile)?;
        let (own, explained_by) = self.own(component, way, &channel);
        let resource = profile
            .resources
            .first()
            .map_or(0.0, |d| confidence(d.strength));
        let confidence = either(
            channel.confidence(),
            SECOND * other_way(profile, &channel).max(resource),
        );
        Some(
            Blame {
                score: 0.0,
                confidence,
                share: self.share(profile, &channel, fits),
                own,
                explained_by,
                reach: self.reach(component),
                fits,
                onset: self.onset(channel.deviation.onset),
                load: self.load(component),
            }
            .scored(),
        )
    }

    /// Where the symptom is a volume or a resource, being asked more or less is a cause of its own.
    fn by_load(&self, component: usize) -> Option<Blame> {
        if matches!(
            self.case.symptom.indicator,
            Indicator::Latency(_) | Indicator::Availability
        ) {
            return None;
        }
        let load = self.profile(component)?.load?;
        Some(
            Blame {
                score: 0.0,
                confidence: confidence(load.strength.abs()),
                share: 1.0,
                own: 1.0,
                explained_by: None,
                reach: self.reach(component),
                fits: 1.0,
                onset: self.onset(load.onset),
                load: self.load(component),
            }
            .scored(),
        )
    }

    /// A component that is measured only by its resources (a host) answers for those who use it.
    fn by_resource(&self, component: usize) -> Option<Blame> {
        let profile = self.profile(component)?;
        if profile.latency.is_some() || profile.errors.is_some() {
            return None;
        }
        let strongest = profile.resources.first()?;
        let way: Way = match self.case.symptom.indicator {
            Indicator::Availability => errors,
            _ => latency,
        };
        let users = self.graph.callers(component).iter().filter_map(|user| {
            let profile = self.profile(*user)?;
            let channel = way(profile)?;
            let (own, _) = self.own(*user, way, &channel);
            Some(own * channel.confidence() * self.share(profile, &channel, 1.0))
        });
        Some(
            Blame {
                score: 0.0,
                confidence: confidence(strongest.strength),
                share: users.sum::<f64>().min(1.0),
                own: 1.0,
                explained_by: None,
                reach: self.reach(component),
                fits: 1.0,
                onset: self.onset(strongest.onset),
                load: self.load(component),
            }
            .scored(),
        )
    }

    fn reach(&self, component: usize) -> f64 {
        let known = self.graph.is_known(self.case.symptom.component);
        if !known || self.graph.distance(component).is_some() {
            1.0
        } else {
            OUT_OF_REACH
        }
    }

    fn onset(&self, began: Option<bongsu_sdk_model::Timestamp>) -> f64 {
        match (began, self.course.developed()) {
            (Some(began), Some(symptom)) if began > symptom => 0.6,
            _ => 1.0,
        }
    }

    /// How many times as many requests as usual: 1 where that is not sure, none where it is not counted.
    fn growth(&self, component: usize) -> Option<f64> {
        let load = self.profile(component)?.load?;
        let sure = load.strength >= 3.0 && load.baseline > 0.0;
        Some(if sure {
            load.level / load.baseline
        } else {
            1.0
        })
    }

    /// 1, or less where the component is asked more because its callers are.
    pub(super) fn load(&self, component: usize) -> f64 {
        let callers = self.graph.callers(component).iter();
        let passed_down = callers.filter_map(|c| self.growth(*c)).fold(1.0, f64::max);
        let growth = self.growth(component).unwrap_or(passed_down);
        if growth < MORE_LOAD {
            return 1.0;
        }
        let inherited = ((passed_down - 1.0) / (growth - 1.0)).clamp(0.0, 1.0);
        1.0 - EXCUSED * inherited * (1.0 - 1.0 / growth).sqrt()
    }
}

/// No account at all.
const NOTHING: Blame = Blame {
    score: 0.0,
    confidence: 0.0,
    share: 0.0,
    own: 0.0,
    explained_by: None,
    reach: 1.0,
    fits: 0.0,
    onset: 1.0,
    load: 1.0,
};

impl Blame {
    fn scored(self) -> Self {
        // A tenth of the symptom is still worth a third of a cause: shares are estimates.
        let share = self.share * 1.2 / (self.share + 0.2);
        let score =
            self.confidence * share * self.own * self.reach * self.fits * self.onset * self.load;
        Self { score, ..self }
    }
}
