//! Garbage, truncated and oversized bytes at every door: an error in the protocol's own words where it has some,
//! bounded memory, and neighbours who notice nothing.

#[path = "bad_input/peer.rs"]
mod peer;

use std::{
    fs::File,
    io::Write as _,
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use anyhow::{Result, anyhow, ensure};
use bongsu_tests::{
    Center, Edge, MINUTE_MS, Process, Visit, Web, fact, range, this_minute_ms, until,
};
use serde_json::{Value, json};

use peer::{flood, garbage, oversized, talk};

/// Memory that a flood may take on top: the limits on unfinished input, and what an allocator keeps of it.
const MAY_GROW: u64 = 64 << 20;
const MIB: usize = 1 << 20;

#[test]
fn every_tcp_door_of_an_edge_outlives_a_flood_with_bounded_memory() -> Result<()> {
    let mut edge = Edge::start("seoul", "")?;
    let doors = [edge.resp, edge.grpc, edge.otlp, edge.http];
    let neighbour = Neighbour::of(&edge)?;
    let before = edge.process()?.resident_bytes()?;
    for door in doors {
        let most = flood(door, edge.process()?)?;
        let grown = most.saturating_sub(before);
        ensure!(
            grown <= MAY_GROW,
            "port {door} of {doors:?}: {grown} bytes more"
        );
    }
    neighbour.was_served()?;
    works(&edge, 1)
}

#[test]
fn the_session_store_answers_nonsense_with_an_error() -> Result<()> {
    let edge = Edge::start("seoul", "")?;
    for (bad, answer) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"[..],
            "-ERR",
        ),
        (b"*1\r\n$999999999999\r\n", "-ERR Protocol error"),
        (b"*99999999\r\n", "-ERR Protocol error"),
        (b"*1\r\n$-7\r\n", "-ERR Protocol error"),
        (b"NOSUCHCOMMAND\r\n", "-ERR unknown command"),
        (b"*2\r\n$3\r\nGET\r\n", ""),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8000000\r\nonly a part", ""),
    ] {
        let said = talk(edge.resp, bad)?;
        let start = String::from_utf8_lossy(bad);
        ensure!(
            said.starts_with(answer) && said.is_empty() == answer.is_empty(),
            "{start}: {said}"
        );
    }
    ensure!(
        edge.sessions()?.run(&["GET", "k"])?.is_none(),
        "half a command was done"
    );
    works(&edge, 1)
}

#[test]
fn collection_refuses_exports_that_it_cannot_read_by_reason() -> Result<()> {
    let edge = Edge::start("seoul", "")?;
    let (web, protobuf) = (Web::at(edge.otlp), "application/x-protobuf");
    let whole = bongsu_tests::encode(&[Visit::of("a", this_minute_ms()?)]);
    let truncated = whole.get(..whole.len() / 2).unwrap_or_default();
    for (what, kind, body, status) in [
        ("garbage", protobuf, &garbage(4_096)[..], 400),
        ("truncated", protobuf, truncated, 400),
        ("text", "text/plain", b"{}", 415),
    ] {
        let reply = web.post("/v1/traces", kind, body)?;
        ensure!(reply.status == status, "{what}: {reply:?}");
    }
    let said = oversized(edge.otlp, "/v1/traces", protobuf, 5 * MIB)?;
    ensure!(said.starts_with("HTTP/1.1 413"), "{said}");
    let said = talk(edge.otlp, b"NONSENSE\r\n\r\n")?;
    ensure!(said.starts_with("HTTP/1.1 400"), "{said}");
    // Not HTTP/2 at all, and an HTTP/2 frame that says it is 16 MiB long: GOAWAY (type 7), or closed.
    talk(edge.grpc, b"NONSENSE\r\n\r\n")?;
    talk(
        edge.grpc,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x01",
    )?;
    works(&edge, 1)?;
    until("refusals are counted", || {
        let malformed = edge.metric("bongsu_collect_exports_malformed_total")?;
        let too_large = edge.metric("bongsu_collect_exports_too_large_total")?;
        let unsupported = edge.metric("bongsu_collect_exports_unsupported_total")?;
        Ok(([malformed, too_large, unsupported] == [2, 1, 1]).then_some(()))
    })
}

