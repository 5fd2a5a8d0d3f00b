//! Paths with stars, each of which stands for any characters.

/// Whether a path is one that the pattern stands for.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    meet(pattern, path)
}

/// Whether there is a path that both patterns stand for.
pub(crate) fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    // reach[j]: what was read of `one` and the first j bytes of `other` can be made the same.
    let mut reach = vec![false; other.len() + 1];
    for i in 0..=one.len() {
        let mut row = vec![false; other.len() + 1];
        for j in 0..=other.len() {
            let left = i.checked_sub(1).and_then(|i| one.get(i));
            let above = j.checked_sub(1).and_then(|j| other.get(j));
            let diagonal = j.checked_sub(1).and_then(|j| reach.get(j)).copied();
            let up = reach.get(j).copied();
            let back = j.checked_sub(1).and_then(|j| row.get(j)).copied();
            let reached = (i == 0 && j == 0)
                || (left == Some(&b'*') && (up == Some(true) || back == Some(true)))
                || (above == Some(&b'*') && (back == Some(true) || up == Some(true)))
                || (left.is_some() && left == above && diagonal == Some(true));
            // The row above the first does not exist.
            let reached = reached && (i > 0 || j == 0 || above == Some(&b'*'));
            if let Some(place) = row.get_mut(j) {
                *place = reached;
            }
        }
        reach = row;
    }
    reach.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_where_a_path_could_be_both() {
        for (one, other) in [
            ("/a", "/a"),
            ("/a*", "/abc"),
            ("*b*", "/a*"),
            ("/a*c", "/ab*"),
            ("*", ""),
            ("", "*"),
            ("/x/*/z", "/x/y/*"),
            ("**", "/"),
        ] {
            assert!(meet(one, other), "{one} {other}");
            assert!(meet(other, one), "{other} {one}");
        }
    }

    #[test]
    fn patterns_that_differ_in_letters_do_not_meet() {
        for (one, other) in [
            ("/a", "/b"),
            ("/a*", "/b*"),
            ("*x", "*y"),
            ("/a*c", "/abd"),
            ("", "/"),
            ("/report/*", "/reports"),
        ] {
            assert!(!meet(one, other), "{one} {other}");
            assert!(!meet(other, one), "{other} {one}");
        }
    }
}
