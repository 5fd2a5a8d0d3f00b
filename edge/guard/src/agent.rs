//! What a rule says of user agents: a class, a browser, or a part of the text.

/// How a user agent is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Agent {
    Mobile,
    Desktop,
    Bot,
    /// One of its marks is there and none of the others'.
    Browser(&'static [&'static str], &'static [&'static str]),
    Containing(Box<str>),
}

/// Longest text looked at, bytes.
pub(crate) const LONGEST: usize = 512;

const MOBILE: &[&str] = &["mobi", "android", "iphone", "ipad", "ipod", "windows phone"];
const BOT: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "yeti/",
    "curl/",
    "wget/",
    "python-requests",
    "headless",
];
/// Browsers that call themselves Chrome or Safari as well.
const OTHERS: &[&str] = &[
    "edg/",
    "edge/",
    "opr/",
    "whale/",
    "samsungbrowser/",
    "kakaotalk",
    "naver(",
];

impl Agent {
    /// Reads what a rule says.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        Ok(match &*text {
            "" => return Err("`user_agent` is empty".to_owned()),
            "mobile" => Self::Mobile,
            "desktop" => Self::Desktop,
            "bot" => Self::Bot,
            "chrome" => Self::Browser(&["chrome/", "crios/"], OTHERS),
            "safari" => Self::Browser(&["version/"], OTHERS),
            "edge" => Self::Browser(&["edg/", "edge/", "edga/", "edgios/"], &[]),
            "firefox" => Self::Browser(&["firefox/", "fxios/"], &[]),
            "samsung" => Self::Browser(&["samsungbrowser/"], &[]),
            "whale" => Self::Browser(&["whale/"], &[]),
            "ie" => Self::Browser(&["msie ", "trident/"], &[]),
            _ if text.len() > 128 => return Err("`user_agent` is over 128 bytes".to_owned()),
            _ => Self::Containing(text.into()),
        })
    }

    /// Whether a user agent, in lower case, is told by it.
    pub(crate) fn fits(&self, agent: &str) -> bool {
        let any = |marks: &[&str]| marks.iter().any(|mark| agent.contains(mark));
        match self {
            Self::Mobile => any(MOBILE),
            Self::Bot => agent.is_empty() || any(BOT),
            Self::Desktop => !agent.is_empty() && !any(MOBILE) && !any(BOT),
            Self::Browser(marks, others) => any(marks) && !any(others),
            Self::Containing(part) => agent.contains(&**part),
        }
    }
}

/// A user agent as it is compared: in lower case, its beginning.
pub(crate) fn lower(agent: &str) -> String {
    let end = (0..=LONGEST.min(agent.len()))
        .rev()
        .find(|end| agent.is_char_boundary(*end));
    agent
        .get(..end.unwrap_or(0))
        .unwrap_or_default()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_browsers_are_told_apart() {
        let iphone = lower(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
        );
        let windows = lower(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        );
        let edge = lower(
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
        );
        let fits = |what: &str, agent: &str| Agent::parse(what).unwrap().fits(agent);
        assert!(fits("mobile", &iphone) && !fits("desktop", &iphone) && fits("Safari", &iphone));
        assert!(fits("desktop", &windows) && fits("chrome", &windows) && !fits("safari", &windows));
        assert!(fits("edge", &edge) && !fits("chrome", &edge));
        assert!(fits("bot", "") && fits("bot", "curl/8.1") && fits("win64", &windows));
    }
}
