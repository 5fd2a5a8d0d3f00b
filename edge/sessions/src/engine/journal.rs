//! A provisional journal: one file, written by whoever waits. To be replaced.

use std::{
    fmt,
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Release},
        },
    },
};

use crate::{Durability, Error};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Position(u64);

#[derive(Debug, Clone)]
pub(crate) struct Failure(Arc<str>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug)]
pub(crate) struct Mark(u64);

#[derive(Debug)]
pub(crate) struct Journal {
    durability: Durability,
    directory: PathBuf,
    settled: AtomicU64,
    pending: Mutex<(u64, Vec<u8>)>,
    file: Mutex<(u64, Option<File>)>,
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Directory {
        path: path.to_owned(),
        source,
    }
}

impl Journal {
    pub(crate) fn open(
        path: &Path,
        durability: Durability,
        mut replay: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Arc<Self>, Error> {
        let directory = path.join("journal");
        let mut next = 0;
        let mut file = None;
        if durability != Durability::Memory {
            fs::create_dir_all(&directory).map_err(|e| io(&directory, e))?;
            for number in numbers(&directory)? {
                replay_file(&directory.join(format!("{number:016}")), &mut replay)?;
                next = number + 1;
            }
            file = Some(
                File::create(directory.join(format!("{next:016}")))
                    .map_err(|e| io(&directory, e))?,
            );
        }
        Ok(Arc::new(Self {
            durability,
            directory,
            settled: AtomicU64::new(0),
            pending: Mutex::default(),
            file: Mutex::new((next, file)),
        }))
    }
    pub(crate) fn append(&self, record: &[u8]) -> Position {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending
            .1
            .extend(u32::try_from(record.len()).unwrap_or(0).to_le_bytes());
        pending.1.extend_from_slice(record);
        pending.0 += record.len() as u64;
        Position(pending.0)
    }
    pub(crate) fn is_settled(&self, at: Position) -> bool {
        self.durability == Durability::Memory || self.settled.load(Acquire) >= at.0
    }
    pub(crate) async fn settled(&self, at: Position) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        if !self.is_settled(at) {
            self.write().map_err(|e| Failure(e.to_string().into()))?;
        }
        Ok(())
    }
    fn write(&self) -> std::io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (to, bytes) = {
            let mut p = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            (p.0, std::mem::take(&mut p.1))
        };
        if let Some(file) = &mut file.1 {
            file.write_all(&bytes)?;
            if self.durability == Durability::Group {
                file.sync_data()?;
            }
        }
        self.settled.store(to, Release);
        Ok(())
    }
    pub(crate) fn refusal(&self) -> Option<Failure> {
        None
    }
    pub(crate) fn rotate(&self) -> Result<Mark, Error> {
        self.write().map_err(|e| io(&self.directory, e))?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.0 += 1;
        file.1 = Some(
            File::create(self.directory.join(format!("{:016}", file.0)))
                .map_err(|e| io(&self.directory, e))?,
        );
        Ok(Mark(file.0))
    }
    pub(crate) fn read(
        &self,
        before: &Mark,
        mut visit: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for number in numbers(&self.directory)?
            .into_iter()
            .filter(|n| *n < before.0)
        {
            replay_file(&self.directory.join(format!("{number:016}")), &mut visit)?;
        }
        Ok(())
    }
    pub(crate) fn forget(&self, before: Mark) -> Result<(), Error> {
        for number in numbers(&self.directory)?
            .into_iter()
            .filter(|n| *n < before.0)
        {
            fs::remove_file(self.directory.join(format!("{number:016}")))
                .map_err(|e| io(&self.directory, e))?;
        }
        Ok(())
    }
    pub(crate) fn backlog(&self) -> u64 {
        numbers(&self.directory)
            .unwrap_or_default()
            .iter()
            .filter_map(|n| fs::metadata(self.directory.join(format!("{n:016}"))).ok())
            .map(|m| m.len())
            .sum()
    }
    pub(crate) fn close(&self) {
        let _ = self.write();
    }
}

fn numbers(directory: &Path) -> Result<Vec<u64>, Error> {
    let mut found: Vec<u64> = fs::read_dir(directory)
        .map_err(|e| io(directory, e))?
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
        .collect();
    found.sort_unstable();
    Ok(found)
}

fn replay_file(
    path: &Path,
    visit: &mut impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut f| f.read_to_end(&mut bytes))
        .map_err(|e| io(path, e))?;
    let mut rest = &bytes[..];
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let Some((record, tail)) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)
        else {
            break;
        };
        visit(record)?;
        rest = tail;
    }
    Ok(())
}
