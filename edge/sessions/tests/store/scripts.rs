//! Scripts that session clients send are served; scripts that mean harm end, and nobody notices.

use crate::client::{Client, Store, request};

const QUICK: &str =
    "durability = \"memory\"\nscript_time_limit = \"100ms\"\nscript_memory = \"8MiB\"\n";
const PATIENT: &str =
    "durability = \"memory\"\nscript_time_limit = \"60s\"\nscript_memory = \"8MiB\"\n";
const OUT_OF_TIME: &str =
    "ERR Script ended: it ran longer than script_time_limit; what it wrote before stays.";
const OUT_OF_MEMORY: &str =
    "ERR Script ended: it used more than script_memory; what it wrote before stays.";

async fn eval(client: &mut Client, script: &str) -> String {
    client.run(&["EVAL", script, "0"]).await
}

/// Runs scripts in order on one connection and compares each reply.
async fn check(settings: &str, table: &[(&[&str], &str)]) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    for (command, expected) in table {
        assert_eq!(client.run(command).await, *expected, "{command:?}");
    }
    store.handle.shutdown().await;
}

/// Each script ends with the error, and the next one runs as if nothing had been.
async fn end(settings: &str, scripts: &[&str], expected: &str) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    for script in scripts {
        let reply = eval(&mut client, script).await;
        assert!(reply.starts_with(expected), "{script}\n{reply}");
        assert_eq!(eval(&mut client, "return redis.call('ping')").await, "PONG");
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_lock_is_taken_kept_and_released_by_its_owner_only() {
    let take = "if redis.call('exists', KEYS[1]) == 0 or redis.call('hexists', KEYS[1], ARGV[2]) == 1 then \
                redis.call('hincrby', KEYS[1], ARGV[2], 1) redis.call('pexpire', KEYS[1], ARGV[1]) \
                return nil end return redis.call('pttl', KEYS[1])";
    let release = "if redis.call('hexists', KEYS[1], ARGV[2]) == 0 then return nil end \
                   local count = redis.call('hincrby', KEYS[1], ARGV[2], -1) \
                   if count > 0 then redis.call('pexpire', KEYS[1], ARGV[1]) return 0 end \
                   redis.call('del', KEYS[1]) return 1";
    check(
        "",
        &[
            (&["EVAL", take, "1", "lock", "30000", "one"], "nil"),
            (&["EVAL", take, "1", "lock", "30000", "two"], "30000"),
            (&["EVAL", take, "1", "lock", "30000", "one"], "nil"),
            (&["EVAL", release, "1", "lock", "30000", "two"], "nil"),
            (&["EVAL", release, "1", "lock", "30000", "one"], "0"),
            (&["EVAL", release, "1", "lock", "30000", "one"], "1"),
            (&["EXISTS", "lock"], "0"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_lock_of_one_string_is_extended_and_released_by_its_token() {
    let extend = "local token = redis.call('get', KEYS[1]) \
                  if not token or token ~= ARGV[1] then return 0 end \
                  local left = redis.call('pttl', KEYS[1]) if left < 0 then left = 0 end \
                  redis.call('pexpire', KEYS[1], ARGV[2] + left) return 1";
    let release = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end \
                   redis.call('del', KEYS[1]) return 1";
    let replace = "if redis.call('get', KEYS[1]) == ARGV[1] then \
                   redis.call('set', KEYS[1], ARGV[2]) return 1 else return 0 end";
    check(
        "",
        &[
            (&["SET", "l", "token", "PX", "1000", "NX"], "OK"),
            (&["EVAL", extend, "1", "l", "other", "500"], "0"),
            (&["EVAL", extend, "1", "l", "token", "500"], "1"),
            (&["PTTL", "l"], "1500"),
            (&["EVAL", release, "1", "l", "other"], "0"),
            (&["EVAL", release, "1", "l", "token"], "1"),
            (&["EVAL", release, "1", "l", "token"], "0"),
            (&["SET", "b", "old"], "OK"),
            (&["EVAL", replace, "1", "b", "new", "x"], "0"),
            (&["EVAL", replace, "1", "b", "old", "x"], "1"),
            (&["GET", "b"], "\"x\""),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_map_entry_with_its_idle_time_is_packed_and_read() {
    let put = "local value = struct.pack('dLc0', ARGV[2], string.len(ARGV[3]), ARGV[3]) \
               redis.call('hset', KEYS[1], ARGV[1], value)";
    let read = "local value = redis.call('hget', KEYS[1], ARGV[1]) if value == false then return nil end \
                local idle, text = struct.unpack('dLc0', value) \
                return {idle, text, math.min(92233720368547758, idle + tonumber(ARGV[2]))}";
    check(
        "",
        &[
            (
                &["EVAL", put, "1", "map", "key", "1800000", "some value"],
                "nil",
            ),
            (
                &["EVAL", read, "1", "map", "key", "1700000000000"],
                "[1800000 \"some value\" 1700001800000]",
            ),
            (&["EVAL", read, "1", "map", "none", "1"], "nil"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_session_changes_its_name_only_if_it_is_there() {
    let rename = "if redis.call('exists', KEYS[1]) == 1 then redis.call('rename', KEYS[1], KEYS[2]) \
                  redis.call('pexpire', KEYS[2], ARGV[1]) return 1 end \
                  return redis.error_reply('ERR no such key')";
    check(
        "",
        &[
            (&["HSET", "sess:a", "f", "v"], "1"),
            (&["EVAL", rename, "2", "sess:a", "sess:b", "1000"], "1"),
            (&["PTTL", "sess:b"], "1000"),
            (
                &["EVAL", rename, "2", "sess:a", "sess:b", "1000"],
                "ERR no such key",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_time_of_a_script_is_the_servers() {
    check(
        "",
        &[
            (&["TIME"], "[\"1700000000\" \"0\"]"),
            (
                &["EVAL", "return redis.call('TIME')", "0"],
                "[\"1700000000\" \"0\"]",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_was_written_before_an_error_stays() {
    check(
        "",
        &[
            (
                &[
                    "EVAL",
                    "redis.call('set', 'a', 'x') redis.call('incr', 'a')",
                    "0",
                ],
                "ERR value is not an integer or out of range script: \
                 de3487d8ad0175e13f4bc7b0f5dd9bb769333efa, on @user_script:1.",
            ),
            (&["GET", "a"], "\"x\""),
        ],
    )
    .await;
}

#[tokio::test]
async fn kept_scripts_are_forgotten_with_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
    for _ in 0..2 {
        let store = Store::start(dir.path(), "").await;
        let mut client = store.connect().await;
        let missing = "NOSCRIPT No matching script. Please use EVAL.";
        assert_eq!(client.run(&["EVALSHA", sha, "0"]).await, missing);
        assert_eq!(eval(&mut client, "return 1").await, "1");
        assert_eq!(client.run(&["EVALSHA", sha, "0"]).await, "1");
        store.handle.shutdown().await;
    }
}

#[tokio::test]
async fn scripts_read_but_do_not_add_when_memory_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "max_memory = \"1KiB\"").await;
    let mut client = store.connect().await;
    assert_eq!(client.run(&["SET", "big", &"x".repeat(2000)]).await, "OK");
    let reply = eval(&mut client, "return redis.call('set', 'a', 'b')").await;
    assert!(reply.starts_with("OOM command not allowed"), "{reply}");
    assert_eq!(
        eval(&mut client, "return redis.call('strlen', 'big')").await,
        "2000"
    );
    assert_eq!(
        eval(&mut client, "return redis.call('del', 'big')").await,
        "1"
    );
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_script_that_does_not_end_is_ended() {
    end(
        QUICK,
        &[
            "while true do end",
            "while true do pcall(function() while true do end end) end",
            "while true do xpcall(function() while true do end end, function() while true do end end) end",
            "local function f() pcall(f) while true do end end f()",
            "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
            "local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
            "while true do coroutine.wrap(function() while true do end end)() end",
            "while true do local co = coroutine.create(function() while true do end end) coroutine.resume(co) end",
            "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
            "while true do redis.call('ping') end",
            "while true do redis.pcall('incr') end",
            "table.sort({3, 1, 2}, function() while true do end end)",
            "return ('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40))",
            "return ('a'):rep(20000):find('.-.-.-.-b')",
            "return ('a'):rep(20000):match('(.*)(.*)(.*)(.*)b')",
            "return pcall(string.find, ('a'):rep(20000), '.-.-.-.-b')",
            "while true do pcall(string.find, ('a'):rep(20000), '.-.-.-.-b') end",
            "return ('a'):rep(20000):gsub('.-.-.-.-b', 'x')",
            "for _ in ('a'):rep(20000):gmatch('.-.-.-.-b') do end",
            "return loadstring('while true do end')()",
            "redis.call('set', 'w', 1) repeat until false",
        ],
        OUT_OF_TIME,
    )
    .await;
}

#[tokio::test]
async fn a_script_that_eats_memory_is_ended() {
    end(
        PATIENT,
        &[
            "local t = {} while true do t[#t + 1] = {} end",
            "local s = 'x' while true do s = s .. s end",
            "local t = {} for i = 1, 1e9 do t[i] = i end",
            "return ('x'):rep(1e9)",
            "return table.concat({('x'):rep(3e6), ('x'):rep(3e6), ('x'):rep(3e6)})",
            "local t = {} for i = 1, 1e7 do t[i] = coroutine.create(function() end) end",
            "local t = 'x' for i = 1, 40 do t = {t, t} end return cjson.encode(t)",
        ],
        OUT_OF_MEMORY,
    )
    .await;
}

#[tokio::test]
async fn what_would_hang_or_overflow_in_c_is_refused() {
    end(
        PATIENT,
        &[
            "local function f() return 1 + f() end return f()",
            "local function f() return pcall(f) and error('x') end error(f())",
            "local function f() return tostring(setmetatable({}, {__tostring = f})) end return f()",
            "local function f() coroutine.wrap(f)() end f()",
            "local function f(s) return s:gsub('.', f) end f('x')",
            "local s = 'return 1' for i = 1, 500 do s = 'return (' .. s:sub(8) .. ')' end return assert(loadstring(s))()",
            "return unpack({}, 0, 2147483647)",
            "return unpack({}, -2147483648, 2147483647)",
            "return unpack({}, 1, 1e8)",
            "return ('x'):rep(9000):byte(1, -1)",
            "table.insert({1}, -2147483648, 2)",
            "return string.format('%99999d', 1)",
            "return string.format('%.999f', 1)",
            "return ('a'):rep(300):find(('a?'):rep(300))",
            "return ('x'):find(('('):rep(100))",
            "return cjson.decode(('['):rep(100000))",
            "local t = {} for i = 1, 2000 do t = {t} end return cjson.encode(t)",
            "return cmsgpack.unpack(('\\145'):rep(100000))",
            "return cmsgpack.unpack('\\221\\255\\255\\255\\255')",
            "return struct.pack('c2000000000', 'x')",
            "return struct.pack('I99999999999999999999', 1)",
            "return struct.unpack('c2147483646', 'x')",
            "return struct.unpack('dc0', struct.pack('d', -1))",
            "return struct.unpack('dc0', struct.pack('d', 1e300))",
            "local t = 'x' for i = 1, 40 do t = {t, t} end return t",
            "return bit.tohex(1, -2147483648) .. nil",
        ],
        "ERR ",
    )
    .await;
}

#[tokio::test]
async fn a_script_sees_nothing_but_what_it_may() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), QUICK).await;
    let mut client = store.connect().await;
    for name in [
        "io", "os", "package", "debug", "require", "module", "dofile", "loadfile", "print",
        "getfenv", "setfenv", "newproxy",
    ] {
        let reply = eval(&mut client, &format!("return type({name})")).await;
        let expected = format!(
            "ERR user_script:1: Script attempted to access nonexistent global variable '{name}'"
        );
        assert!(reply.starts_with(&expected), "{reply}");
    }
    for script in [
        "return string.dump == nil",
        "return loadstring('\\27Lua') == nil",
        "local n = 0 return load(function() n = n + 1 if n == 1 then return '\\27Lua' end end) == nil",
        "return getmetatable(string) ~= getmetatable(getmetatable('')) and getmetatable('').dump == nil",
        "return (function() return _G end)() == _G and next({}) == nil",
        "return type(redis.call) == 'function' and rawget(_G, 'redis') == redis",
    ] {
        assert_eq!(eval(&mut client, script).await, "1", "{script}");
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn nothing_of_a_script_is_left_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), QUICK).await;
    let mut client = store.connect().await;
    for script in [
        "_G.leak = 1",
        "rawset(_G, 'leak', 1)",
        "setmetatable(_G, {__index = {leak = 1}})",
        "loadstring('leak = 1')()",
        "coroutine.wrap(function() leak = 1 end)()",
        "string.leak = 1",
        "rawset(string, 'leak', 1)",
        "table.insert(string, 'leak')",
        "getmetatable('').leak = 1",
        "getmetatable('').__index.leak = 1",
        "getmetatable('').__index = function() return 1 end",
        "for _, t in pairs({string, table, math, redis, cjson, bit, struct, cmsgpack, coroutine}) do t.leak = 1 end",
        "getmetatable(_G).__index = nil",
        "for _, library in pairs(_G) do if type(library) == 'table' then pcall(rawset, library, 'leak', 1) end end",
        "local names, library = next(_G) rawset(library, 'leak', 1)",
        "redis.call = function() return 1 end",
        "cjson.encode = nil",
        "KEYS.leak = 1 ARGV.leak = 1",
        "math.randomseed(99) math.random() redis.setresp(3)",
        "collectgarbage('stop') collectgarbage('setpause', 100000)",
    ] {
        eval(&mut client, script).await;
        let seen = "return {rawget(_G, 'leak') == nil, rawget(string, 'leak') == nil, string[1] == nil, \
                    ('x').leak == nil, redis.leak == nil, cjson.leak == nil, math.leak == nil, \
                    KEYS.leak == nil, redis.call('ping').ok == 'PONG', cjson.encode({1}) == '[1]', \
                    math.random(100) == 40, redis.call('get', 'none') == false}";
        let expected = "[1 1 1 1 1 1 1 1 1 1 1 1]";
        assert_eq!(eval(&mut client, seen).await, expected, "{script}");
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_table_in_itself_is_answered_up_to_a_depth() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), QUICK).await;
    let mut client = store.connect().await;
    let reply = eval(&mut client, "local t = {} t[1] = t return t").await;
    let depth = reply.matches('[').count();
    assert!(
        depth > 100 && depth < 1000 && reply.contains("ERR reached lua stack limit"),
        "{depth}"
    );
    assert_eq!(eval(&mut client, "return 1").await, "1");
    store.handle.shutdown().await;
}

#[tokio::test]
async fn a_function_kept_from_an_earlier_script_cannot_be_had() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), QUICK).await;
    let mut client = store.connect().await;
    let counts = "local f = loadstring('n = (n or 0) + 1 return n') return {pcall(f)}";
    let first = eval(&mut client, counts).await;
    assert!(first.contains("nonexistent global variable 'n'"), "{first}");
    assert_eq!(eval(&mut client, counts).await, first);
    store.handle.shutdown().await;
}

#[tokio::test]
async fn thousands_of_scripts_give_way_to_each_other_and_loaded_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), QUICK).await;
    let mut client = store.connect().await;
    let loaded = client.run(&["SCRIPT", "LOAD", "return 'loaded'"]).await;
    let loaded = loaded.trim_matches('"').to_owned();
    for batch in 0..12 {
        let mut wire = Vec::new();
        for number in 0..1000 {
            let script = format!("return {}", batch * 1000 + number);
            wire.extend(request(&["EVAL", &script, "0"]));
        }
        client.send(&wire).await;
        for number in 0..1000 {
            assert_eq!(client.reply().await, (batch * 1000 + number).to_string());
        }
    }
    assert_eq!(client.run(&["EVALSHA", &loaded, "0"]).await, "\"loaded\"");
    let first = "06d3d9b2060dd51343d5f19f0e531f15c507e3d1";
    assert_eq!(
        client.run(&["SCRIPT", "EXISTS", first, &loaded]).await,
        "[0 1]"
    );
    store.handle.shutdown().await;
}

#[tokio::test]
async fn loading_is_refused_when_loaded_scripts_fill_the_room() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "script_memory = \"1MiB\"").await;
    let mut client = store.connect().await;
    let filler = "x".repeat(30_000);
    let mut replies = Vec::new();
    for number in 0..4 {
        let script = format!("return {number} -- {filler}");
        replies.push(client.run(&["SCRIPT", "LOAD", &script]).await);
    }
    let refused = "ERR too many scripts, hint: SCRIPT FLUSH";
    assert_eq!(replies.iter().filter(|reply| *reply == refused).count(), 2);
    assert_eq!(
        eval(&mut client, "return 'still runs'").await,
        "\"still runs\""
    );
    assert_eq!(client.call("SCRIPT FLUSH").await, "OK");
    let script = format!("return 9 -- {filler}");
    assert_ne!(client.run(&["SCRIPT", "LOAD", &script]).await, refused);
    store.handle.shutdown().await;
}
