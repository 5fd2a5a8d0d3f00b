//! What the names in a pattern mean: `$name` as nginx writes them, `%x` as Apache and Tomcat do.
//!
//! nginx lets modules and configurations define names, so one that is not known here is skipped over;
//! Apache's and Tomcat's letters are few, so an unknown one is a fault of the pattern.

use super::{CookieNames, Field, Unit};
use crate::access_log::stamp::Form;

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(Vec<u8>),
    Field(Field),
}

/// Whose pattern it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// nginx's `log_format`.
    Nginx,
    /// Apache's `LogFormat`: a time stamp is of the request's start.
    Apache,
    /// Tomcat's `AccessLogValve`: a time stamp is of the request's end; `%D` counts microseconds.
    Tomcat,
    /// Tomcat's before 10.1: `%D` counts milliseconds.
    Tomcat9,
}

impl Dialect {
    /// nginx's if there is a `$` in it, else Apache's.
    pub(crate) fn of(source: &str) -> Self {
        if source.contains('$') {
            Self::Nginx
        } else {
            Self::Apache
        }
    }

    pub(super) fn tokens(self, source: &str, cookies: &CookieNames) -> Result<Vec<Token>, String> {
        let mut tokens = Vec::new();
        let mut rest = source;
        let sigil = if self == Self::Nginx { '$' } else { '%' };
        while let Some(at) = rest.find(sigil) {
            let (literal, behind) = rest.split_at(at);
            tokens.push(self.literal(literal));
            let behind = behind.strip_prefix(sigil).unwrap_or(behind);
            rest = match self {
                Self::Nginx => nginx(behind, cookies, &mut tokens)?,
                Self::Apache | Self::Tomcat | Self::Tomcat9 => {
                    self.apache(behind, cookies, &mut tokens)?
                }
            };
        }
        tokens.push(self.literal(rest));
        Ok(tokens)
    }

    /// Text as it stands in a line; Apache's configuration escapes quotes.
    fn literal(self, text: &str) -> Token {
        let text = match self {
            Self::Nginx => text.to_owned(),
            _ => text.replace("\\\"", "\"").replace("\\t", "\t"),
        };
        Token::Literal(text.into_bytes())
    }

    /// One directive: a condition, an argument in braces, a letter.
    fn apache<'a>(
        self,
        behind: &'a str,
        cookies: &CookieNames,
        tokens: &mut Vec<Token>,
    ) -> Result<&'a str, String> {
        let condition = |c: char| c.is_ascii_digit() || matches!(c, ',' | '!' | '<' | '>');
        let behind = behind.trim_start_matches(condition);
        let (argument, behind) = match behind.strip_prefix('{') {
            Some(inside) => inside
                .split_once('}')
                .ok_or_else(|| "a `{` is not closed".to_owned())?,
            None => ("", behind),
        };
        let mut letters = behind.chars();
        let letter = letters
            .next()
            .ok_or_else(|| "ends in the middle of a directive".to_owned())?;
        let rest = letters.as_str();
        let field = match (letter, argument) {
            ('%', _) => {
                tokens.push(Token::Literal(b"%".to_vec()));
                return Ok(rest);
            }
            ('t', "") => {
                let stamp = Token::Field(Field::Time(Form::Apache, self == Self::Apache));
                tokens.extend([Token::Literal(b"[".to_vec()), stamp]);
                tokens.push(Token::Literal(b"]".to_vec()));
                return Ok(rest);
            }
            ('t', form) => self.stamp(form)?,
            _ => self.directive(letter, argument, cookies)?,
        };
        tokens.push(Token::Field(field));
        Ok(rest)
    }

    fn directive(
        self,
        letter: char,
        argument: &str,
        cookies: &CookieNames,
    ) -> Result<Field, String> {
        let is_tomcat = self != Self::Apache;
        Ok(match letter {
            'h' | 'a' => Field::Client,
            'u' => Field::User,
            'r' => Field::Request,
            's' => Field::Status,
            'b' | 'B' | 'O' => Field::Bytes,
            'm' => Field::Method,
            'U' => Field::Target,
            'q' => Field::Query,
            'D' if self == Self::Tomcat9 => Field::Duration(Unit::Millis),
            'D' => Field::Duration(Unit::Micros),
            'T' => Field::Duration(unit(argument)?),
            'S' if is_tomcat => Field::Session,
            'C' | 'c' if !argument.is_empty() => cookie(argument, cookies),
            'i' => match argument.to_ascii_lowercase().as_str() {
                "user-agent" => Field::Agent,
                "cookie" => Field::Cookies,
                "x-forwarded-for" => Field::Forwarded,
                _ => Field::Skip,
            },
            'l' | 'A' | 'e' | 'f' | 'F' | 'H' | 'I' | 'k' | 'L' | 'n' | 'o' | 'p' | 'P' | 'R'
            | 'S' | 'v' | 'V' | 'X' => Field::Skip,
            other => return Err(format!("`%{other}` is not known")),
        })
    }

    /// `%{form}t`; what may stand before the form says which instant it is of.
    fn stamp(self, form: &str) -> Result<Field, String> {
        let (begins, form) = match form.split_once(':') {
            Some(("begin", form)) => (true, form),
            Some(("end", form)) => (false, form),
            _ => (self == Self::Apache, form),
        };
        let form = match form {
            "sec" => Form::Seconds,
            "msec" => Form::Millis,
            "usec" => Form::Micros,
            "%d/%b/%Y:%H:%M:%S %z" | "dd/MMM/yyyy:HH:mm:ss Z" => Form::Apache,
            "%Y-%m-%dT%H:%M:%S%z"
            | "yyyy-MM-dd'T'HH:mm:ssZ"
            | "yyyy-MM-dd'T'HH:mm:ssXXX"
            | "yyyy-MM-dd'T'HH:mm:ss.SSSZ"
            | "yyyy-MM-dd'T'HH:mm:ss.SSSXXX" => Form::Iso,
            other => {
                return Err(format!(
                    "time stamps of the form `{other}` are not read, hint: use `%t` or `%{{msec}}t`"
                ));
            }
        };
        Ok(Field::Time(form, begins))
    }
}

