//! A request as web servers tell of it, each in its own headers.
//!
//! | | method | target | client |
//! |---|---|---|---|
//! | nginx, HAProxy (as documented in `deploy/guard`) | `X-Original-Method` | `X-Original-URI` | `X-Real-IP` |
//! | Traefik, Caddy | `X-Forwarded-Method` | `X-Forwarded-Uri` | last of `X-Forwarded-For` |
//! | Envoy | the request's own | the request's own | last of `X-Forwarded-For` |
//!
//! The web server must set these headers, not pass on the client's. Which header names the client is configured.

use std::net::IpAddr;

use crate::Config;

/// Looks a header up by its name in lower case.
pub trait Headers {
    /// The header's value, if it is there and is text.
    fn header(&self, name: &str) -> Option<&str>;
}

/// What is to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'r> {
    /// Which application, if the web server says so.
    pub app: Option<&'r str>,
    /// Its method.
    pub method: &'r str,
    /// Its target: path and query, as the client sent it.
    pub target: &'r str,
    /// Whose request.
    pub client: Option<IpAddr>,
    /// Its user agent; empty when there is none.
    pub user_agent: &'r str,
    /// The session's id, of the first session cookie there is.
    pub session: Option<&'r str>,
    /// The identity cookie's value.
    pub identity: Option<&'r str>,
}

impl<'r> Request<'r> {
    /// Reads what a web server tells; `own` is method and target of the question itself, for those that ask with
    /// the client's.
    #[must_use]
    pub fn read(
        config: &Config,
        headers: &'r impl Headers,
        app: Option<&'r str>,
        own: Option<(&'r str, &'r str)>,
    ) -> Self {
        let told = |names: [&str; 2]| names.into_iter().find_map(|name| headers.header(name));
        let (method, target) = own.unwrap_or_else(|| {
            let method = told(["x-original-method", "x-forwarded-method"]).unwrap_or("GET");
            (
                method,
                told(["x-original-uri", "x-forwarded-uri"]).unwrap_or("/"),
            )
        });
        let cookies = headers.header("cookie").unwrap_or_default();
        let session = config
            .session_cookies
            .iter()
            .find_map(|name| cookie(cookies, name));
        let identity = config
            .cookie
            .as_ref()
            .and_then(|identity| cookie(cookies, &identity.name));
        Self {
            app,
            method,
            target,
            client: client(config, headers),
            user_agent: headers.header("user-agent").unwrap_or_default(),
            session,
            identity,
        }
    }
}

/// The configured header's last address; what stands before it, clients can make up.
fn client(config: &Config, headers: &impl Headers) -> Option<IpAddr> {
    let named = headers.header(&config.address_header);
    let told = named.or_else(|| headers.header("x-forwarded-for"))?;
    let last = told.rsplit(',').next()?.trim();
    let address = last.parse::<IpAddr>().ok();
    let address = address.or_else(|| {
        last.parse::<std::net::SocketAddr>()
            .ok()
            .map(|socket| socket.ip())
    });
    address.map(|address| address.to_canonical())
}

fn cookie<'r>(cookies: &'r str, wanted: &str) -> Option<&'r str> {
    let pairs = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let mut fitting = pairs.filter(|(name, _)| *name == wanted);
    fitting
        .next()
        .map(|(_, value)| value.trim_matches('"'))
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told(&'static [(&'static str, &'static str)]);

    impl Headers for Told {
        fn header(&self, name: &str) -> Option<&str> {
            self.0
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| *value)
        }
    }

    #[test]
    fn each_web_server_is_understood() {
        let config = Config::default();
        let nginx = Told(&[
            ("x-original-uri", "/a?b"),
            ("x-original-method", "POST"),
            ("x-real-ip", "10.0.0.7"),
            ("x-forwarded-for", "1.1.1.1, 2.2.2.2"),
            ("cookie", "a=b; JSESSIONID=abc.node1; x"),
        ]);
        let request = Request::read(&config, &nginx, None, None);
        assert_eq!((request.method, request.target), ("POST", "/a?b"));
        assert_eq!(request.client, Some([10, 0, 0, 7].into()));
        assert_eq!(request.session, Some("abc.node1"));
        let traefik = Told(&[
            ("x-forwarded-uri", "/c"),
            ("x-forwarded-method", "PUT"),
            ("x-forwarded-for", "6.6.6.6, ::ffff:10.1.2.3"),
        ]);
        let request = Request::read(&config, &traefik, Some("shop"), None);
        assert_eq!((request.method, request.target), ("PUT", "/c"));
        assert_eq!(
            request.client,
            Some([10, 1, 2, 3].into()),
            "the last hop, not what the client wrote"
        );
        let envoy = Request::read(&config, &traefik, None, Some(("DELETE", "/d")));
        assert_eq!((envoy.method, envoy.target), ("DELETE", "/d"));
    }
}
