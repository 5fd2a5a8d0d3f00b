//! Compound questions: where one asks a second thing that does not lean on the first.

/// Marks between two clauses that may stand for themselves.
const MARKS: &[&str] = &[
    "하고, ",
    "고, ",
    "며, ",
    ". ",
    "? ",
    "; ",
    ", and then ",
    ", and also ",
    " and also ",
    "고 나서 ",
    ". 그리고 ",
    " 그리고 ",
];

/// Words by which a clause leans on the one before.
const LEANING: &[&str] = &[
    "해당",
    "그 ",
    "그때",
    "이때",
    "이 시간",
    "그중",
    "그 중",
    "이 중",
    "원인",
    "이유",
    "it ",
    " it",
    "they",
    "them",
    "that ",
    "those",
    "why",
    "then",
];

/// The clauses of a question, or the question alone when its parts lean on each other.
pub(super) fn split(question: &str) -> Vec<&str> {
    let cut = MARKS
        .iter()
        .filter_map(|mark| Some((question.find(mark)?, mark.len())))
        .min();
    let Some((at, len)) = cut else {
        return vec![question];
    };
    let (Some(first), Some(second)) = (question.get(..at), question.get(at + len..)) else {
        return vec![question];
    };
    let low = second.to_ascii_lowercase();
    let alone = |clause: &str| clause.chars().filter(|c| c.is_alphanumeric()).count() >= 5;
    if !alone(first) || !alone(second) || LEANING.iter().any(|word| low.contains(word)) {
        return vec![question];
    }
    vec![first, second]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_that_lean_stay_together() {
        assert_eq!(
            split("어제 에러율을 보여주고, 오늘 접속자 수도 알려줘").len(),
            2
        );
        assert_eq!(
            split("어제 피크를 찾고, 해당 시간대의 원인을 분석해줘").len(),
            1
        );
        assert_eq!(
            split("How many errors today? And the load in Busan").len(),
            2
        );
        assert_eq!(split("부산 동시접속자").len(), 1);
    }
}