#[test]
fn both_apis_answer_nonsense_with_a_problem_document() -> Result<()> {
    let edge = Edge::start("seoul", "")?;
    let center = Center::start(&["seoul"])?;
    for (name, port) in [("edge", edge.http), ("center", center.http)] {
        let web = Web::at(port);
        let json = "application/json";
        for (what, kind, body, status) in [
            ("not JSON", json, &b"{\"question\": "[..], 400),
            ("garbage", json, &garbage(1_000)[..], 400),
            ("neither", json, b"{}", 422),
            (
                "both",
                json,
                b"{\"question\": \"a\", \"plan\": {\"op\": \"value\"}}",
                422,
            ),
            (
                "no such operation",
                json,
                b"{\"plan\": {\"op\": \"destroy\"}}",
                422,
            ),
            (
                "not said to be JSON",
                "text/plain",
                b"{\"question\": \"a\"}",
                415,
            ),
        ] {
            let reply = web.post("/api/ask", kind, body)?;
            let problem = reply.json()?;
            ensure!(reply.status == status, "{name}, {what}: {reply:?}");
            ensure!(
                reply.kind == "application/problem+json",
                "{name}, {what}: {reply:?}"
            );
            ensure!(
                problem["status"] == status && problem["code"].is_string(),
                "{name}: {problem}"
            );
        }
        let said = oversized(port, "/api/ask", json, MIB)?;
        ensure!(said.starts_with("HTTP/1.1 413"), "{name}: {said}");
        ensure!(said.contains("application/problem+json"), "{name}: {said}");
        let said = talk(port, b"NONSENSE\r\n\r\n")?;
        ensure!(said.starts_with("HTTP/1.1 400"), "{name}: {said}");
        let long = [&b"GET /"[..], &vec![b'a'; MIB], b" HTTP/1.1\r\n\r\n"].concat();
        let said = talk(port, &long)?;
        ensure!(
            said.starts_with("HTTP/1.1 4") || said.is_empty(),
            "{name}: {said}"
        );
        ensure!(web.get("/healthz", None)?.status == 200, "{name} is gone");
    }
    Ok(())
}

#[test]
fn a_damaged_log_costs_only_its_damaged_lines() -> Result<()> {
    let log = "[[collect.logs]]\npath = \"{folder}/access.log\"\napp = \"web\"\nfrom = \"start\"\n";
    let mut edge = Edge::start("seoul", log)?;
    let before = edge.process()?.resident_bytes()?;
    let minute = this_minute_ms()?;
    let at =
        jiff::Timestamp::from_millisecond(minute - MINUTE_MS)?.strftime("%d/%b/%Y:%H:%M:%S +0000");
    let good = format!("198.51.100.1 - - [{at}] \"GET / HTTP/1.1\" 200 512 \"-\" \"test\"\n");
    let mut file = File::create(edge.folder().join("access.log"))?;
    file.write_all(good.as_bytes())?;
    file.write_all(b"half a li\n\n\xff\xfe\x00\x00\x00\n")?;
    for _ in 0..64 {
        file.write_all(&vec![b'x'; MIB])?;
    }
    file.write_all(b"\n")?;
    file.write_all(good.as_bytes())?;
    file.write_all(&good.as_bytes()[..20])?;
    let plan = requests(minute)?;
    until("the good lines are counted", || {
        Ok((fact(&edge.plan(&plan)?, "requests")? == 2.0).then_some(()))
    })?;
    until("the bad ones are counted apart", || {
        let unparsed = edge.metric("bongsu_collect_log_lines_unparsed_total")?;
        let too_long = edge.metric("bongsu_collect_log_lines_too_long_total")?;
        Ok((unparsed >= 2 && too_long == 1).then_some(()))
    })?;
    let grown = edge.process()?.resident_bytes()?.saturating_sub(before);
    ensure!(grown <= MAY_GROW, "{grown} bytes more");
    // The last line was not whole yet.
    file.write_all(&good.as_bytes()[20..])?;
    until("the line is counted when it is whole", || {
        Ok((fact(&edge.plan(&plan)?, "requests")? == 3.0).then_some(()))
    })
}

