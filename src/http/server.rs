//! A server for a router.

use super::config::{Config, Timeouts};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Bytes of a request's line and headers together. A filter of the greatest length, encoded, is longer than any line may be.
const HEAD_BYTES: usize = 128 << 10;
const HEADERS: usize = 100;

/// Answers HTTP/1.1 requests until `stop` is there, then finishes those under way.
///
/// Who sends the head or the body of a request too slowly is cut off, and so is who sends more than 128 KiB or 100 headers.
///
/// # Errors
/// None today: connections that fail end by themselves, and the listener is tried again.
pub async fn serve(listener: TcpListener, router: Router, config: &Config, stop: impl Future<Output = ()>) -> io::Result<()> {
    let connections = Arc::new(Semaphore::new(config.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = graceful.watch(connection(stream, router.clone(), config.timeouts));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "connection ended");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                // Such as no more file descriptors: later there may be some.
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(config.timeouts.shutdown, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were cut off");
    }
    Ok(())
}

fn connection(stream: TcpStream, router: Router, timeouts: Timeouts) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    // Answers are written whole, and go at once.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.head)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
