//! OTLP/HTTP in JSON, as curl and the JavaScript SDK send it.

use bongsu_edge_collect::Collected;
use bongsu_sdk_model::GaugeKind;

use crate::site::{Answer, GZIP_JSON, JSON, NOW_MS, Site, gzip, post};

/// One server span with a query below it, another that ends a day ahead; numbers in both forms.
fn traces(path: &str) -> String {
    let (start, end) = (NOW_MS - 20, NOW_MS);
    let tomorrow = NOW_MS + 86_400_000;
    format!(
        r#"{{"resourceSpans":[{{
          "resource":{{"attributes":[
            {{"key":"service.name","value":{{"stringValue":"shop"}}}},
            {{"key":"process.command_args","value":{{"arrayValue":{{"values":[{{"stringValue":"x"}}]}}}}}}],
            "droppedAttributesCount":0}},
          "scopeSpans":[{{"scope":{{"name":"web","version":"1","attributes":[]}},"spans":[
            {{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","name":"POST /login",
              "kind":2,"startTimeUnixNano":"{start}000000","endTimeUnixNano":"{end}000000","flags":257,
              "attributes":[
                {{"key":"http.request.method","value":{{"stringValue":"POST"}}}},
                {{"key":"url.path","value":{{"stringValue":"{path}"}}}},
                {{"key":"http.response.status_code","value":{{"intValue":"302"}}}},
                {{"key":"http.response.body.size","value":{{"intValue":512}}}},
                {{"key":"session.id","value":{{"stringValue":"s-1"}}}}],
              "status":{{}},"links":[],"events":[]}},
            {{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b175",
              "parentSpanId":"eee19b7ec3c1b174","name":"SELECT","kind":3,
              "startTimeUnixNano":{start}000000,"endTimeUnixNano":{start}400000,
              "attributes":[{{"key":"db.system.name","value":{{"stringValue":"postgresql"}}}}]}},
            {{"traceId":"5b8efff798038103d269b633813fc60d","spanId":"eee19b7ec3c1b176","kind":2,
              "startTimeUnixNano":"{start}000000","endTimeUnixNano":"{tomorrow}000000"}}]}}]}}]}}"#
    )
}

fn text(answer: &Answer) -> (u16, &str) {
    assert!(
        answer.headers.contains("content-type: application/json"),
        "{}",
        answer.headers
    );
    (answer.status, std::str::from_utf8(&answer.body).unwrap())
}

#[tokio::test]
async fn spans_become_transactions_and_the_answer_is_json() {
    let mut site = Site::start("", 8).await;
    for (path, headers, body) in [
        ("/login", JSON, traces("/login").into_bytes()),
        ("/other", GZIP_JSON, gzip(traces("/other").as_bytes())),
    ] {
        let answer = post(site.handle.http_addr(), "/v1/traces", headers, &body).await;
        let (status, reply) = text(&answer);
        assert_eq!(status, 200);
        assert!(
            reply.contains(r#""rejectedSpans":"1""#) && reply.contains("1 end in the future"),
            "{reply}"
        );
        let taken = site.transactions(1).await.remove(0);
        assert_eq!((taken.app.as_str(), taken.url.as_str()), ("shop", path));
        assert_eq!((taken.status, taken.response_bytes), (302, 512));
        assert_eq!((taken.duration_us, taken.sql_us), (20_000, 400));
        assert_eq!(taken.session.as_deref(), Some("s-1"));
        assert_eq!(taken.trace_id.map(|id| id[15]), Some(0x0c));
    }
    assert_eq!(site.handle.stats().spans, 6);
}

#[tokio::test]
async fn metrics_become_gauges() {
    let mut site = Site::start("", 8).await;
    let body = format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[]}},"scopeMetrics":[{{"metrics":[
          {{"name":"jvm.memory.used_after_last_gc","unit":"By","sum":{{"aggregationTemporality":2,"isMonotonic":false,
            "dataPoints":[{{"asInt":"300","timeUnixNano":"{NOW_MS}000000","exemplars":null,
              "attributes":[{{"key":"jvm.memory.type","value":{{"stringValue":"heap"}}}}]}}]}}}},
          {{"name":"jvm.memory.limit","sum":{{"dataPoints":[{{"asDouble":400,
              "attributes":[{{"key":"jvm.memory.type","value":{{"stringValue":"heap"}}}}]}}]}}}},
          {{"name":"jvm.gc.duration","histogram":{{"dataPoints":[{{"count":"3","sum":0.5,"bucketCounts":["1","2"]}}]}}}}
        ]}}]}}]}}"#
    );
    let answer = post(
        site.handle.http_addr(),
        "/v1/metrics",
        JSON,
        body.as_bytes(),
    )
    .await;
    assert_eq!(text(&answer), (200, "{}"));
    let batch = site.batches.recv().await.unwrap();
    let [Collected::Gauge { kind, value, .. }, Collected::Level(_)] = batch.as_slice() else {
        panic!("one gauge, not {batch:?}")
    };
    assert_eq!((*kind, *value), (GaugeKind::Heap, 75.0));
    let stats = site.handle.stats();
    assert_eq!((stats.points, stats.points_ignored), (3, 0));
}

#[tokio::test]
async fn a_refusal_is_json_and_says_nothing_of_the_export() {
    let mut site = Site::start("max_message = \"64KiB\"", 1).await;
    let http = site.handle.http_addr();
    let wrong = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"secret"}]}]}]}"#;
    let answer = post(http, "/v1/traces", JSON, wrong).await;
    assert_eq!(
        text(&answer),
        (
            400,
            r#"{"code":3,"message":"the export is malformed: not the JSON message of this signal"}"#
        )
    );
    for length in 0..traces("/login").len() {
        let answer = post(
            http,
            "/v1/traces",
            JSON,
            &traces("/login").as_bytes()[..length],
        )
        .await;
        assert_eq!(answer.status, 400, "{length}");
    }
    let answer = post(http, "/v1/traces", JSON, &vec![b' '; 65 << 10]).await;
    let (status, reply) = text(&answer);
    assert_eq!(status, 413);
    assert!(reply.contains("longer than 65536 bytes"), "{reply}");

    let body = traces("/login");
    assert_eq!(
        post(http, "/v1/traces", JSON, body.as_bytes()).await.status,
        200
    );
    let answer = post(http, "/v1/traces", JSON, body.as_bytes()).await;
    assert!(
        answer.headers.contains("retry-after: 1"),
        "{}",
        answer.headers
    );
    let (status, reply) = text(&answer);
    assert_eq!(status, 503);
    assert!(reply.contains("nothing of the export was taken"), "{reply}");
    site.transactions(1).await;
    site.check().await;
}

#[tokio::test]
async fn a_bomb_of_empty_elements_is_refused_before_it_is_decoded() {
    let mut site = Site::start("", 8).await;
    let spans = vec!["{}"; 1_000_000].join(",");
    let bomb = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    assert!(bomb.len() < 4 << 20);
    let answer = post(site.handle.http_addr(), "/v1/traces", JSON, bomb.as_bytes()).await;
    let (status, reply) = text(&answer);
    assert_eq!(status, 400);
    assert!(reply.contains("too many elements"), "{reply}");
    site.check().await;
}
