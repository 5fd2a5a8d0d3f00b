//! Hashes and sets beyond their plain members. The tables were written by redis-server 7.0.15.

use super::{NOT_INTEGER, SYNTAX, WRONGTYPE, check};

#[tokio::test]
async fn fractions_chance_and_iteration_in_hashes_answer_as_redis() {
    check(
        "",
        &[
            ("HSET h f 10.5", "1"),
            ("HINCRBYFLOAT h f 0.1", "\"10.6\""),
            ("HINCRBYFLOAT h g -0", "\"0\""),
            ("HINCRBYFLOAT h f inf", "ERR value is NaN or Infinity"),
            ("HINCRBYFLOAT h f x", "ERR value is not a valid float"),
            ("HSET h t text", "1"),
            ("HINCRBYFLOAT h t 1", "ERR hash value is not a float"),
            ("HSTRLEN h t", "4"),
            ("HDEL h g t", "2"),
            ("HRANDFIELD h", "\"f\""),
            ("HRANDFIELD h 5", "[\"f\"]"),
            ("HRANDFIELD h -3", "[\"f\" \"f\" \"f\"]"),
            ("HRANDFIELD h 1 WITHVALUES", "[\"f\" \"10.6\"]"),
            ("HRANDFIELD h 0", "[]"),
            ("HRANDFIELD h x", NOT_INTEGER),
            ("HRANDFIELD h 1 WITHSCORES", SYNTAX),
            ("HRANDFIELD none", "nil"),
            ("HRANDFIELD none 1", "[]"),
            ("HSCAN h 0", "[\"0\" [\"f\" \"10.6\"]]"),
            ("HSCAN h 0 MATCH x*", "[\"0\" []]"),
            ("HSCAN h x", "ERR invalid cursor"),
            ("HSCAN h 0 COUNT 0", SYNTAX),
            ("HSCAN h 0 TYPE hash", SYNTAX),
            ("HSCAN none 0 NOPE", "[\"0\" []]"),
            ("SET s 1", "OK"),
            ("HSCAN s 0 NOPE", WRONGTYPE),
            ("HRANDFIELD s", WRONGTYPE),
        ],
    )
    .await;
}

#[tokio::test]
async fn sets_together_and_by_chance_answer_as_redis() {
    check(
        "",
        &[
            ("SADD a 1 2 3", "3"),
            ("SADD b 3", "1"),
            ("SADD c 4", "1"),
            ("SET s x", "OK"),
            ("SINTER a b", "[\"3\"]"),
            ("SINTER a none", "[]"),
            ("SINTER a s", WRONGTYPE),
            ("SINTER none s", WRONGTYPE),
            ("SINTERCARD 2 a b", "1"),
            ("SINTERCARD 2 a a LIMIT 2", "2"),
            ("SINTERCARD 2 a a LIMIT 0", "3"),
            ("SINTERCARD 0 a", "ERR numkeys should be greater than 0"),
            (
                "SINTERCARD 3 a b",
                "ERR Number of keys can't be greater than number of args",
            ),
            ("SINTERCARD 1 a LIMIT -1", "ERR LIMIT can't be negative"),
            ("SINTERCARD 1 a NOPE", SYNTAX),
            ("SDIFF b a", "[]"),
            ("SDIFF c a none", "[\"4\"]"),
            ("SUNION b c", "[\"3\" \"4\"]"),
            ("SUNIONSTORE s b c", "2"),
            ("TYPE s", "set"),
            ("SINTERSTORE s b c", "0"),
            ("EXISTS s", "0"),
            ("SDIFFSTORE d a none", "3"),
            ("SCARD d", "3"),
            ("SMOVE a b 3", "1"),
            ("SMOVE a b 2", "1"),
            ("SMOVE a none2 9", "0"),
            ("SMOVE b b 3", "1"),
            ("SMISMEMBER b 2 3 4", "[1 1 0]"),
            ("SMISMEMBER none 2", "[0]"),
            ("SRANDMEMBER c", "\"4\""),
            ("SRANDMEMBER c 3", "[\"4\"]"),
            ("SRANDMEMBER c -2", "[\"4\" \"4\"]"),
            ("SRANDMEMBER none", "nil"),
            ("SRANDMEMBER none 2", "[]"),
            ("SRANDMEMBER c 1 2", SYNTAX),
            ("SPOP c", "\"4\""),
            ("EXISTS c", "0"),
            ("SPOP c", "nil"),
            ("SPOP c 2", "[]"),
            ("SPOP b x", "ERR value is out of range, must be positive"),
            ("SPOP b -1", "ERR value is out of range, must be positive"),
            ("SPOP b 0", "[]"),
            ("SCARD b", "2"),
            ("SSCAN a 0", "[\"0\" [\"1\"]]"),
            ("HSET h f v", "1"),
            ("SMOVE a h 1", WRONGTYPE),
            ("SMOVE h a 1", WRONGTYPE),
            ("SMOVE none h 1", "0"),
        ],
    )
    .await;
}
