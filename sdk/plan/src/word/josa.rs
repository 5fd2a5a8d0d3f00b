//! Korean particles: which of two forms follows a word.

/// `word` with the particle that fits its last sound; a closing parenthesis is skipped with its content.
pub(crate) fn with(word: &str, after_consonant: &str, after_vowel: &str) -> String {
    let particle = if ends_in_consonant(word) {
        after_consonant
    } else {
        after_vowel
    };
    format!("{word}{particle}")
}

fn ends_in_consonant(word: &str) -> bool {
    let spoken = match word.rfind('(') {
        Some(open) if word.ends_with(')') && open > 0 => word.get(..open).unwrap_or(word),
        _ => word,
    };
    let last = spoken
        .chars()
        .rev()
        .find(|c| c.is_alphanumeric() || *c == '%');
    match last {
        Some(c @ '가'..='힣') => (u32::from(c) - 0xAC00) % 28 != 0,
        // Sounds of digits and letters as read in Korean: 일, 삼, 육, 칠, 팔, 영; 엘, 엠, 엔, 알.
        Some('0' | '1' | '3' | '6' | '7' | '8') => true,
        Some(c) => matches!(c.to_ascii_lowercase(), 'l' | 'm' | 'n' | 'r'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_particle_follows_the_sound() {
        for (word, expected) in [
            ("부산", "부산은"),
            ("제주", "제주는"),
            ("동시접속자(최근 5분)", "동시접속자(최근 5분)는"),
            ("TPS", "TPS는"),
            ("p99", "p99는"),
        ] {
            assert_eq!(with(word, "은", "는"), expected);
        }
    }
}
