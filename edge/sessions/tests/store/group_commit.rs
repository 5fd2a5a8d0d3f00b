//! Many clients writing at once: every effect once, in one order, and all of it on disk.

use crate::client::Store;

const CLIENTS: usize = 16;
const WRITES: usize = 50;

#[tokio::test]
async fn concurrent_writers_see_one_order_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut writers = Vec::new();
    for writer in 0..CLIENTS {
        let mut client = store.connect().await;
        writers.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            for write in 0..WRITES {
                seen.push(client.call("INCR all").await.parse::<usize>().unwrap());
                assert_eq!(
                    client.call(&format!("HSET own:{writer} {write} v")).await,
                    "1"
                );
            }
            seen
        }));
    }
    let mut all = Vec::new();
    for writer in writers {
        let seen = writer.await.unwrap();
        assert!(seen.is_sorted(), "{seen:?}");
        all.extend(seen);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=CLIENTS * WRITES).collect::<Vec<_>>());
    store.handle.shutdown().await;

    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    assert_eq!(
        client.call("GET all").await,
        format!("\"{}\"", CLIENTS * WRITES)
    );
    for writer in 0..CLIENTS {
        assert_eq!(
            client.call(&format!("HLEN own:{writer}")).await,
            WRITES.to_string()
        );
    }
    store.handle.shutdown().await;
}
