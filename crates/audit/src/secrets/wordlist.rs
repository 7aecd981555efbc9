//! Word lists from files, tried by all cores.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use super::search::{Hit, Search};

/// A file with a candidate on each line.
#[derive(Debug, Clone)]
pub struct Wordlist {
    path: PathBuf,
    bytes: u64,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Bytes of the word list that were read.
    pub read: u64,
    /// Bytes in all.
    pub total: u64,
    /// Candidates that were tried.
    pub tried: u64,
}

impl Wordlist {
    /// Opens a file, to say at once when it can't be read.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::open(&path)?;
        Ok(Self { path: path.as_ref().to_owned(), bytes: file.metadata()?.len() })
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Tries each line, and what it decodes to, with every core. Gives the hit and how many lines were tried.
    ///
    /// # Errors
    /// The file can't be read to its end.
    pub fn search(&self, search: &Search, progress: &(dyn Fn(Progress) + Sync)) -> io::Result<(Option<Hit>, u64)> {
        let mut file = File::open(&self.path)?;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let (sender, receiver) = mpsc::sync_channel::<Vec<u8>>(threads * 2);
        let receiver = Mutex::new(receiver);
        let (tried, found) = (AtomicU64::new(0), AtomicBool::new(false));
        let hit = Mutex::new(None);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let block = receiver.lock().ok().and_then(|receiver| receiver.recv().ok());
                        let Some(block) = block else { return };
                        if found.load(Ordering::Relaxed) {
                            continue;
                        }
                        let (count, first) = try_lines(&block, search);
                        tried.fetch_add(count, Ordering::Relaxed);
                        if let (Some(first), Ok(mut hit)) = (first, hit.lock()) {
                            found.store(true, Ordering::Relaxed);
                            hit.get_or_insert(first);
                        }
                    }
                });
            }
            let result = feed(&mut file, |block, read| {
                progress(Progress { read, total: self.bytes, tried: tried.load(Ordering::Relaxed) });
                !found.load(Ordering::Relaxed) && sender.send(block).is_ok()
            });
            drop(sender);
            result
        })?;
        let tried = tried.into_inner();
        progress(Progress { read: self.bytes, total: self.bytes, tried });
        Ok((hit.into_inner().unwrap_or_default(), tried))
    }
}

/// Reads blocks that end with a whole line, until `send` wants no more.
fn feed(file: &mut File, mut send: impl FnMut(Vec<u8>, u64) -> bool) -> io::Result<()> {
    let mut rest = Vec::new();
    let mut read = 0;
    loop {
        let mut block = core::mem::take(&mut rest);
        let size = file.take(BLOCK_BYTES).read_to_end(&mut block)?;
        read += size as u64;
        if size == 0 {
            if !block.is_empty() {
                send(block, read);
            }
            return Ok(());
        }
        if let Some(end) = block.iter().rposition(|byte| *byte == b'\n') {
            rest = block.split_off(end + 1);
        } else if block.len() < MAX_LINE_BYTES {
            rest = block;
            continue;
        }
        if !send(block, read) {
            return Ok(());
        }
    }
}

fn try_lines(block: &[u8], search: &Search) -> (u64, Option<Hit>) {
    let mut tried = 0;
    for line in block.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        tried += 1;
        if let Some(hit) = search.try_text(line) {
            return (tried, Some(hit));
        }
    }
    (tried, None)
}

/// How much a core takes at once, in bytes.
const BLOCK_BYTES: u64 = 1 << 20;

/// A longer line is cut.
const MAX_LINE_BYTES: usize = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Token, to_base64url};
    use crate::outcome::Place;
    use aws_lc_rs::hmac;
    use std::io::Write;

    fn search(secret: &[u8]) -> Search {
        let input = format!("{}.{}", to_base64url(br#"{"alg":"HS256"}"#), to_base64url(br#"{"sub":"a"}"#));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        Search::new(&[Token::parse(&format!("{input}.{}", to_base64url(tag.as_ref())), Place::default()).unwrap()])
    }

    #[test]
    fn every_line_of_a_list_is_tried_whatever_its_line_end() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let words: Vec<String> = (0..200_000).map(|number| format!("word-{number}")).collect();
        write!(file, "{}\r\nlast", words.join("\r\n")).unwrap();
        let list = Wordlist::open(file.path()).unwrap();
        for secret in ["word-0", "word-99999", "word-199999", "last"] {
            let (hit, _) = list.search(&search(secret.as_bytes()), &|_| {}).unwrap();
            assert_eq!(hit.unwrap().secret, secret.as_bytes());
        }
        let shown = Mutex::new(Progress::default());
        let (hit, tried) = list.search(&search(b"absent"), &|progress| *shown.lock().unwrap() = progress).unwrap();
        assert!(hit.is_none());
        assert_eq!((tried, shown.into_inner().unwrap().tried), (200_001, 200_001));
    }
}
