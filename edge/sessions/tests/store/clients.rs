//! Connections seen and ended by others, users, and settings that change while the server runs.

use crate::client::{Client, Store};

fn field(line: &str, name: &str) -> String {
    let mut parts = line.trim_matches('"').split(' ');
    let found = parts.find_map(|part| part.strip_prefix(&format!("{name}=")));
    found.unwrap_or("missing").to_owned()
}

async fn is_alone(client: &mut Client) {
    while client.call("CLIENT LIST").await.matches("id=").count() > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_is_listed_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let (mut seen, mut other) = (store.connect().await, store.connect().await);
    for command in [
        "HELLO 3 SETNAME web",
        "SELECT 5",
        "CLIENT SETINFO LIB-NAME redis-py",
        "CLIENT NO-EVICT on",
        "SUBSCRIBE a",
        "PSUBSCRIBE b*",
        "MULTI",
        "SET k v",
    ] {
        seen.call(command).await;
    }
    let line = other.call("CLIENT LIST ID 1").await;
    let fields = [
        ("id", "1"),
        ("name", "web"),
        ("db", "5"),
        ("sub", "1"),
        ("psub", "1"),
        ("ssub", "0"),
        ("multi", "1"),
        ("flags", "Pxe"),
        ("cmd", "set"),
        ("user", "default"),
        ("resp", "3"),
        ("lib-name", "redis-py"),
    ];
    for (name, expected) in fields {
        assert_eq!(field(&line, name), expected, "{name} in {line}");
    }
    assert_eq!(field(&line, "laddr"), store.handle.addr().to_string());
    let count = |listed: String| listed.matches("id=").count();
    assert_eq!(count(other.call("CLIENT LIST").await), 2);
    assert_eq!(count(other.call("CLIENT LIST TYPE normal").await), 1);
    assert_eq!(count(other.call("CLIENT LIST TYPE pubsub").await), 1);
    assert_eq!(
        field(&other.call("CLIENT INFO").await, "cmd"),
        "client|info"
    );
    store.handle.shutdown().await;
}

#[tokio::test]
async fn connections_are_ended_by_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut killer = store.connect().await;
    for kill in [
        "ID 2",
        "ADDR {addr}",
        "LADDR {laddr}",
        "TYPE normal",
        "USER default",
        "{addr}",
    ] {
        let mut victim = store.connect().await;
        let line = victim.call("CLIENT INFO").await;
        let kill = kill
            .replace("{addr}", &field(&line, "addr"))
            .replace("{laddr}", &field(&line, "laddr"));
        let killed = killer.call(&format!("CLIENT KILL {kill}")).await;
        assert!(killed == "1" || killed == "OK", "{kill}: {killed}");
        assert!(victim.is_closed().await, "{kill}");
        is_alone(&mut killer).await;
    }
    let mut listener = store.connect().await;
    listener.call("SUBSCRIBE c").await;
    assert_eq!(killer.call("CLIENT KILL TYPE pubsub").await, "1");
    assert!(listener.is_closed().await);
    assert_eq!(killer.call("CLIENT KILL TYPE normal SKIPME no").await, "1");
    assert!(killer.is_closed().await);
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_connection_that_does_not_read_can_be_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "max_output = \"512MiB\"").await;
    let mut killer = store.connect().await;
    killer.run(&["SET", "big", &"x".repeat(1 << 20)]).await;
    let mut victim = store.connect().await;
    victim.send(&b"GET big\r\n".repeat(64)).await;
    while field(&killer.call("CLIENT LIST ID 2").await, "cmd") != "get" {
        tokio::task::yield_now().await;
    }
    assert_eq!(killer.call("CLIENT KILL ID 2").await, "1");
    is_alone(&mut killer).await;
    store.handle.shutdown().await;
}

