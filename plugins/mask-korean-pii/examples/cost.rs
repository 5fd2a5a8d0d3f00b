//! What masking costs on this machine without the sandbox: time per text and per stage of a file of JSON lines or of a few
//! sample texts. For finding what is slow.

use std::{hint::black_box, time::Instant};

use bongsu_sdk_guest::{
    Settings,
    masker::{Field, FieldKind, Masker as _},
};
use mask_korean_pii::MaskKoreanPii;

const CLEAN: [&str; 6] = [
    "/api/v2/orders/list?page=3&size=20&sort=created_at,desc&status=open&category=books&view=compact",
    "2026-11-20 10:00:01.123 INFO  [http-nio-8080-exec-3] kr.go.minwon.OrderService - loaded 35 orders in 12 ms, cache hit ratio 0.93, pool active 4 idle 16, queue depth 0",
    "SELECT o.order_id, o.status, o.total FROM orders o JOIN items i ON i.order_id = o.order_id WHERE o.status = ? AND o.created_at > ? ORDER BY o.created_at DESC LIMIT 20",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "java.lang.IllegalStateException: connection pool exhausted at kr.go.minwon.db.Pool.take(Pool.java:118) at kr.go.minwon.OrderService.list(OrderService.java:57)",
    "{\"status\":\"ok\",\"count\":35,\"took_ms\":12,\"items\":[{\"sku\":\"B-1029\",\"qty\":2,\"price\":15000},{\"sku\":\"B-2210\",\"qty\":1,\"price\":32000}]}",
];
const DIRTY: [&str; 3] = [
    "/find?tel=010-9876-5432&name=%EB%B0%95%EC%84%9C%EC%97%B0&q=1",
    "2026-11-20 10:00:01 WARN login failed userId=soldam77 ip=203.0.113.77 agent=mobile reason=bad password",
    "박서연 고객님 연락처 010-1234-5678, 주소 서울특별시 종로구 세종대로 209",
];

fn main() {
    for (name, texts) in [("clean", &CLEAN[..]), ("dirty", &DIRTY[..])] {
        let mut plugin = MaskKoreanPii::init(&Settings::default()).unwrap();
        let mut total = 0.0;
        let mut bytes = 0;
        for text in texts {
            let kind = FieldKind::Text;
            let field = [Field {
                kind,
                text: (*text).to_owned(),
            }];
            let runs = 2_000;
            let edits = plugin.mask(&field).len();
            let start = Instant::now();
            for _ in 0..runs {
                black_box(plugin.mask(black_box(&field)));
            }
            let us = start.elapsed().as_secs_f64() * 1e6 / f64::from(runs);
            println!("{us:8.2} µs {:4} bytes {edits} edits  {:.50}", text.len(), text);
            total += us;
            bytes += text.len();
        }
        println!("{name}: {:.1} MB/s", bytes as f64 / total);
    }
}
