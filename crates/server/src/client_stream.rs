//! The TCP stream of a client, with the protection that hyper does not offer.
//!
//! - Writes time out. A client that requests a large response and reads it slowly or not at all
//!   (slow read attack) would otherwise occupy a connection and the memory of the buffered response
//!   without limit.
//! - A repeated `Content-Length` is rejected, see [`RepeatedLength`].
//! - The responses of hyper to malformed requests get a body, see [`head_error`].

use super::head_error;
use super::request_smuggling::RepeatedLength;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

pub(super) struct ClientStream {
    stream: TcpStream,
    /// Time after which writes fail with [`io::ErrorKind::TimedOut`] if the client accepts no byte.
    timeout: Duration,
    /// Timer that has run since the last write that was not ready.
    stalled: Option<Pin<Box<Sleep>>>,
    lengths: RepeatedLength,
    rejected: bool,
    replacement: Option<Replacement>,
}

/// The response that is written instead of one of hyper.
struct Replacement {
    bytes: Vec<u8>,
    written: usize,
}

impl ClientStream {
    pub(super) fn new(stream: TcpStream, timeout: Duration) -> Self {
        Self {
            stream,
            timeout,
            stalled: None,
            lengths: RepeatedLength::default(),
            rejected: false,
            replacement: None,
        }
    }

    /// Stops the timer if the write made progress; otherwise starts it or fails if it has elapsed.
    fn check<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let timeout = self.timeout;
        ready!(self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout))).as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "write timeout")))
    }

    fn write(&mut self, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check(written, context)
    }

    /// Writes the replacement of `bytes`, if there is one, and then reports `bytes` as written.
    fn write_replacement(
        &mut self,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Option<Poll<io::Result<usize>>> {
        let mut replacement = match self.replacement.take() {
            Some(replacement) => replacement,
            None => Replacement { bytes: head_error::with_body(bytes)?, written: 0 },
        };
        while let Some(rest @ [_, ..]) = replacement.bytes.get(replacement.written..) {
            match self.write(rest, context) {
                Poll::Ready(Ok(0)) => {
                    return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into())));
                }
                Poll::Ready(Ok(count)) => replacement.written += count,
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => {
                    self.replacement = Some(replacement);
                    return Some(Poll::Pending);
                }
            }
        }
        Some(Poll::Ready(Ok(bytes.len())))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rejected {
            let message = "a repeated content-length";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, message)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled_mut().get_mut(before..).unwrap_or_default();
        if let Some(colon) = self.lengths.find(read) {
            // U+0000 is not allowed in the name of a header, so hyper responds with status 400. If
            // the bytes are part of a body instead, the body ends here with an error.
            read.iter_mut().skip(colon).take(1).for_each(|byte| *byte = 0);
            buffer.set_filled(before + colon + 1);
            self.rejected = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.write_replacement(bytes, context) {
            Some(written) => written,
            None => self.write(bytes, context),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = slices.iter().find(|slice| !slice.is_empty())
            && let Some(written) = self.write_replacement(first, context)
        {
            return written;
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.check(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
