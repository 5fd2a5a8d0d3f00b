//! Redis' own tools, unmodified.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use anyhow::{Result, ensure};
use bongsu_tests::provided;

use crate::store::Store;

/// Those of redis-benchmark's own tests whose commands are served; lists are not.
const SERVED: &str = "ping,set,get,incr,sadd,hset,spop,zadd,zpopmin,mset";

#[test]
fn redis_benchmark_runs_unmodified() -> Result<()> {
    let Some(benchmark) = tool("redis-benchmark")? else {
        return Ok(());
    };
    let store = Store::start()?;
    for more in [&[][..], &["-P", "16"], &["-3"]] {
        let mut command = Command::new(&benchmark);
        command.args(["-p", &store.port().to_string(), "-t", SERVED]);
        command.args(["-n", "2000", "-c", "20", "--csv"]).args(more);
        let output = command.output()?;
        let said = all(&output);
        ensure!(output.status.success(), "{more:?}: {said}");
        // It goes on after an error, says so, and counts it as done; it warns when it can't ask for settings.
        ensure!(!said.contains("rror") && !said.contains("WARN"), "{said}");
        // The heading, and a line per test: both forms of PING are one of the ten.
        let lines = String::from_utf8_lossy(&output.stdout).lines().count();
        ensure!(lines == 1 + SERVED.split(',').count() + 1, "{said}");
    }
    Ok(())
}

#[test]
fn redis_cli_runs_unmodified() -> Result<()> {
    let Some(cli) = tool("redis-cli")? else {
        return Ok(());
    };
    let store = Store::start()?;
    let port = store.port().to_string();
    let expected: &[(&[&str], &str)] = &[
        (&["PING"], "PONG\n"),
        (&["-3", "HSET", "session:1", "user", "hong"], "1\n"),
        (&["HGETALL", "session:1"], "user\nhong\n"),
        (
            &["--no-raw", "-3", "HGETALL", "session:1"],
            "1# \"user\" => \"hong\"\n",
        ),
        (&["-n", "3", "DBSIZE"], "0\n"),
        (&["--scan", "--pattern", "session:*"], "session:1\n"),
        (&["-r", "3", "-i", "0.01", "INCR", "n"], "1\n2\n3\n"),
        (
            &["HGETT", "session:1"],
            "ERR unknown command 'HGETT', with args beginning with: 'session:1' \n\n",
        ),
    ];
    for (words, answer) in expected {
        let output = Command::new(&cli)
            .args(["-p", &port])
            .args(*words)
            .output()?;
        ensure!(all(&output) == *answer, "{words:?}: {:?}", all(&output));
    }
    Ok(())
}

fn tool(name: &str) -> Result<Option<PathBuf>> {
    let server = provided("BONGSU_REDIS_SERVER")?;
    Ok(server.map(|server| server.with_file_name(name)))
}

fn all(output: &Output) -> String {
    let [out, error] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    format!("{out}{error}")
}
