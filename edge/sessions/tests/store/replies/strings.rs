//! Parts of strings, numbers with fractions, and sketches. The tables were written by redis-server 7.0.15.

use super::{NOT_INTEGER, WRONGTYPE, check};

#[tokio::test]
async fn parts_of_strings_and_numbers_answer_as_redis() {
    check(
        "",
        &[
            ("SET k hello", "OK"),
            ("GETRANGE k 1 3", "\"ell\""),
            ("GETRANGE k -3 -1", "\"llo\""),
            ("GETRANGE k -1 -3", "\"\""),
            ("GETRANGE k 0 99", "\"hello\""),
            ("GETRANGE none 0 1", "\"\""),
            ("GETRANGE k a 1", NOT_INTEGER),
            ("SUBSTR k 0 0", "\"h\""),
            ("SETRANGE k 7 wo", "9"),
            ("GET k", "\"hello\\0\\0wo\""),
            ("SETRANGE none 3 ", "0"),
            ("EXISTS none", "0"),
            ("SETRANGE k -1 x", "ERR offset is out of range"),
            (
                "SETRANGE k 9000000 x",
                "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
            ),
            ("MSETNX a 1 b 2", "1"),
            ("MSETNX b 1 c 2", "0"),
            (
                "MSETNX b",
                "ERR wrong number of arguments for 'msetnx' command",
            ),
            (
                "MSETNX a 1 b",
                "ERR wrong number of arguments for 'msetnx' command",
            ),
            ("INCRBYFLOAT a 0.1", "\"1.1\""),
            ("INCRBYFLOAT a 0.2", "\"1.3\""),
            ("INCRBYFLOAT a 5.0e3", "\"5001.29999999999999982\""),
            ("INCRBYFLOAT a -5001.3", "\"0\""),
            ("INCRBYFLOAT a x", "ERR value is not a valid float"),
            (
                "INCRBYFLOAT a inf",
                "ERR increment would produce NaN or Infinity",
            ),
            ("INCRBYFLOAT a nan", "ERR value is not a valid float"),
            ("INCRBYFLOAT k 1", "ERR value is not a valid float"),
            (
                "INCRBYFLOAT big 1e40",
                "\"9999999999999999999783686092270256259072\"",
            ),
            ("SADD s m", "1"),
            ("INCRBYFLOAT s 1", WRONGTYPE),
            ("GETEX k EX 0", "ERR invalid expire time in 'getex' command"),
            ("GETEX k PXAT 1", "\"hello\\0\\0wo\""),
            ("EXISTS k", "0"),
            ("GETSET s x", WRONGTYPE),
            ("GETDEL s", WRONGTYPE),
            ("SETRANGE s 0 ", WRONGTYPE),
            ("STRLEN s", WRONGTYPE),
        ],
    )
    .await;
}

#[tokio::test]
async fn sketches_count_as_redis_counts() {
    check(
        "",
        &[
            ("PFADD p a b c", "1"),
            ("PFADD p a", "0"),
            ("PFADD p", "0"),
            ("PFADD empty", "1"),
            ("PFADD empty", "0"),
            ("PFCOUNT p", "3"),
            ("PFCOUNT empty none", "0"),
            ("PFADD q c d", "1"),
            ("PFCOUNT p q", "4"),
            ("PFMERGE m p q", "OK"),
            ("PFCOUNT m", "4"),
            ("PFMERGE fresh", "OK"),
            ("PFCOUNT fresh", "0"),
            ("TYPE p", "string"),
            ("SET s text", "OK"),
            (
                "PFADD s a",
                "WRONGTYPE Key is not a valid HyperLogLog string value.",
            ),
            (
                "PFCOUNT s",
                "WRONGTYPE Key is not a valid HyperLogLog string value.",
            ),
            (
                "PFMERGE m s",
                "WRONGTYPE Key is not a valid HyperLogLog string value.",
            ),
            ("SADD n 1", "1"),
            ("PFCOUNT p n", WRONGTYPE),
            ("PFADD n 1", WRONGTYPE),
            ("PFADD", "ERR wrong number of arguments for 'pfadd' command"),
        ],
    )
    .await;
}
