//! Redisson's session manager in Tomcat, and Spring Session with its index on Lettuce.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use bongsu_tests::{provided, until};
use serde_json::Value;

use crate::{
    scenario::{Instance, a_session_outlives},
    store::Store,
    visitor::Visitor,
};

#[test]
fn a_session_of_tomcat_with_redisson_outlives_its_instance_and_its_store() -> Result<()> {
    tomcat("DEFAULT")
}

#[test]
fn a_session_that_redisson_writes_after_the_request_outlives_its_instance_and_its_store()
-> Result<()> {
    tomcat("AFTER_REQUEST")
}

fn tomcat(update: &str) -> Result<()> {
    let Some(java) = Java::provided()? else {
        return Ok(());
    };
    a_session_outlives(|resp, http, _| {
        let mut command = java.application("tomcat");
        command.args(["TomcatSessions", &resp.to_string(), &http.to_string()]);
        command.args([update, "REDIS"]);
        Ok(command)
    })
}

#[test]
fn a_session_of_spring_outlives_its_instance_and_its_store() -> Result<()> {
    let Some(java) = Java::provided()? else {
        return Ok(());
    };
    a_session_outlives(|resp, http, _| Ok(java.spring(resp, http, "10m")))
}

/// Spring finds a user's sessions by its index, and is told when one has expired, although nobody touches it:
/// its own sweep is switched off here.
#[test]
fn spring_knows_a_users_sessions_and_hears_of_their_end() -> Result<()> {
    let Some(java) = Java::provided()? else {
        return Ok(());
    };
    let mut store = Store::start()?;
    let command = |resp, http, _: &Path| Ok(java.spring(resp, http, "2s"));
    let mut spring = Instance::start(&store, &command)?;
    spring.ready()?;
    spring.explain(a_session_expires(&spring, 1))?;
    // What Spring has set and subscribed to at its start holds after this, too.
    store.kill()?;
    store.restart()?;
    until("Spring finds its sessions again", || {
        Ok((spring.web.get("/of/nobody", None)?.status == 200).then_some(()))
    })?;
    spring.explain(a_session_expires(&spring, 2))
}

fn a_session_expires(spring: &Instance, ended: usize) -> Result<()> {
    let sessions = || spring.web.get("/of/hong", None)?.json();
    Visitor::new("hong").log_in(&spring.web)?;
    ensure!(sessions()? == 1, "{}", sessions()?);
    let late_ms = until("Spring hears that the session has expired", || {
        let expired = spring.web.get("/expired", None)?.json()?;
        let expired = expired.as_array().context("no list")?;
        Ok(expired.get(ended - 1).and_then(Value::as_i64))
    })?;
    // Not before its time; how long after depends on what else the machine has to do.
    ensure!(late_ms >= 0, "heard {} ms early", -late_ms);
    ensure!(sessions()? == 0, "{}", sessions()?);
    Ok(())
}

/// Java, and the folder with the built applications.
struct Java {
    program: PathBuf,
    applications: PathBuf,
}

impl Java {
    fn provided() -> Result<Option<Self>> {
        let (Some(program), Some(applications)) =
            (provided("BONGSU_JAVA")?, provided("BONGSU_JAVA_CLIENTS")?)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            program,
            applications,
        }))
    }

    /// Small, and soon up.
    fn application(&self, name: &str) -> Command {
        let target = self.applications.join(name).join("target");
        let mut command = Command::new(&self.program);
        command.args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]);
        command.arg("-cp");
        command.arg(format!("{0}/classes:{0}/lib/*", target.display()));
        command
    }

    fn spring(&self, resp: u16, http: u16, timeout: &str) -> Command {
        let mut command = self.application("spring");
        command.arg("sessions.SpringSessions");
        command.arg(format!("--spring.data.redis.port={resp}"));
        command.arg(format!("--server.port={http}"));
        command.arg(format!("--server.servlet.session.timeout={timeout}"));
        command.arg("--spring.session.redis.cleanup-cron=-");
        command
    }
}
