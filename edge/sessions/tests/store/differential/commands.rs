//! Random commands: patterns with places for keys, members, numbers and the like, filled from small spaces so
//! that commands meet each other's keys, and now and then spoilt.
//!
//! Known differences, not generated: ranges by name over members of different scores (unspecified in Redis),
//! the bytes of a small sketch, the sign of a score of zero, `OBJECT ENCODING` of values that were larger once, and more than a million members drawn with repetition.

use fastrand::Rng;

/// `k` key · `q` key of members with one score · `p` key of a sketch · `m` member · `v` value · `n` number · `c` count · `f` number
/// with a fraction · `s` edge of a range of scores · `l` edge of a range of names · `e` lifetime · `a` instant · `u` cursor ·
/// `?word` a word that may be missing.
const PATTERNS: &[&str] = &[
    // strings
    "SET $k $v",
    "SET $k $v ?NX ?GET",
    "SET $k $v ?XX ?KEEPTTL ?GET",
    "SET $k $v EX $e",
    "SET $k $v PX $e ?NX",
    "SET $k $v EXAT $a",
    "SET $k $n",
    "SET $k $f",
    "GET $k",
    "GETEX $k",
    "GETEX $k EX $e",
    "GETEX $k ?PERSIST",
    "GETEX $k PXAT $e",
    "GETDEL $k",
    "GETSET $k $v",
    "SETEX $k $e $v",
    "PSETEX $k $e $v",
    "SETNX $k $v",
    "MGET $k $k $k",
    "MSET $k $v $k $v",
    "MSETNX $k $v $k $v",
    "STRLEN $k",
    "APPEND $k $v",
    "GETRANGE $k $n $n",
    "SUBSTR $k $n $n",
    "SETRANGE $k $n $v",
    "INCR $k",
    "DECR $k",
    "INCRBY $k $n",
    "DECRBY $k $n",
    "INCRBYFLOAT $k $f",
    "INCRBYFLOAT $k $f",
    // hashes
    "HSET $k $m $v",
    "HSET $k $m $v $m $n",
    "HMSET $k $m $v $m $f",
    "HSETNX $k $m $v",
    "HGET $k $m",
    "HMGET $k $m $m $m",
    "HGETALL $k",
    "HDEL $k $m",
    "HDEL $k $m $m $m $m",
    "HEXISTS $k $m",
    "HKEYS $k",
    "HVALS $k",
    "HLEN $k",
    "HINCRBY $k $m $n",
    "HINCRBYFLOAT $k $m $f",
    "HSTRLEN $k $m",
    "HRANDFIELD $k",
    "HRANDFIELD $k $c",
    "HRANDFIELD $k $c WITHVALUES",
    "HSCAN $k $u",
    "HSCAN $k 0 ?COUNT $c",
    "HSCAN $k 0 MATCH m*",
    "HSCAN $k $u COUNT $c",
    // sets
    "SADD $k $m",
    "SADD $k $m $m $m",
    "SADD $k $n $n",
    "SREM $k $m",
    "SREM $k $m $m $m $m",
    "SMEMBERS $k",
    "SISMEMBER $k $m",
    "SMISMEMBER $k $m $m",
    "SCARD $k",
    "SRANDMEMBER $k",
    "SRANDMEMBER $k $c",
    "SPOP $k",
    "SPOP $k $c",
    "SMOVE $k $k $m",
    "SINTER $k $k",
    "SINTER $k",
    "SINTERCARD $c $k $k",
    "SINTERCARD 2 $k $k LIMIT $c",
    "SINTERSTORE $k $k $k",
    "SUNION $k $k $k",
    "SUNIONSTORE $k $k $k",
    "SDIFF $k $k",
    "SDIFFSTORE $k $k $k",
    "SSCAN $k $u",
    "SSCAN $k 0 MATCH m? COUNT $c",
    // keys
    "DEL $k",
    "UNLINK $k $k",
    "EXISTS $k $k $k",
    "TOUCH $k $k",
    "TYPE $k",
    "RENAME $k $k",
    "RENAMENX $k $k",
    "COPY $k $k",
    "COPY $k $k ?REPLACE",
    "COPY $k $k DB $n",
    "RANDOMKEY",
    "KEYS k*",
    "SCAN $u",
    "SCAN 0 COUNT $c",
    "SCAN 0 TYPE set",
    "SCAN 0 MATCH k?",
    "EXPIRE $k $e",
    "EXPIRE $k $e ?NX ?XX ?GT ?LT",
    "PEXPIRE $k $e",
    "EXPIREAT $k $e",
    "PEXPIREAT $k $e",
    "TTL $k",
    "PTTL $k",
    "EXPIRETIME $k",
    "PEXPIRETIME $k",
    "PERSIST $k",
    "OBJECT REFCOUNT no:$k",
    "OBJECT IDLETIME $k",
    "OBJECT FREQ $k",
    "OBJECT NOPE $k",
    "OBJECT ENCODING",
    "MEMORY USAGE $k",
    "MEMORY USAGE $k SAMPLES $n",
    "DBSIZE",
    "WAIT 0 $n",
    "FLUSHDB ?ASYNC",
    "FLUSHDB nope",
    // sorted sets
    "ZADD $k $f $m",
    "ZADD $k $f $m $f $m $f $m",
    "ZADD $k ?NX ?XX ?GT ?LT ?CH ?INCR $f $m",
    "ZADD $k ?GT ?CH $f $m $f $m",
    "ZADD $k ?LT ?XX ?CH $f $m $f $m",
    "ZINCRBY $k $f $m",
    "ZREM $k $m",
    "ZREM $k $m $m $m $m",
    "ZREMRANGEBYRANK $k $n $n",
    "ZREMRANGEBYSCORE $k $s $s",
    "ZREMRANGEBYLEX $q $l $l",
    "ZSCORE $k $m",
    "ZMSCORE $k $m $m",
    "ZCARD $k",
    "ZCOUNT $k $s $s",
    "ZLEXCOUNT $q $l $l",
    "ZRANK $k $m",
    "ZREVRANK $k $m",
    "ZRANGE $k $n $n ?WITHSCORES",
    "ZRANGE $k $n $n ?REV ?WITHSCORES",
    "ZRANGE $k $s $s BYSCORE ?REV ?WITHSCORES",
    "ZRANGE $k $s $s BYSCORE LIMIT $n $n",
    "ZRANGE $q $l $l BYLEX ?REV",
    "ZRANGE $q $l $l BYLEX LIMIT $n $n ?REV",
    "ZRANGE $k $n $n LIMIT $n $n",
    "ZRANGE $q $l $l BYLEX WITHSCORES",
    "ZRANGEBYSCORE $k $s $s ?WITHSCORES",
    "ZRANGEBYSCORE $k $s $s LIMIT $n $n",
    "ZREVRANGEBYSCORE $k $s $s ?WITHSCORES",
    "ZREVRANGEBYSCORE $k $s $s LIMIT $n $n",
    "ZRANGEBYLEX $q $l $l",
    "ZREVRANGEBYLEX $q $l $l LIMIT $n $n",
    "ZREVRANGE $k $n $n ?WITHSCORES",
    "ZRANGESTORE $k $k $n $n ?REV",
    "ZRANGESTORE $k $k $s $s BYSCORE",
    "ZRANGESTORE $k $k $s $s BYSCORE REV LIMIT $n $n",
    "ZPOPMIN $k",
    "ZPOPMAX $k",
    "ZPOPMIN $k $c",
    "ZPOPMAX $k $c",
    "ZMPOP $c $k $k MIN",
    "ZMPOP 2 $k $k MAX COUNT $c",
    "ZRANDMEMBER $k",
    "ZRANDMEMBER $k $c",
    "ZRANDMEMBER $k $c WITHSCORES",
    "ZSCAN $k $u",
    "ZSCAN $k 0 MATCH *1",
    "ZUNION 2 $k $k ?WITHSCORES",
    "ZUNION 2 $k $k WEIGHTS $f $f AGGREGATE MAX WITHSCORES",
    "ZUNION $c $k $k",
    "ZINTER 2 $k $k ?WITHSCORES",
    "ZINTER 2 $k $k WEIGHTS $f $f AGGREGATE MIN WITHSCORES",
    "ZINTER 3 $k $k $k",
    "ZDIFF 2 $k $k ?WITHSCORES",
    "ZUNIONSTORE $k 2 $k $k",
    "ZUNIONSTORE $k 2 $k $k AGGREGATE SUM",
    "ZINTERSTORE $k 2 $k $k WEIGHTS $f $f",
    "ZDIFFSTORE $k 2 $k $k",
    "ZINTERCARD $c $k $k",
    "ZINTERCARD 2 $k $k LIMIT $c",
    "ZADD $q 0 $m 0 $m 0 $m",
    // introspection
    "COMMAND GETKEYS GET $k",
    "COMMAND GETKEYS MSET $k $v $k $v",
    "COMMAND GETKEYS ZUNION $c $k $k",
    "COMMAND GETKEYS ZUNIONSTORE $k 2 $k $k",
    "COMMAND GETKEYS PING",
    "COMMAND GETKEYS GET",
    "COMMAND GETKEYS NOPE",
    "COMMAND INFO nope",
    "COMMAND NOPE",
    "NOPE $k",
    "OBJECT HELP $k",
    // sketches
    "PFADD $p $m $m $m",
    "PFADD $p",
    "PFADD $p $v $m $n",
    "PFADD $p $f $n",
    "PFCOUNT $k",
    "PFCOUNT $p $p $k",
    "PFCOUNT $p",
    "PFCOUNT $p",
    "PFMERGE $p $p $p",
    "PFMERGE $p $k",
    "SET $p $v",
    "SADD $p $m",
    "TYPE $p",
    "DEL $p",
];

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "5",
    "-1",
    "-2",
    "-3",
    "10",
    "100",
    "1000",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "x",
    "",
    "1.5",
    "+1",
    "007",
];
const COUNTS: &[&str] = &["0", "1", "2", "2", "3", "10", "-1", "-2", "-7", "x", ""];
const FLOATS: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "0.1",
    "0.2",
    "-0.5",
    "3.0e2",
    "1e10",
    "123456789.123",
    "-0",
    "inf",
    "-inf",
    "+inf",
    "nan",
    "x",
    "",
    " 1",
    "1e400",
    "17000000000000001",
    "1700000000123",
    "0.30000000000000004",
    "1e-7",
    "1e20",
    "5e-324",
];
const SCORES: &[&str] = &[
    "-inf", "+inf", "inf", "0", "(0", "1", "(1", "1.5", "(1.5", "300", "(", "", "x", "(x", "nan",
    "-1", "(-1",
];
const NAMES: &[&str] = &[
    "-", "+", "[m1", "(m1", "[m5", "(m5", "[", "(", "[m9", "x", "", "[n",
];
const LIFETIMES: &[&str] = &[
    "50000",
    "90000",
    "100000",
    "5000000",
    "99999999999999",
    "0",
    "-1",
    "x",
    "9223372036854775807",
    "1700000000",
];
const INSTANTS: &[&str] = &["4000000000", "4100000000", "x", "-1", "9223372036854775807"];
const CURSORS: &[&str] = &["0", "0", "0", "0", "", "x", "-", "0x", "5x"];
const VALUES: &[&str] = &[
    "",
    "a",
    "hello",
    "5",
    "-3",
    "3.14",
    "hello world",
    "9223372036854775806",
];

