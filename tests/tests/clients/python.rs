//! Flask-Session and Django's cache sessions, both on redis-py and under gunicorn.

use std::process::Command;

use anyhow::Result;
use bongsu_tests::provided;

use crate::{scenario::a_session_outlives, sources};

#[test]
fn a_session_of_flask_outlives_its_instance_and_its_store() -> Result<()> {
    under_gunicorn("flask_sessions:app")
}

#[test]
fn a_session_of_django_outlives_its_instance_and_its_store() -> Result<()> {
    under_gunicorn("django_sessions:app")
}

fn under_gunicorn(application: &str) -> Result<()> {
    let Some(python) = provided("BONGSU_PYTHON")? else {
        return Ok(());
    };
    a_session_outlives(|resp, http, folder| {
        let mut command = Command::new(&python);
        command.args(["-B", "-m", "gunicorn", "--threads", "4", "--chdir"]);
        command.arg(sources()).arg("--worker-tmp-dir").arg(folder);
        command.args(["--bind", &format!("127.0.0.1:{http}"), application]);
        command.env("RESP_PORT", resp.to_string());
        Ok(command)
    })
}
