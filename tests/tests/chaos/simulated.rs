//! Three spools and a center's store through days of a simulated clock: every minute a site counts, its link is up
//! or cut for minutes or hours, a connection breaks after any frame, acknowledgements get lost, and
//! stores crash: what was on disk at that instant is what is opened again.
//!
//! The spools are so small that a long cut makes them coarsen.

use std::{fs, mem, path::Path};

use anyhow::{Context as _, Result, ensure};
use bongsu_center_history::{Entry, History as Center, Retention};
use bongsu_edge_history::{Commit, History as Spool};
use bongsu_sdk_model::{AppId, IdentityMode, Scope, SiteId, Tier, Timestamp, UrlTemplate, Window};
use bongsu_sdk_sketch::{Block, IdentityHash};
use bongsu_sdk_wire::{Down, Heard, Payload, Received, Receiver, Refusal, SendWindow, Sender, Up};
use tempfile::TempDir;

const MINUTE_MS: i64 = 60_000;
const START_MS: i64 = 1_700_002_800_000;
/// Payload bytes a spool may hold per hour of the campaign: less than its minutes take, more than its hours do.
const BYTES_PER_HOUR: u64 = 9_000;

struct Site {
    id: SiteId,
    folder: TempDir,
    /// Which copy of the data is in use; each crash makes the next.
    life: u32,
    spool: Option<Spool>,
    sender: Sender,
    reference: Block,
    cut_until: u64,
}

struct Campaign {
    random: fastrand::Rng,
    folder: TempDir,
    life: u32,
    center: Option<Center>,
    max_bytes: u64,
    merged: u64,
    coarse: u64,
}

fn at(minute: u64) -> Timestamp {
    Timestamp::from_ms(START_MS + minute.cast_signed() * MINUTE_MS)
}

fn folder(of: &TempDir, life: u32) -> std::path::PathBuf {
    of.path().join(life.to_string())
}

pub(crate) fn campaign(hours: u64, seed: u64) -> Result<()> {
    let center = tempfile::tempdir()?;
    let mut campaign = Campaign {
        random: fastrand::Rng::with_seed(seed),
        center: Some(Center::open(&folder(&center, 0))?),
        folder: center,
        life: 0,
        max_bytes: hours * BYTES_PER_HOUR,
        merged: 0,
        coarse: 0,
    };
    let names = ["seoul", "busan", "jeju"];
    let mut sites = names
        .iter()
        .map(|name| Site::new(name))
        .collect::<Result<Vec<_>>>()?;
    // One site is cut from the beginning almost to the end.
    sites[0].cut_until = hours * 60 - 5;
    for minute in 0..hours * 60 {
        for site in &mut sites {
            campaign.minute(site, minute)?;
        }
        if campaign.random.u32(..400) == 0 {
            campaign.crash()?;
        }
        if minute % 30 == 0 {
            let center = campaign.center.as_ref().context("open")?;
            center.derive_hours(at(minute), 100)?;
            center.compact(at(minute), &Retention::default(), 100)?;
        }
    }
    for site in &mut sites {
        while site.waiting()? > 0 {
            campaign.connect(site, at(hours * 60))?;
        }
        campaign.judge(site, at(hours * 60))?;
    }
    eprintln!(
        "{hours} h: {} intervals merged in spools, {} coarse blocks counted, seed {seed}",
        campaign.merged, campaign.coarse
    );
    ensure!(
        campaign.merged > 0 && campaign.coarse > 0,
        "nothing was put to the test"
    );
    Ok(())
}

