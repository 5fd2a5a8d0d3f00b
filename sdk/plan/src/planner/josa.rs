//! Korean particles behind a noun, and whether a word may end where a phrase does.

/// Particles and the polite endings that stand like one; longer ones need not come first.
const PARTICLES: &[&str] = &[
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "에서",
    "에게",
    "에는",
    "에서는",
    "에서만",
    "에만",
    "으로",
    "로",
    "으로만",
    "로만",
    "와",
    "과",
    "랑",
    "이랑",
    "하고",
    "도",
    "만",
    "만의",
    "까지",
    "부터",
    "보다",
    "보다는",
    "처럼",
    "별",
    "별로",
    "쪽",
    "쪽은",
    "이나",
    "나",
    "든",
    "이든",
    "라도",
    "이라도",
    "야",
    "이야",
    "요",
    "이요",
    "인데",
    "이고",
    "고",
    "이며",
    "며",
    "이면",
    "면",
    "인가",
    "인가요",
    "이죠",
    "죠",
    "지",
    "입니다",
    "인지",
    "란",
    "이란",
    "라고",
    "이라고",
    "들",
    "들은",
    "들이",
    "들을",
    "들의",
    "님",
    "님이",
    "님은",
    "님의",
    "마다",
    "당",
    "중",
    "중에",
    "중에서",
    "중인",
    "상",
    "내",
    "내에",
    "간",
    "동안",
    "때",
    "시",
    "대비",
    "대로",
    "으로는",
    "로는",
    "에선",
    "에도",
    "엔",
    "씩",
    "치",
    "였어",
    "이었어",
    "였나",
    "이에요",
    "예요",
    "인",
];

/// Whether nothing but a particle stands between here and the end of the word.
pub(super) fn ends_word(rest: &str) -> bool {
    let word = rest
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    word.is_empty() || word.starts_with(|c: char| c.is_ascii_alphanumeric()) || is_particle(word)
}

/// Whether a word is a particle, or two in a row ("까지의", "에서는").
pub(super) fn is_particle(word: &str) -> bool {
    let one = |word: &str| PARTICLES.contains(&word);
    one(word)
        || word.char_indices().skip(1).any(|(at, _)| {
            word.split_at_checked(at)
                .is_some_and(|(a, b)| one(a) && one(b))
        })
}

/// The word without its particle; itself when it has none or would vanish.
pub(super) fn strip(word: &str) -> &str {
    PARTICLES
        .iter()
        .filter_map(|particle| word.strip_suffix(particle))
        .filter(|stem| stem.chars().count() >= 2)
        .min_by_key(|stem| stem.len())
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_come_off_but_words_stay() {
        for (word, stem) in [
            ("부산에서", "부산"),
            ("세션들의", "세션"),
            ("추이", "추이"),
            ("날씨", "날씨"),
        ] {
            assert_eq!(strip(word), stem);
        }
        assert!(ends_word("에서 뭐"));
        assert!(!ends_word("실험"));
    }
}