#[test]
fn a_center_outlives_floods_and_goes_on_receiving() -> Result<()> {
    let mut center = Center::start(&["seoul"])?;
    let edge = Edge::start("seoul", &center.ship("seoul")?)?;
    until("the edge is connected", || {
        Ok((edge.health()?["center"]["connected"] == true).then_some(()))
    })?;
    let before = center.process()?.resident_bytes()?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    for length in (0..20_000).map(|n| n * 7 % 1_400) {
        let mut datagram = garbage(length);
        // Every other one begins as a QUIC version 1 Initial packet does.
        if let (0, Some(head)) = (length % 2, datagram.get_mut(..5)) {
            head.copy_from_slice(&[0xc3, 0, 0, 0, 1]);
        }
        socket.send_to(&datagram, ("127.0.0.1", center.quic))?;
    }
    let dashboard = center.http;
    let most = flood(dashboard, center.process()?)?.max(center.process()?.resident_bytes()?);
    ensure!(
        most.saturating_sub(before) <= MAY_GROW,
        "{before} bytes became {most}"
    );
    let minute = this_minute_ms()?;
    edge.export(&[Visit::of("a", minute - MINUTE_MS)])?;
    until("a visit arrives", || {
        Ok((fact(&center.plan(&requests(minute)?)?, "requests")? == 1.0).then_some(()))
    })?;
    ensure!(center.process()?.is_running()?);
    Ok(())
}

/// A good client of the session store and of collection, at work while others misbehave.
struct Neighbour {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    thread: thread::JoinHandle<Result<()>>,
}

impl Neighbour {
    fn of(edge: &Edge) -> Result<Self> {
        let (stop, served) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stopped, count, mut store) =
            (Arc::clone(&stop), Arc::clone(&served), edge.sessions()?);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                let n = count.load(Ordering::SeqCst).to_string();
                store.run(&["SET", "session:neighbour", &n, "EX", "600"])?;
                let value = store.run(&["GET", "session:neighbour"])?;
                ensure!(
                    value.as_deref() == Some(n.as_str()),
                    "{value:?} instead of {n}"
                );
                count.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        });
        Ok(Self {
            stop,
            served,
            thread,
        })
    }

    /// It still is, and never was not.
    fn was_served(self) -> Result<()> {
        let before = self.served.load(Ordering::SeqCst);
        until("the neighbour is served", || {
            Ok((self.served.load(Ordering::SeqCst) > before).then_some(()))
        })?;
        self.stop.store(true, Ordering::SeqCst);
        self.thread
            .join()
            .map_err(|_| anyhow!("the neighbour's thread panicked"))?
    }
}

fn requests(minute: i64) -> Result<Value> {
    let window = range(minute - 5 * MINUTE_MS, minute)?;
    Ok(json!({ "op": "value", "metrics": ["requests"], "window": window }))
}

/// What comes properly is still taken and counted.
fn works(edge: &Edge, visits: usize) -> Result<()> {
    let minute = this_minute_ms()?;
    let plan = requests(minute)?;
    edge.export(&vec![Visit::of("a", minute - MINUTE_MS); visits])?;
    until("good visits are counted", || {
        Ok((fact(&edge.plan(&plan)?, "requests")? == visits as f64).then_some(()))
    })?;
    edge.sessions()?.run(&["SET", "session:after", "1"])?;
    Ok(())
}