impl Site {
    fn new(name: &str) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let window = SendWindow {
            batches: 64,
            bytes: 1 << 20,
        };
        Ok(Self {
            id: SiteId::new(name)?,
            spool: Some(Spool::open(&folder(&home, 0), at(0))?),
            folder: home,
            life: 0,
            sender: Sender::new(window),
            reference: Block::new(Tier::Hour, at(0)),
            cut_until: 0,
        })
    }

    fn spool(&self) -> Result<&Spool> {
        self.spool.as_ref().context("the spool is open")
    }

    fn waiting(&self) -> Result<u64> {
        Ok(self.spool()?.spool()?.waiting())
    }

    /// Counts a minute and makes it durable.
    fn count(&mut self, minute: u64, random: &mut fastrand::Rng) -> Result<()> {
        let mut block = Block::new(Tier::Minute, at(minute));
        let app = AppId::new("minwon")?;
        for _ in 0..random.u32(0..30) {
            let person = random.u64(..2_000);
            let hash = IdentityHash::from_uniform((person + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let url = UrlTemplate::new(&format!("/{}", person % 5))?;
            for scope in [
                Scope::Site,
                Scope::App(app.clone()),
                Scope::Url(app.clone(), url),
            ] {
                let rollup = block.entry(scope);
                rollup.counters.requests += 1;
                rollup.counters.duration_us += person;
                rollup.durations.add(person);
                rollup.users_mut(IdentityMode::Cookie).insert(hash);
            }
        }
        self.reference.merge(&block);
        let payload = Payload::RollUps(block.encode()?).encode()?;
        let spool = self.spool()?;
        spool.commit(&Commit {
            minutes: vec![block],
            batches: vec![payload],
            ..Commit::default()
        })?;
        Ok(spool.flush()?)
    }

    /// Ends without warning: the next life opens what is on disk now.
    fn crash(&mut self, now: Timestamp) -> Result<()> {
        let (old, new) = (
            folder(&self.folder, self.life),
            folder(&self.folder, self.life + 1),
        );
        copy(&old, &new)?;
        drop(mem::take(&mut self.spool));
        fs::remove_dir_all(old)?;
        self.life += 1;
        self.spool = Some(Spool::open(&new, now)?);
        Ok(())
    }
}

impl Campaign {
    fn minute(&mut self, site: &mut Site, minute: u64) -> Result<()> {
        site.count(minute, &mut self.random)?;
        let shrunk = site.spool()?.shrink_spool(self.max_bytes, at(minute))?;
        ensure!(shrunk.dropped == 0, "hours always fit here: {shrunk:?}");
        self.merged += shrunk.merged;
        if self.random.u32(..200) == 0 {
            site.crash(at(minute))?;
        }
        if minute < site.cut_until {
            return Ok(());
        }
        if self.random.u32(..60) == 0 {
            site.cut_until = minute + self.random.u64(1..600);
        }
        self.connect(site, at(minute))
    }

    /// A connection that ends at any frame, or goes well.
    fn connect(&mut self, site: &mut Site, now: Timestamp) -> Result<()> {
        let center = self.center.as_ref().context("the center is open")?;
        let spool = site.spool.as_ref().context("the spool is open")?;
        let state = spool.spool()?;
        let mut receiver = Receiver::new();
        let hello = site
            .sender
            .hello(site.id.clone(), state.epoch, spool.oldest_spooled()?, now);
        receiver.handle(hello).map_err(refused)?;
        let position = center.position(&site.id, state.epoch)?;
        let opened = receiver.open(position, now).map_err(refused)?;
        ensure!(opened.lost.is_none(), "lost: {:?}", opened.lost);
        hear(&mut site.sender, spool, opened.welcome, now)?;
        loop {
            let Some(room) = site.sender.room() else {
                return Ok(());
            };
            let batches = spool.read_spool(room.after, room.bytes)?;
            if batches.is_empty() {
                return Ok(());
            }
            for (sequence, payload) in batches.into_iter().take(room.batches) {
                let frame = site.sender.batch(sequence, payload)?;
                if self.random.u32(..40) == 0 {
                    return Ok(());
                }
                let ack = apply(center, site, state.epoch, &mut receiver, frame, now)?;
                self.coarse += u64::from(ack.1);
                if self.random.u32(..40) == 0 {
                    return Ok(());
                }
                if self.random.u32(..3) == 0 {
                    hear(&mut site.sender, spool, ack.0, now)?;
                }
            }
        }
    }

    fn crash(&mut self) -> Result<()> {
        let (old, new) = (
            folder(&self.folder, self.life),
            folder(&self.folder, self.life + 1),
        );
        copy(&old, &new)?;
        drop(mem::take(&mut self.center));
        fs::remove_dir_all(old)?;
        self.life += 1;
        self.center = Some(Center::open(&new)?);
        Ok(())
    }

    fn judge(&self, site: &Site, end: Timestamp) -> Result<()> {
        let center = self.center.as_ref().context("the center is open")?;
        let mut whole = Block::new(Tier::Hour, at(0));
        center.visit(
            &site.id,
            Window::new(at(0), end),
            Tier::Minute,
            &mut |block| {
                whole.merge(&block);
            },
        )?;
        for (scope, expected) in &site.reference.scopes {
            let found = whole.scopes.get(scope).context("a scope is missing")?;
            ensure!(
                found.counters == expected.counters && found.durations == expected.durations,
                "{}: {scope}: {:?} instead of {:?}",
                site.id,
                found.counters,
                expected.counters
            );
            // The users of single URLs are kept a day in this width.
            let mode = IdentityMode::Cookie;
            ensure!(
                matches!(scope, Scope::Url(..)) || found.users(mode) == expected.users(mode),
                "{}: {scope}: other users",
                site.id
            );
        }
        ensure!(
            center.losses(&site.id)?.is_empty(),
            "something was given up"
        );
        Ok(())
    }
}

fn hear(sender: &mut Sender, spool: &Spool, frame: Down, now: Timestamp) -> Result<()> {
    match sender.handle(frame, now)? {
        Heard::Welcomed { through, .. } | Heard::Acknowledged { through } => {
            ensure!(
                through <= spool.spool()?.given,
                "acknowledged what was never given"
            );
            Ok(spool.acknowledge(through)?)
        }
        Heard::Nothing => Ok(()),
        Heard::Refused(refusal) => Err(refused(refusal)),
    }
}

/// What receiving does with one frame; gives the answer, and whether it carried a coarse block.
fn apply(
    center: &Center,
    site: &Site,
    epoch: u64,
    receiver: &mut Receiver,
    frame: Up,
    now: Timestamp,
) -> Result<(Down, bool)> {
    let batch = match receiver.handle(frame).map_err(refused)? {
        Received::Batch(batch) => batch,
        Received::Duplicate(ack) => return Ok((ack, false)),
        other => anyhow::bail!("{other:?}"),
    };
    let mut entry = Entry {
        sequence: batch.sequence,
        rollups: Vec::new(),
        findings: Vec::new(),
    };
    match Payload::decode(&batch.payload)? {
        Payload::RollUps(bytes) => entry.rollups.push(Block::decode(&bytes)?),
        Payload::Findings(findings) => entry.findings = findings,
    }
    let is_coarse = entry.rollups.iter().any(|block| block.tier > Tier::Minute);
    let through = center.apply(&site.id, epoch, vec![entry], now)?;
    Ok((receiver.applied(through), is_coarse))
}

fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow::anyhow!("refused: {refusal}")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
