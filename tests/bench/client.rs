//! A light client: keep-alive connections, each of which sends its next request when the last one is answered.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::spawn_local;

/// Appends the next request of a connection to an empty buffer.
pub(crate) type Requests = Rc<dyn Fn(&mut Draw, &mut Vec<u8>)>;

/// Where the requests of one connection come from: the same ones in each run.
#[derive(Debug)]
pub(crate) struct Draw {
    /// Which connection it is, from 0.
    pub(crate) connection: usize,
    /// Different for each request of a run, whichever connection sends it.
    pub(crate) unique: u64,
    state: u64,
}

impl Draw {
    fn new(connection: usize, unique: u64) -> Self {
        let seed = u64::try_from(connection).unwrap_or_default() + 1;
        Self { connection, unique, state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    /// One of the numbers below a bound (xorshift64).
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 16).unwrap_or_default() % bound
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// The bytes of a request.
pub(crate) fn request(out: &mut Vec<u8>, method: &str, path: &str, token: &str, headers: &str, body: &str) {
    out.extend_from_slice(format!("{method} {path} HTTP/1.1\r\nhost: mandate.example\r\n{headers}").as_bytes());
    if !token.is_empty() {
        out.extend_from_slice(format!("authorization: Bearer {token}\r\n").as_bytes());
    }
    if !body.is_empty() {
        let length = body.len();
        out.extend_from_slice(
            format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes(),
        );
    } else {
        out.extend_from_slice(b"\r\n");
    }
}

/// One request on a connection of its own: the status and the body.
pub(crate) async fn once(address: SocketAddr, request: &[u8]) -> io::Result<(u16, String)> {
    let mut connection = Connection::open(address, 0, 0).await?;
    connection.output.extend_from_slice(request);
    let status = connection.exchange().await?;
    Ok((status, connection.body().to_owned()))
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    output: Vec<u8>,
    input: Vec<u8>,
    body_start: usize,
    draw: Draw,
}

impl Connection {
    async fn open(address: SocketAddr, number: usize, unique: u64) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let draw = Draw::new(number, unique);
        Ok(Self { stream, output: Vec::new(), input: Vec::with_capacity(65_536), body_start: 0, draw })
    }

    /// Sends what is in the output and reads the whole answer; the status.
    async fn exchange(&mut self) -> io::Result<u16> {
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        self.input.clear();
        let mut end = None;
        loop {
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if end.is_none()
                && let Some(head) = self.input.windows(4).position(|bytes| bytes == b"\r\n\r\n")
            {
                self.body_start = head + 4;
                end = Some(self.body_start + length(&self.input[..head])?);
            }
            if end.is_some_and(|end| self.input.len() >= end) {
                let status = self.input.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
                return status.and_then(|digits| digits.parse().ok()).ok_or(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// As [`Self::exchange`], for an answer that must be a success.
    async fn exchange_well(&mut self) -> io::Result<()> {
        let status = self.exchange().await?;
        if (200..300).contains(&status) {
            return Ok(());
        }
        Err(io::Error::other(format!("status {status}: {}", self.body())))
    }

    fn body(&self) -> &str {
        std::str::from_utf8(&self.input[self.body_start..]).unwrap_or_default()
    }
}

/// The length of the body that a head announces.
fn length(head: &[u8]) -> io::Result<usize> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            let digits = std::str::from_utf8(&line[NAME.len()..]).unwrap_or_default().trim();
            return digits.parse().map_err(|_| io::ErrorKind::InvalidData.into());
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "an answer without a length"))
}

/// Connections to one server and what they ask for.
pub(crate) struct Load {
    connections: Vec<Connection>,
    requests: Requests,
}

impl Load {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr, count: usize, requests: &Requests) -> io::Result<Self> {
        /// How many requests one connection may send before its numbers meet those of the next.
        const ROOM: u64 = 1 << 32;
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let run = u64::try_from(since_epoch.as_micros()).unwrap_or_default() << 20;
        let mut connections = Vec::new();
        for number in 0..count {
            let unique = run ^ (u64::try_from(number).unwrap_or_default() * ROOM);
            connections.push(Connection::open(address, number, unique).await?);
        }
        Ok(Self { connections, requests: Rc::clone(requests) })
    }

    /// Sends the next request of the first connection; the body of its answer.
    ///
    /// *Errors*: as [`Self::run`].
    pub(crate) async fn ask(&mut self) -> io::Result<String> {
        let connection = self.connections.first_mut().ok_or(io::ErrorKind::NotConnected)?;
        (self.requests)(&mut connection.draw, &mut connection.output);
        connection.draw.unique += 1;
        connection.exchange_well().await?;
        Ok(connection.body().to_owned())
    }

    /// Sends requests for so long; how long each took, in seconds, sorted.
    ///
    /// *Errors*: an answer that is no success, with its body.
    pub(crate) async fn run(&mut self, duration: Duration) -> io::Result<Vec<f64>> {
        let until = Instant::now() + duration;
        let tasks: Vec<_> = self
            .connections
            .drain(..)
            .map(|connection| spawn_local(keep_on(connection, Rc::clone(&self.requests), until)))
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            let (connection, seconds) = task.await.map_err(io::Error::other)??;
            self.connections.push(connection);
            all.extend(seconds);
        }
        all.sort_by(f64::total_cmp);
        Ok(all)
    }
}

async fn keep_on(mut connection: Connection, requests: Requests, until: Instant) -> io::Result<(Connection, Vec<f64>)> {
    let mut seconds = Vec::with_capacity(4_096);
    loop {
        let begin = Instant::now();
        if begin >= until {
            return Ok((connection, seconds));
        }
        requests(&mut connection.draw, &mut connection.output);
        connection.draw.unique += 1;
        connection.exchange_well().await?;
        seconds.push(begin.elapsed().as_secs_f64());
    }
}
