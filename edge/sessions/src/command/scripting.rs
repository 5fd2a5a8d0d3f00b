//! Scripts: running them, keeping them.

use bytes::Bytes;

use super::{
    Access::{self, Connection, Read, Script as Runs},
    NO_KEY, Outcome, Refusal, Spec,
    args::{integer, keyword, leading, subcommand_arity, unknown_subcommand},
    on_keys,
};
use crate::{engine::Db, protocol::Reply, script::Script};

const fn spec(
    name: &'static str,
    arity: i64,
    access: Access,
    run: super::KeyspaceFn,
    summary: &'static str,
) -> Spec {
    on_keys("scripting", access, (name, arity, NO_KEY), run, summary)
}

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    spec("eval", -3, Runs, eval, "Runs a script"),
    spec("evalsha", -3, Runs, evalsha, "Runs a script that is kept"),
    spec(
        "eval_ro",
        -3,
        Read,
        eval_ro,
        "Runs a script that may not write",
    ),
    spec(
        "evalsha_ro",
        -3,
        Read,
        evalsha_ro,
        "Runs a script that is kept and may not write",
    ),
    spec("script", -2, Connection, script, "Keeps scripts for later"),
];

const HELP: &[&str] = &[
    "SCRIPT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "EXISTS <sha1> [<sha1> ...]",
    "    Tells which scripts are kept.",
    "FLUSH [ASYNC|SYNC]",
    "    Forgets every script; both modes are the same.",
    "KILL",
    "    A script that runs ends at script_time_limit by itself.",
    "LOAD <script>",
    "    Keeps a script without running it.",
    "HELP",
    "    Prints this help.",
];

fn eval(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    run(db, Script::Text, args, false)
}

fn evalsha(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    run(db, Script::Sha, args, false)
}

fn eval_ro(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    run(db, Script::Text, args, true)
}

fn evalsha_ro(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    run(db, Script::Sha, args, true)
}

fn run<'a>(
    db: &mut Db<'_>,
    script: fn(&'a [u8]) -> Script<'a>,
    args: &'a [Bytes],
    read_only: bool,
) -> Outcome {
    let ([name, count], rest) = leading(args)?;
    let count = integer(count)?;
    let Ok(count) = usize::try_from(count) else {
        return Err(Refusal::Text(
            "ERR Number of keys can't be negative".to_owned(),
        ));
    };
    let Some(parts) = rest.split_at_checked(count) else {
        return Err(Refusal::Text(
            "ERR Number of keys can't be greater than number of args".to_owned(),
        ));
    };
    db.scripts.run(db, script(name), parts, read_only)
}

fn script(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let ([subcommand], args) = leading(args)?;
    match (keyword(subcommand).as_slice(), args) {
        (b"LOAD", [text]) => {
            let sha = db.scripts.load(text)?;
            Ok(Reply::Bulk(Bytes::copy_from_slice(&sha)))
        }
        (b"EXISTS", [_, ..]) => {
            let kept = args.iter().map(|sha| Reply::flag(db.scripts.has(sha)));
            Ok(Reply::Array(kept.collect()))
        }
        (b"FLUSH", []) => flush(db),
        (b"FLUSH", [mode]) => match keyword(mode).as_slice() {
            b"SYNC" | b"ASYNC" => flush(db),
            _ => Err(Refusal::Text(
                "ERR SCRIPT FLUSH only support SYNC|ASYNC option".to_owned(),
            )),
        },
        (b"KILL", []) => {
            db.scripts.wait();
            Err(Refusal::Text(
                "NOTBUSY No scripts in execution right now.".to_owned(),
            ))
        }
        (b"HELP", []) => Ok(Reply::Array(
            HELP.iter().map(|line| Reply::Status(line)).collect(),
        )),
        (known @ (b"LOAD" | b"EXISTS" | b"KILL" | b"HELP"), _) => Err(subcommand_arity(
            "script",
            &String::from_utf8_lossy(known).to_ascii_lowercase(),
        )),
        (b"FLUSH", _) => Err(Refusal::Text(
            "ERR SCRIPT FLUSH only support SYNC|ASYNC option".to_owned(),
        )),
        _ => Err(unknown_subcommand("SCRIPT", subcommand)),
    }
}

fn flush(db: &Db<'_>) -> Outcome {
    db.scripts.flush();
    Ok(Reply::OK)
}
