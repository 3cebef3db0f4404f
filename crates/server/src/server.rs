//! A server for a router.

use super::config::Config;
use super::write_timeout::WriteTimeout;
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

/// With less, hyper reads nothing.
const LEAST_HEAD_BYTES: usize = 8192;

/// Answers HTTP/1.1 requests until `stop` is there, then finishes those under way.
///
/// Who sends the head or the body of a request too slowly is cut off, and so is who takes the answer too slowly ([`Timeouts`]), or
/// who sends a longer head than [`Config::head_bytes`] or more headers than [`Config::max_headers`].
///
/// What is no HTTP/1.1 is answered with 400, 414 or 431, without a body, and the connection is closed.
///
/// [`Timeouts`]: super::Timeouts
///
/// # Errors
/// None today: connections that fail end by themselves, and the listener is tried again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: &Config,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let connections =
        Arc::new(Semaphore::new(config.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
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
                let connection = graceful.watch(connection(stream, router.clone(), config));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "connection ended");
                    }
                    drop(permit);
                });
            }
            // The caller was gone before the connection was taken: nobody else has to wait for that.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
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

fn connection(
    stream: TcpStream,
    router: Router,
    config: &Config,
) -> http1::Connection<TokioIo<WriteTimeout>, TowerToHyperService<Router>> {
    // Answers are written whole, and go at once.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.timeouts.head)
        .max_buf_size(config.head_bytes.max(LEAST_HEAD_BYTES))
        .max_headers(config.max_headers)
        .serve_connection(
            TokioIo::new(WriteTimeout::new(stream, config.timeouts.answer)),
            TowerToHyperService::new(router),
        )
}
