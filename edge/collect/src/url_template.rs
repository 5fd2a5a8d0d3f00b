//! Makes a URL template of a path when no framework named a route: `/orders/4711?a=b` → `/orders/{}`.
//!
//! Looks at one path alone and learns nothing, so the same path always gives the same template, on every
//! edge. The price: an id that looks like a word stays, and the cap per application (with its `{other}`)
//! downstream is what bounds their number.

use bongsu_sdk_model::UrlTemplate;

/// What stands for a variable part.
const VARIABLE: &str = "{}";
/// A longer segment is variable, whatever it looks like.
const LONGEST_SEGMENT: usize = 64;

/// The template of a request target; `{other}` of one that is empty.
pub(crate) fn of_target(target: &str) -> Option<UrlTemplate> {
    let path = path(target);
    let mut template = String::with_capacity(path.len());
    for (position, segment) in path.split('/').enumerate() {
        let before = template.len();
        if position > 0 {
            template.push('/');
        }
        push_segment(&mut template, segment.split(';').next().unwrap_or_default());
        if template.len() + 1 + VARIABLE.len() > UrlTemplate::MAX_BYTES {
            template.truncate(before);
            template.push('/');
            template.push_str(VARIABLE);
            break;
        }
    }
    UrlTemplate::new(&template)
        .or_else(|_| UrlTemplate::new(UrlTemplate::OTHER))
        .ok()
}

/// The template a framework or an SDK named itself; only its length and characters are checked.
pub(crate) fn of_route(route: &str) -> Option<UrlTemplate> {
    UrlTemplate::new(route).map_or_else(|_| of_target(route), Some)
}

/// A target without its query and fragment, and without scheme and host if it has them.
pub(crate) fn path(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    match path.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => path,
    }
}

fn push_segment(template: &mut String, segment: &str) {
    let (stem, extension) = match segment.rsplit_once('.') {
        Some((stem, extension)) if is_extension(extension) => (stem, Some(extension)),
        _ => (segment, None),
    };
    if !is_variable(stem) {
        template.push_str(segment);
        return;
    }
    template.push_str(VARIABLE);
    if let Some(extension) = extension {
        template.push('.');
        template.push_str(extension);
    }
}

fn is_extension(text: &str) -> bool {
    (1..=5).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_variable(segment: &str) -> bool {
    segment.len() > LONGEST_SEGMENT
        || segment.chars().any(char::is_control)
        || is_number_or_date(segment)
        || is_hex(segment)
        || is_uuid(segment)
        || is_random(segment)
}

/// Digits, also grouped as in `2015-05-17` or `2015.05`.
fn is_number_or_date(segment: &str) -> bool {
    segment.starts_with(|c: char| c.is_ascii_digit())
        && segment.ends_with(|c: char| c.is_ascii_digit())
        && segment
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

/// At least eight hexadecimal digits, one of them a decimal one: `facade00` is, `defaced` is a word.
fn is_hex(segment: &str) -> bool {
    segment.len() >= 8
        && segment.bytes().all(|b| b.is_ascii_hexdigit())
        && segment.bytes().any(|b| b.is_ascii_digit())
}

fn is_uuid(segment: &str) -> bool {
    segment.len() == 36
        && segment.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Base64, base62 or base32 of at least 20 characters. Random text changes between upper case, lower case
/// and digits at nearly every second character, words at few.
fn is_random(segment: &str) -> bool {
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'+' | b'~');
    if segment.len() < 20 || !segment.bytes().all(allowed) {
        return false;
    }
    let class = |b: u8| (b.is_ascii_digit(), b.is_ascii_uppercase());
    let characters = || segment.bytes().filter(u8::is_ascii_alphanumeric);
    let changes = characters()
        .zip(characters().skip(1))
        .filter(|(a, b)| class(*a) != class(*b))
        .count();
    segment.bytes().any(|b| b.is_ascii_digit()) && changes * 3 >= segment.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, template: &str) {
        assert_eq!(of_target(target).unwrap().as_str(), template, "{target}");
    }

    #[test]
    fn ids_become_variables() {
        check("/orders/4711/items/2?colour=red#top", "/orders/{}/items/{}");
        check("/users/9f86d081884c7d65/edit", "/users/{}/edit");
        check("/carts/550e8400-e29b-41d4-a716-446655440000", "/carts/{}");
        check("/archive/2015-05-17/2015.05/20150517", "/archive/{}/{}/{}");
        check("/t/dGhpcyBpcyBhIHRlc3Qgb2Yga2V5cw/x", "/t/{}/x");
        check("/t/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/t/{}");
        check("/photos/20481.jpg", "/photos/{}.jpg");
        check(&format!("/q/{}", "가".repeat(30)), "/q/{}");
    }

    #[test]
    fn words_stay() {
        for path in [
            "/",
            "/presentations/logstash-monitorama-2013/images/kibana-dashboard3.png",
            "/defaced/feedface/v2/api",
            "/blog/Mozilla-Firefox-3-Review-Guide-Part-2",
            "/주문/목록",
            "//double//slash/",
        ] {
            check(path, path);
        }
    }

    #[test]
    fn session_ids_in_the_path_and_hosts_are_left_out() {
        check("/cart;jsessionid=0A1B2C3D/add;x=y", "/cart/add");
        check("http://shop.example/cart?x=1", "/cart");
        check("http://shop.example", "/");
    }

    #[test]
    fn what_is_no_path_is_other() {
        check("", UrlTemplate::OTHER);
        check("?x=1", UrlTemplate::OTHER);
        check("*", "*");
        check("/a\u{0}b/c", "/{}/c");
    }

    #[test]
    fn a_long_path_is_cut_at_a_segment() {
        let template = of_target(&"/segment".repeat(1_000)).unwrap();
        assert!(template.as_str().len() <= UrlTemplate::MAX_BYTES);
        assert!(template.as_str().ends_with("/segment/{}"));
    }

    #[test]
    fn a_route_is_kept_as_named() {
        assert_eq!(
            of_route("/orders/<int:id>").unwrap().as_str(),
            "/orders/<int:id>"
        );
        assert_eq!(of_route("/a\nb").unwrap().as_str(), "/{}");
    }
}