/// One name, perhaps in braces.
fn nginx<'a>(
    behind: &'a str,
    cookies: &CookieNames,
    tokens: &mut Vec<Token>,
) -> Result<&'a str, String> {
    let (name, rest) = match behind.strip_prefix('{') {
        Some(inside) => inside
            .split_once('}')
            .ok_or_else(|| "a `{` is not closed".to_owned())?,
        None => {
            let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
            behind.split_at(behind.find(ends).unwrap_or(behind.len()))
        }
    };
    if name.is_empty() {
        return Err("a `$` without a name".to_owned());
    }
    let field = match name {
        "remote_addr" | "realip_remote_addr" => Field::Client,
        "http_x_forwarded_for" | "proxy_add_x_forwarded_for" => Field::Forwarded,
        "remote_user" => Field::User,
        "time_local" => Field::Time(Form::Apache, false),
        "time_iso8601" => Field::Time(Form::Iso, false),
        "msec" => Field::Time(Form::Seconds, false),
        "request" => Field::Request,
        "request_method" => Field::Method,
        "request_uri" | "uri" | "document_uri" => Field::Target,
        "args" | "query_string" => Field::Query,
        "is_args" => return Ok(rest),
        "status" => Field::Status,
        "body_bytes_sent" | "bytes_sent" => Field::Bytes,
        "request_time" => Field::Duration(Unit::Seconds),
        "http_user_agent" => Field::Agent,
        "http_cookie" => Field::Cookies,
        "cookie_lists" => Field::CookieLists,
        name => match name.strip_prefix("cookie_") {
            Some(name) => cookie(name, cookies),
            None => Field::Skip,
        },
    };
    tokens.push(Token::Field(field));
    Ok(rest)
}

fn cookie(name: &str, cookies: &CookieNames) -> Field {
    match name {
        name if name == cookies.session => Field::Session,
        name if name == cookies.user => Field::Cookie,
        _ => Field::Skip,
    }
}

fn unit(argument: &str) -> Result<Unit, String> {
    Ok(match argument {
        "" | "s" | "fracsec" => Unit::Seconds,
        "ms" => Unit::Millis,
        "us" => Unit::Micros,
        "ns" => Unit::Nanos,
        other => return Err(format!("`%{{{other}}}T`: `{other}` is not s, ms, us or ns")),
    })
}
