//! HTTP/1.1 server for a router.

use super::client_stream::ClientStream;
use super::config::Config;
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

/// Minimum buffer size that hyper accepts, in bytes.
const MIN_HEAD_BYTES: usize = 8192;

/// Serves HTTP/1.1 until `stop` completes, then finishes the requests in progress.
///
/// Slow clients are disconnected by [`Timeouts`]: those that send the head or the body of a request
/// too slowly (slowloris) and those that read the response too slowly (slow read). Heads larger
/// than [`Config::head_bytes`] and requests with more headers than [`Config::max_headers`] are
/// rejected. If [`Config::max_connections`] connections are open, further ones wait to be accepted.
///
/// Bytes that are not an HTTP/1.1 request are answered with status 400, 414 or 431, and the
/// connection is closed.
///
/// [`Timeouts`]: super::Timeouts
///
/// # Errors
/// None at present: an error of a connection ends that connection only, and an error of the
/// listener, such as a lack of file descriptors, is retried after 100 ms.
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
            // The client closed the connection before it was accepted. This does not affect other
            // clients, so accept the next one without delay.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections, retrying");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(config.timeouts.shutdown, graceful.shutdown()).await.is_err() {
        tracing::warn!("shutdown timeout: closing the remaining connections");
    }
    Ok(())
}

fn connection(
    stream: TcpStream,
    router: Router,
    config: &Config,
) -> http1::Connection<TokioIo<ClientStream>, TowerToHyperService<Router>> {
    // Responses are written in one piece, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.timeouts.head)
        .max_buf_size(config.head_bytes.max(MIN_HEAD_BYTES))
        .max_headers(config.max_headers)
        .serve_connection(
            TokioIo::new(ClientStream::new(stream, config.timeouts.answer)),
            TowerToHyperService::new(router),
        )
}
