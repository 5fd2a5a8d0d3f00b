//! One browser: cookies, an address, and a note of every request for the exact count.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use reqwest::{Client, Method, header, redirect};

use super::Seen;
use crate::clock;

/// The cookie by which the application tells browsers apart.
const IDENTITY: &str = "bongsu_uid";
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";

/// A browser of somebody at one address.
pub(crate) struct Browser {
    client: Client,
    site: &'static str,
    base: String,
    address: String,
    cookies: BTreeMap<String, String>,
    seen: Arc<Seen>,
}

/// The connections that the browsers of one site share.
pub(crate) fn client() -> Result<Client> {
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(USER_AGENT)
        .timeout(Duration::from_secs(30))
        .build()?;
    Ok(client)
}

impl Browser {
    /// A browser without cookies.
    pub(crate) fn new(
        client: &Client,
        site: &'static str,
        port: u16,
        address: String,
        seen: &Arc<Seen>,
    ) -> Self {
        let base = format!("http://127.0.0.1:{port}");
        Self {
            client: client.clone(),
            site,
            base,
            address,
            cookies: BTreeMap::new(),
            seen: seen.clone(),
        }
    }

    /// Asks for a page; gives its status, none if there was no answer.
    pub(crate) async fn get(&mut self, path: &str) -> Option<u16> {
        self.send(Method::GET, path, None).await
    }

    /// Sends a form.
    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Option<u16> {
        self.send(Method::POST, path, Some(form)).await
    }

    async fn send(&mut self, method: Method, path: &str, form: Option<&str>) -> Option<u16> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("X-Forwarded-For", &self.address);
        if !self.cookies.is_empty() {
            request = request.header(header::COOKIE, self.cookie_header());
        }
        if let Some(form) = form {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.to_owned());
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        for value in response.headers().get_all(header::SET_COOKIE) {
            self.take(value.to_str().unwrap_or_default());
        }
        response.bytes().await.ok()?;
        if let Some(identity) = self.cookies.get(IDENTITY) {
            self.seen.note(clock::now(), self.site, identity);
        }
        Some(status)
    }

    fn cookie_header(&self) -> String {
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Takes in one `Set-Cookie`; an empty value deletes.
    fn take(&mut self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else {
            return;
        };
        if value.is_empty() {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_kept_replaced_and_deleted() {
        let mut browser = Browser::new(
            &client().unwrap(),
            "jeju",
            1,
            "198.51.100.1".to_owned(),
            &Arc::default(),
        );
        browser.take("bongsu_uid=abc; Max-Age=31536000; Path=/");
        browser.take("session=1; HttpOnly");
        browser.take("session=2; HttpOnly");
        assert_eq!(browser.cookie_header(), "bongsu_uid=abc; session=2");
        browser.take("session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(browser.cookie_header(), "bongsu_uid=abc");
    }
}