#[tokio::test]
async fn replies_can_be_turned_off_and_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    client
        .send(
            b"CLIENT REPLY SKIP\r\nSET a 1\r\nGET a\r\nCLIENT REPLY OFF\r\nSET a 2\r\nNOPE\r\n\
              CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nGET a\r\n",
        )
        .await;
    let replies = [
        client.reply().await,
        client.reply().await,
        client.reply().await,
    ];
    assert_eq!(replies, ["\"1\"", "OK", "\"2\""]);
    store.handle.shutdown().await;
}

#[tokio::test]
async fn users_have_passwords_and_may_be_kept_from_writing() {
    let dir = tempfile::tempdir().unwrap();
    let [app, viewer] = ["app", "viewer"].map(|name| {
        let file = dir.path().join(name);
        std::fs::write(&file, format!("{name}-secret\n")).unwrap();
        file
    });
    let settings = format!(
        "[[users]]\nname = \"app\"\npassword_file = {app:?}\n\
         [[users]]\nname = \"viewer\"\npassword_file = {viewer:?}\nread_only = true\n"
    );
    let store = Store::start(&dir.path().join("log"), &settings).await;
    let mut client = store.connect().await;
    let wrong = "WRONGPASS invalid username-password pair or user is disabled.";
    let denied = |command: &str| {
        format!("NOPERM this user has no permissions to run the '{command}' command")
    };
    let table = [
        ("PING", "NOAUTH Authentication required.".to_owned()),
        ("AUTH default x", wrong.to_owned()),
        ("AUTH app viewer-secret", wrong.to_owned()),
        ("AUTH app-secret", wrong.to_owned()),
        ("AUTH app app-secret", "OK".to_owned()),
        ("SET k v", "OK".to_owned()),
        ("ACL WHOAMI", "\"app\"".to_owned()),
        ("ACL USERS", "[\"default\" \"app\" \"viewer\"]".to_owned()),
        (
            "ACL LIST",
            "[\"user default off ~* &* +@all\" \"user app on ~* &* +@all\" \
             \"user viewer on ~* &* +@all -@write -@admin\"]"
                .to_owned(),
        ),
        ("AUTH viewer viewer-secret", "OK".to_owned()),
        ("GET k", "\"v\"".to_owned()),
        ("SET k w", denied("set")),
        ("DEL k", denied("del")),
        ("CONFIG SET timeout 1", denied("config|set")),
        ("CLIENT KILL ID 1", denied("client|kill")),
        ("CONFIG GET timeout", "[\"timeout\" \"0\"]".to_owned()),
        ("MULTI", "OK".to_owned()),
        ("FLUSHALL", denied("flushall")),
        (
            "EXEC",
            "EXECABORT Transaction discarded because of previous errors.".to_owned(),
        ),
        ("RESET", "RESET".to_owned()),
        ("GET k", "NOAUTH Authentication required.".to_owned()),
        ("HELLO 2 AUTH viewer app-secret", wrong.to_owned()),
    ];
    for (command, expected) in table {
        assert_eq!(client.call(command).await, expected, "{command}");
    }
    let hello = client.call("HELLO 2 AUTH viewer viewer-secret").await;
    assert!(hello.starts_with("[\"server\""), "{hello}");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn settings_change_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let (mut client, mut other) = (store.connect().await, store.connect().await);
    client.run(&["SET", "big", &"x".repeat(5000)]).await;
    assert_eq!(other.call("CONFIG SET maxmemory 4kb timeout 0").await, "OK");
    let oom = "OOM command not allowed when used memory > 'maxmemory'.";
    assert_eq!(client.call("SET k v").await, oom);
    assert_eq!(other.call("CONFIG SET maxmemory 0").await, "OK");
    assert_eq!(client.call("SET k v").await, "OK");
    // All or none.
    let failed = "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config";
    assert_eq!(
        other.call("CONFIG SET maxmemory 1 databases 3").await,
        failed
    );
    assert_eq!(client.call("SET k v").await, "OK");
    assert_eq!(other.call("CONFIG SET timeout 1").await, "OK");
    // The timeout holds from the next request on.
    assert_eq!(other.call("PING").await, "PONG");
    assert!(other.is_closed().await);
    store.handle.shutdown().await;
}
