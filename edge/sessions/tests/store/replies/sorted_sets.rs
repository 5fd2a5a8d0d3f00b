//! Sorted sets. The tables were written by redis-server 7.0.15.

use super::{HELLO_3, NOT_INTEGER, SYNTAX, WRONGTYPE, check};

#[tokio::test]
async fn sorted_sets_and_their_scores_answer_as_redis() {
    check(
        "",
        &[
            ("ZADD z 1 a 2 b 3 c", "3"),
            ("ZADD z NX 9 a 4 d", "1"),
            ("ZADD z XX CH 5 a 6 none", "1"),
            ("ZADD z GT CH 1 a 9 b", "1"),
            ("ZADD z LT INCR 5 a", "nil"),
            ("ZADD z INCR 1.5 a", "\"6.5\""),
            ("ZADD z NX INCR 1 a", "nil"),
            ("ZADD z NX XX 1 a", "ERR XX and NX options at the same time are not compatible"),
            ("ZADD z NX GT 1 a", "ERR GT, LT, and/or NX options at the same time are not compatible"),
            ("ZADD z INCR 1 a 2 b", "ERR INCR option supports a single increment-element pair"),
            ("ZADD z 1 a 2", SYNTAX),
            ("ZADD z x a", "ERR value is not a valid float"),
            ("ZADD z nan a", "ERR value is not a valid float"),
            ("ZADD z inf top -inf bottom", "2"),
            ("ZINCRBY z -inf top", "ERR resulting score is not a number (NaN)"),
            ("ZINCRBY z inf fresh", "\"inf\""),
            ("ZINCRBY z x a", "ERR value is not a valid float"),
            ("ZSCORE z a", "\"6.5\""),
            ("ZSCORE z none", "nil"),
            ("ZSCORE none a", "nil"),
            ("ZMSCORE z a none bottom", "[\"6.5\" nil \"-inf\"]"),
            ("ZMSCORE none a", "[nil]"),
            ("ZCARD z", "7"),
            ("ZRANK z a", "3"),
            ("ZREVRANK z a", "3"),
            ("ZRANK z none", "nil"),
            ("ZADD f 0.1 x 1700000000123 y 1e20 w 17000000000000001 v", "4"),
            ("ZRANGE f 0 -1 WITHSCORES", "[\"x\" \"0.10000000000000001\" \"y\" \"1700000000123\" \"v\" \"17000000000000000\" \"w\" \"1e+20\"]"),
            ("ZREM f x none", "1"),
            ("ZREM none x", "0"),
            ("ZREM f y w v", "3"),
            ("EXISTS f", "0"),
            ("SET s v", "OK"),
            ("ZADD s 1 a", WRONGTYPE),
            ("ZSCORE s a", WRONGTYPE),
            ("ZRANDMEMBER f", "nil"),
            ("ZADD f 1 x", "1"),
            ("ZRANDMEMBER f", "\"x\""),
            ("ZRANDMEMBER f 3 WITHSCORES", "[\"x\" \"1\"]"),
            ("ZRANDMEMBER f -2", "[\"x\" \"x\"]"),
            ("ZSCAN f 0", "[\"0\" [\"x\" \"1\"]]"),
            ("HELLO 3", HELLO_3),
            ("ZRANGE f 0 -1 WITHSCORES", "[[\"x\" 1]]"),
            ("ZSCORE f x", "1"),
            ("ZADD f INCR 1 x", "2"),
            ("ZPOPMIN none", "[]"),
            ("ZRANDMEMBER f 1 WITHSCORES", "[[\"x\" 2]]"),
            ("ZPOPMIN f 1", "[[\"x\" 2]]"),
        ],
    )
    .await;
}

