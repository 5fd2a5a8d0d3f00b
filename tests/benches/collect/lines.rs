//! Access-log lines, beside GoAccess.

use std::{
    env, fs,
    io::{BufWriter, Write as _},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    Extent,
    figure::{self, Bar},
    process::Process,
};

pub(crate) fn measure(extent: Extent) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let log = dir.path().join("access.log");
    write(&log, extent.lines)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..extent.runs {
        ours.push(of_ours(dir.path(), &log, extent.lines, run)?);
        if let Some(goaccess) = env::var_os("BONGSU_GOACCESS") {
            theirs.push(of_goaccess(
                Path::new(&goaccess),
                dir.path(),
                &log,
                extent.lines,
            )?);
        }
    }
    let peer = if theirs.is_empty() { "" } else { "goaccess" };
    let bar = Bar::AtLeast(500_000.0);
    figure::print(
        "access_log_lines_per_cpu_second",
        "lines/s",
        peer,
        bar,
        ours.clone(),
    );
    if !theirs.is_empty() {
        let ratio = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs);
        figure::print(
            "access_log_vs_goaccess",
            "ratio",
            peer,
            Bar::None,
            ratio.collect(),
        );
        figure::print(
            "goaccess_lines_per_cpu_second",
            "lines/s",
            peer,
            Bar::None,
            theirs,
        );
    }
    Ok(())
}

/// A day of requests of 5 000 clients for 200 URLs.
fn write(log: &Path, lines: usize) -> Result<()> {
    let mut file = BufWriter::new(fs::File::create(log)?);
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";
    for n in 0..lines {
        let second = n * 86_400 / lines;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let client = n.wrapping_mul(2_654_435_761) % 5_000;
        writeln!(
            file,
            "10.1.{}.{} - - [20/Nov/2026:{hour:02}:{minute:02}:{second:02} +0900] \"GET /minwon/{}/{} HTTP/1.1\" 200 {} \"https://www.example.go.kr/\" \"{agent}\"",
            client / 250,
            client % 250,
            n % 200,
            n % 977,
            n % 20_000
        )?;
    }
    file.flush()?;
    Ok(())
}

fn of_ours(dir: &Path, log: &Path, lines: usize, run: usize) -> Result<f64> {
    let data = dir.join(format!("data-{run}"));
    let config = format!(
        "grpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\nhost = false\ndata_dir = {data:?}\n\
         [[logs]]\npath = {log:?}\napp = \"minwon\"\nfrom = \"start\"\n"
    );
    let mut command = Command::new(env::current_exe()?);
    let mut process = Process::start(command.args(["--serve", &config]))?;
    process.line()?;
    while process.line()?.parse::<usize>()? < lines {}
    Ok(lines as f64 / process.cpu_seconds()?)
}

fn of_goaccess(goaccess: &Path, dir: &Path, log: &Path, lines: usize) -> Result<f64> {
    // `times` prints the shell's own figures, then its children's.
    let script =
        "\"$0\" \"$1\" --no-global-config --log-format=COMBINED -o \"$2\" >/dev/null 2>&1; times";
    let report = dir.join("report.json");
    let output = Command::new("sh")
        .args(["-c", script])
        .args([goaccess, log, &report])
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let children = text.lines().nth(1).context("no times")?;
    let seconds = |word: &str| -> Result<f64> {
        let (minutes, seconds) = word.split_once('m').context("no minutes")?;
        Ok(minutes.parse::<f64>()? * 60.0 + seconds.trim_end_matches('s').parse::<f64>()?)
    };
    let cpu: f64 = children
        .split_whitespace()
        .map(seconds)
        .sum::<Result<f64>>()?;
    anyhow::ensure!(report.exists(), "goaccess made no report");
    Ok(lines as f64 / cpu)
}
