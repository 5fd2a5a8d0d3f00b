//! go-redis.

use std::process::Command;

use anyhow::Result;
use bongsu_tests::provided;

use crate::scenario::a_session_outlives;

#[test]
fn a_session_of_go_redis_outlives_its_instance_and_its_store() -> Result<()> {
    let Some(program) = provided("BONGSU_GO_CLIENT")? else {
        return Ok(());
    };
    a_session_outlives(|resp, http, _| {
        let mut command = Command::new(&program);
        command.args([resp.to_string(), http.to_string()]);
        Ok(command)
    })
}
