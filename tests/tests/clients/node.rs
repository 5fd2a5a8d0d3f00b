//! express-session on connect-redis.

use std::{fs, os::unix::fs::symlink, process::Command};

use anyhow::Result;
use bongsu_tests::provided;

use crate::{scenario::a_session_outlives, sources};

#[test]
fn a_session_of_connect_redis_outlives_its_instance_and_its_store() -> Result<()> {
    let (Some(node), Some(modules)) = (provided("BONGSU_NODE")?, provided("BONGSU_NODE_MODULES")?)
    else {
        return Ok(());
    };
    a_session_outlives(|resp, http, folder| {
        // Node looks for packages beside the script.
        let beside = folder.join("node_modules");
        if !beside.exists() {
            symlink(&modules, beside)?;
        }
        let script = folder.join("express_sessions.mjs");
        fs::copy(sources().join("express_sessions.mjs"), &script)?;
        let mut command = Command::new(&node);
        command.arg(&script);
        command.args([resp.to_string(), http.to_string()]);
        Ok(command)
    })
}
