//! The three sites of the demo and how big each is.

/// A site: its size in the back-filled season and in live traffic.
#[derive(Debug)]
pub(crate) struct Site {
    /// Its id.
    pub(crate) id: &'static str,
    /// Its Korean name.
    pub(crate) name: &'static str,
    /// People who may ever come, in the season.
    pub(crate) people: u32,
    /// Visits in the busiest hour of a week, in the season.
    pub(crate) peak_visits: u32,
    /// CPU in use in that hour, %.
    pub(crate) peak_cpu: f64,
    /// Which 8 192 addresses of the range for benchmarks the season's visitors have.
    pub(crate) block: u8,
    /// Live visitors at any time.
    pub(crate) visitors: u32,
    /// Computing per page of the application, in thousands of hash rounds.
    pub(crate) work: u32,
    /// Network of the live visitors: one of those for documentation (RFC 5737).
    pub(crate) net: &'static str,
    /// Whether somebody tries passwords here.
    pub(crate) attacked: bool,
}

/// All of them. Busan is clearly the most loaded, by the season's figures and by what its application
/// really computes.
pub(crate) const SITES: [Site; 3] = [
    Site {
        id: "seoul",
        name: "서울",
        people: 6_000,
        peak_visits: 330,
        peak_cpu: 38.0,
        block: 0,
        visitors: 24,
        work: 4,
        net: "192.0.2",
        attacked: true,
    },
    Site {
        id: "busan",
        name: "부산",
        people: 9_000,
        peak_visits: 480,
        peak_cpu: 67.0,
        block: 1,
        visitors: 48,
        work: 14,
        net: "198.51.100",
        attacked: false,
    },
    Site {
        id: "jeju",
        name: "제주",
        people: 2_500,
        peak_visits: 160,
        peak_cpu: 24.0,
        block: 2,
        visitors: 10,
        work: 4,
        net: "203.0.113",
        attacked: false,
    },
];
