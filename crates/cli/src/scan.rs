//! Reads the lines of a file on all cores, in order.
//!
//! The main thread reads blocks of whole lines and passes them to workers. The results are consumed
//! in the order of the blocks. The number of blocks that are read and not consumed is bounded, and
//! so is memory.

use crate::exit::CliError;
use crate::input::without_byte_order_mark;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Length of a block in bytes, without the rest of its last line.
const BLOCK: u64 = 1 << 20;

/// Whole lines of a file.
pub(crate) struct Block {
    text: String,
    /// Offset of the block in the file, in bytes.
    offset: u64,
    /// The number of lines before it.
    lines_before: u64,
}

/// A line that is not empty, without whitespace at its ends.
pub(crate) struct Line<'b> {
    pub(crate) text: &'b str,
    /// Counted from 1.
    pub(crate) number: u64,
    /// Offset in the file, in bytes.
    pub(crate) offset: u64,
}

impl Block {
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let (mut offset, mut number) = (self.offset, self.lines_before);
        self.text.split_inclusive('\n').filter_map(move |whole| {
            let start = offset;
            offset += whole.len() as u64;
            number += 1;
            let line = if number == 1 { without_byte_order_mark(whole) } else { whole };
            let trimmed = line.trim_start();
            let offset = start + (whole.len() - trimmed.len()) as u64;
            let text = trimmed.trim_end();
            (!text.is_empty()).then_some(Line { text, number, offset })
        })
    }
}

/// Passes each block of a file to `work` on one of several threads, and the results to `consume` in
/// the order of the file, with the number of bytes up to there.
pub(crate) fn scan<T: Send>(
    path: &Path,
    name: &str,
    work: impl Fn(&Block) -> T + Sync,
    mut consume: impl FnMut(T, u64) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let cannot_read = |error| CliError::cannot_read(name, &error);
    let mut reader = BufReader::new(File::open(path).map_err(cannot_read)?);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let (jobs, queue) = channel::<(Block, Sender<T>)>();
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((block, result)) = next(&queue) {
                    // Fails if the scan ended early.
                    let _ = result.send(work(&block));
                }
            });
        }
        let mut waiting: VecDeque<(Receiver<T>, u64)> = VecDeque::new();
        let (mut offset, mut lines_before) = (0, 0);
        let mut consume_first =
            |waiting: &mut VecDeque<(Receiver<T>, u64)>| match waiting.pop_front() {
                Some((result, end)) => match result.recv() {
                    Ok(result) => consume(result, end),
                    Err(_) => CliError::fail("a worker stopped"),
                },
                None => Ok(()),
            };
        // Ends the workers when this closure returns, also with an error.
        let jobs = jobs;
        loop {
            let text = read_block(&mut reader).map_err(cannot_read)?;
            if text.is_empty() {
                break;
            }
            let end = offset + text.len() as u64;
            let lines = text.bytes().filter(|byte| *byte == b'\n').count() as u64;
            let (result, receiver) = channel();
            let block = Block { text, offset, lines_before };
            if jobs.send((block, result)).is_err() {
                return CliError::fail("no worker is left");
            }
            waiting.push_back((receiver, end));
            (offset, lines_before) = (end, lines_before + lines);
            if waiting.len() > 2 * workers {
                consume_first(&mut waiting)?;
            }
        }
        while !waiting.is_empty() {
            consume_first(&mut waiting)?;
        }
        Ok(())
    })
}

/// Returns the next block, or `None` after the last.
fn next<T>(queue: &Mutex<Receiver<(Block, Sender<T>)>>) -> Option<(Block, Sender<T>)> {
    queue.lock().ok()?.recv().ok()
}

/// Reads the next lines. Returns an empty string at the end of the file.
fn read_block(reader: &mut BufReader<File>) -> io::Result<String> {
    let mut bytes = Vec::with_capacity(BLOCK as usize + 4_096);
    reader.by_ref().take(BLOCK).read_to_end(&mut bytes)?;
    reader.read_until(b'\n', &mut bytes)?;
    String::from_utf8(bytes).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8")
    })
}
