//! The layout of policies in JSON.

use serde_json::ser::Formatter;
use std::io::{Result, Write};

/// A JSON formatter with one line per member of the policy and per element of its lists.
#[derive(Default)]
pub(super) struct Lines {
    depth: usize,
}

impl Lines {
    fn next<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
        lines_to: usize,
    ) -> Result<()> {
        let comma = if first { "" } else { "," };
        match self.depth {
            depth if depth <= lines_to => write!(writer, "{comma}\n{:1$}", "", depth * 2),
            _ => writer.write_all(if first { b"" } else { b", " }),
        }
    }

    fn end<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        bracket: &str,
        lines_to: usize,
    ) -> Result<()> {
        self.depth -= 1;
        match self.depth {
            depth if depth < lines_to => write!(writer, "\n{:1$}{bracket}", "", depth * 2),
            _ => writer.write_all(bracket.as_bytes()),
        }
    }
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.next(writer, first, 1)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(b": ")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.end(writer, "}", 1)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth += 1;
        writer.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        self.next(writer, first, 2)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.end(writer, "]", 2)
    }
}
