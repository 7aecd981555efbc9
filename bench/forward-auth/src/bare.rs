//! What hyper can do with nothing behind it: a server that answers 200, and a proxy that passes on and does nothing else.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

/// Both, on ports of their own, on threads like the guard's.
pub struct Bare {
    pub server: u16,
    pub proxy: u16,
    _runtime: tokio::runtime::Runtime,
}

impl Bare {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (server, proxy) = runtime.block_on(async {
            let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let ports = (server.local_addr().unwrap().port(), proxy.local_addr().unwrap().port());
            tokio::spawn(serve(server));
            tokio::spawn(pass_on(proxy, ports.0));
            ports
        });
        Self { server, proxy, _runtime: runtime }
    }
}

async fn serve(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let respond =
            |_: Request<Incoming>| async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok")))) };
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(respond)));
    }
}

async fn pass_on(listener: TcpListener, to: u16) {
    let client: Client<_, Incoming> = Client::builder(TokioExecutor::new()).build_http();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let client = client.clone();
        let respond = move |mut request: Request<Incoming>| {
            *request.uri_mut() = format!("http://127.0.0.1:{to}{}", request.uri().path()).parse::<Uri>().unwrap();
            client.request(request)
        };
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(respond)));
    }
}