#[tokio::test]
async fn ranges_of_sorted_sets_answer_as_redis() {
    check(
        "",
        &[
            ("ZADD z 1 a 2 b 3 c 4 d", "4"),
            ("ZADD l 0 a 0 b 0 c 0 d", "4"),
            ("ZRANGE z 1 2", "[\"b\" \"c\"]"),
            ("ZRANGE z -2 -1 REV WITHSCORES", "[\"b\" \"2\" \"a\" \"1\"]"),
            ("ZRANGE z 5 9", "[]"),
            ("ZRANGE z 0 -1 LIMIT 0 1", "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"),
            ("ZRANGE z (1 3 BYSCORE", "[\"b\" \"c\"]"),
            ("ZRANGE z 3 (1 BYSCORE REV", "[\"c\" \"b\"]"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT 1 2 WITHSCORES", "[\"b\" \"2\" \"c\" \"3\"]"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT -1 2", "[]"),
            ("ZRANGE z -inf +inf BYSCORE LIMIT 2 -1", "[\"c\" \"d\"]"),
            ("ZRANGE z x 3 BYSCORE", "ERR min or max is not a float"),
            ("ZRANGE l [b (d BYLEX", "[\"b\" \"c\"]"),
            ("ZRANGE l + - BYLEX REV LIMIT 0 2", "[\"d\" \"c\"]"),
            ("ZRANGE l [b (d BYLEX WITHSCORES", "ERR syntax error, WITHSCORES not supported in combination with BYLEX"),
            ("ZRANGE l b d BYLEX", "ERR min or max not valid string range item"),
            ("ZRANGE z 0 x", NOT_INTEGER),
            ("ZRANGE z 0 1 NOPE", SYNTAX),
            ("ZRANGE none x 1", NOT_INTEGER),
            ("ZRANGEBYSCORE z 2 +inf WITHSCORES LIMIT 1 1", "[\"c\" \"3\"]"),
            ("ZRANGEBYSCORE z 2 3 REV", SYNTAX),
            ("ZREVRANGEBYSCORE z +inf (2", "[\"d\" \"c\"]"),
            ("ZRANGEBYLEX l - (c", "[\"a\" \"b\"]"),
            ("ZREVRANGEBYLEX l [c -", "[\"c\" \"b\" \"a\"]"),
            ("ZREVRANGE z 0 1 WITHSCORES", "[\"d\" \"4\" \"c\" \"3\"]"),
            ("ZCOUNT z (1 +inf", "3"),
            ("ZCOUNT z x 1", "ERR min or max is not a float"),
            ("ZLEXCOUNT l - +", "4"),
            ("ZLEXCOUNT l + -", "0"),
            ("ZLEXCOUNT l - c", "ERR min or max not valid string range item"),
            ("ZRANGESTORE d z 1 2", "2"),
            ("ZRANGE d 0 -1 WITHSCORES", "[\"b\" \"2\" \"c\" \"3\"]"),
            ("ZRANGESTORE d z 9 9", "0"),
            ("EXISTS d", "0"),
            ("ZRANGESTORE d z 0 1 WITHSCORES", SYNTAX),
            ("ZREMRANGEBYRANK z 0 0", "1"),
            ("ZREMRANGEBYSCORE z (2 3", "1"),
            ("ZREMRANGEBYSCORE z x 3", "ERR min or max is not a float"),
            ("ZREMRANGEBYLEX l [a [b", "2"),
            ("ZREMRANGEBYLEX l a b", "ERR min or max not valid string range item"),
            ("ZREMRANGEBYRANK none 0 x", NOT_INTEGER),
            ("ZRANGE z 0 -1", "[\"b\" \"d\"]"),
            ("ZRANGE l 0 -1", "[\"c\" \"d\"]"),
        ],
    )
    .await;
}

#[tokio::test]
async fn sorted_sets_together_answer_as_redis() {
    check(
        "",
        &[
            ("ZADD a 1 x 2 y", "2"),
            ("ZADD b 10 y 20 z", "2"),
            ("SADD s x z", "2"),
            ("SET t v", "OK"),
            (
                "ZUNION 2 a b WITHSCORES",
                "[\"x\" \"1\" \"y\" \"12\" \"z\" \"20\"]",
            ),
            (
                "ZUNION 2 a s WEIGHTS 2 3 WITHSCORES",
                "[\"z\" \"3\" \"y\" \"4\" \"x\" \"5\"]",
            ),
            (
                "ZUNION 2 a b AGGREGATE MAX WITHSCORES",
                "[\"x\" \"1\" \"y\" \"10\" \"z\" \"20\"]",
            ),
            ("ZUNION 2 a b AGGREGATE NOPE", SYNTAX),
            (
                "ZUNION 2 a b WEIGHTS 1 x",
                "ERR weight value is not a float",
            ),
            ("ZUNION 2 a b WEIGHTS 1", SYNTAX),
            (
                "ZUNION 0 a",
                "ERR at least 1 input key is needed for 'zunion' command",
            ),
            ("ZUNION x a", NOT_INTEGER),
            ("ZUNION 3 a b", SYNTAX),
            ("ZUNION 2 a t NOPE", WRONGTYPE),
            ("ZINTER 2 a b WITHSCORES", "[\"y\" \"12\"]"),
            ("ZINTER 2 a none", "[]"),
            ("ZINTERCARD 2 a b", "1"),
            ("ZINTERCARD 2 a s LIMIT 1", "1"),
            ("ZINTERCARD 2 a b LIMIT x", "ERR LIMIT can't be negative"),
            ("ZINTERCARD 2 a b WITHSCORES", SYNTAX),
            ("ZDIFF 2 a b WITHSCORES", "[\"x\" \"1\"]"),
            ("ZDIFF 2 a b WEIGHTS 1 2", SYNTAX),
            ("ZUNIONSTORE d 2 a b", "3"),
            (
                "ZRANGE d 0 -1 WITHSCORES",
                "[\"x\" \"1\" \"y\" \"12\" \"z\" \"20\"]",
            ),
            ("ZUNIONSTORE d 2 a b WITHSCORES", SYNTAX),
            ("ZINTERSTORE d 2 a none", "0"),
            ("EXISTS d", "0"),
            ("ZDIFFSTORE d 1 a", "2"),
            (
                "ZUNIONSTORE d 0 a",
                "ERR at least 1 input key is needed for 'zunionstore' command",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn sorted_sets_are_taken_from_their_ends_as_by_redis() {
    check(
        "",
        &[
            ("ZADD a 1 x 2 y", "2"),
            ("ZADD b 10 y 20 z", "2"),
            ("SET t v", "OK"),
            ("ZPOPMIN a", "[\"x\" \"1\"]"),
            ("ZPOPMAX b 2", "[\"z\" \"20\" \"y\" \"10\"]"),
            ("EXISTS b", "0"),
            (
                "ZPOPMIN a -1",
                "ERR value is out of range, must be positive",
            ),
            ("ZPOPMIN a x", "ERR value is out of range, must be positive"),
            ("ZPOPMIN a 0", "[]"),
            ("ZPOPMIN a 1 2", SYNTAX),
            ("ZPOPMIN t", WRONGTYPE),
            ("ZMPOP 2 none a MIN COUNT 9", "[\"a\" [[\"y\" \"2\"]]]"),
            ("ZMPOP 2 none a MIN", "nil"),
            ("ZMPOP 0 a MIN", "ERR numkeys should be greater than 0"),
            ("ZMPOP 1 a MIDDLE", SYNTAX),
            (
                "ZMPOP 1 a MAX COUNT 0",
                "ERR count should be greater than 0",
            ),
            ("ZMPOP 1 t MAX", WRONGTYPE),
        ],
    )
    .await;
}
