//! phpredis' session handler, in PHP's own web server.

use std::{path::Path, process::Command};

use anyhow::Result;
use bongsu_tests::provided;

use crate::{scenario::a_session_outlives, sources};

#[test]
fn a_session_of_phpredis_outlives_its_instance_and_its_store() -> Result<()> {
    with(&[])
}

#[test]
fn a_session_of_phpredis_with_locks_outlives_its_instance_and_its_store() -> Result<()> {
    with(&["redis.session.locking_enabled=1"])
}

fn with(settings: &[&str]) -> Result<()> {
    let Some(php) = provided("BONGSU_PHP")? else {
        return Ok(());
    };
    a_session_outlives(|resp, http, _: &Path| {
        let mut command = Command::new(&php);
        command.args(["-d", "session.save_handler=redis", "-d"]);
        command.arg(format!("session.save_path=tcp://127.0.0.1:{resp}"));
        for setting in settings {
            command.args(["-d", setting]);
        }
        command.args(["-S", &format!("127.0.0.1:{http}")]);
        command.arg(sources().join("php_sessions.php"));
        Ok(command)
    })
}