/// Makes commands, the same ones for the same seed.
pub(super) struct Generator(Rng);

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    fn pick(&mut self, from: &[&str]) -> String {
        from[self.0.usize(..from.len())].to_owned()
    }

    /// Usually one of the first few, which are the ordinary ones.
    fn usual(&mut self, from: &[&str], ordinary: usize) -> String {
        match self.0.u8(..10) {
            0 => self.pick(from),
            _ => self.pick(&from[..ordinary]),
        }
    }

    pub(super) fn command(&mut self) -> Vec<String> {
        let pattern = self.pick(PATTERNS);
        let mut words = Vec::new();
        for word in pattern.split(' ') {
            if let Some(word) = word.strip_prefix('?') {
                if self.0.bool() {
                    words.push(word.to_owned());
                }
            } else if let Some((before, place)) = word.split_once('$') {
                words.push(format!("{before}{}", self.fill(place)));
            } else {
                words.push(word.to_owned());
            }
        }
        match self.0.u8(..40) {
            0 if words.len() > 1 => drop(words.pop()),
            1 => words.push(self.usual(NUMBERS, 5)),
            _ => {}
        }
        words
    }

    fn fill(&mut self, place: &str) -> String {
        match place {
            "k" => format!("k{}", self.0.u8(..8)),
            "p" => format!("pf:{}", self.0.u8(..4)),
            "q" => "lex".to_owned(),
            "m" => format!("m{}", self.0.u8(..10)),
            "v" => self.pick(VALUES),
            "n" => self.usual(NUMBERS, 9),
            "c" => self.usual(COUNTS, 6),
            "f" => self.usual(FLOATS, 12),
            "s" => self.usual(SCORES, 10),
            "l" => self.usual(NAMES, 6),
            "e" => self.usual(LIFETIMES, 4),
            "a" => self.usual(INSTANTS, 2),
            "u" => self.usual(CURSORS, 4),
            other => panic!("no such place: {other}"),
        }
    }
}
