//! The ports, each with its sockets in a set of its own: smoltcp looks through all sockets of a set for each packet.

use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::time::Duration;

use crate::block::{Block, PIECE};
use crate::fail;

/// A handshake that is not finished after this time leaves its socket to the next.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Echo,
    Discard,
    Source,
    Close,
    Hold,
}

/// What a service is made with. Sizes in octets.
pub struct Plan {
    pub kind: Kind,
    pub port: u16,
    pub receive: usize,
    pub send: usize,
    /// Sockets that listen, as far as there are as many.
    pub listening: usize,
    /// Sockets at most.
    pub most: usize,
    pub verify: bool,
    pub congestion: CongestionControl,
}

struct Connection {
    handle: SocketHandle,
    /// Octets read or written.
    at: u64,
    /// For a source: the octets of its request that came, and what they say.
    request: [u8; 8],
}

pub struct Service {
    pub set: SocketSet<'static>,
    plan: Plan,
    connections: Vec<Connection>,
}

impl Service {
    pub fn new(plan: Plan) -> Service {
        let mut service = Service { set: SocketSet::new(vec![]), plan, connections: vec![] };
        service.listen();
        service
    }

    pub fn port(&self) -> u16 {
        self.plan.port
    }

    /// Has sockets listen again that are through, and makes further ones where too few listen.
    pub fn listen(&mut self) {
        let mut listening = 0;
        for connection in &mut self.connections {
            let socket = self.set.get_mut::<Socket>(connection.handle);
            match socket.state() {
                State::Listen => listening += 1,
                // smoltcp has no place for a connection in TIME-WAIT but its socket: it is given up.
                State::Closed | State::TimeWait if listening < self.plan.listening => {
                    socket.listen(self.plan.port).unwrap_or_else(|error| fail(&format!("listen: {error}")));
                    (connection.at, connection.request) = (0, [0; 8]);
                    listening += 1;
                }
                _ => {}
            }
        }
        while listening < self.plan.listening && self.connections.len() < self.plan.most {
            let handle = self.set.add(self.plan.socket());
            self.connections.push(Connection { handle, at: 0, request: [0; 8] });
            listening += 1;
        }
    }

    /// Does what the application does: everything that its connections allow.
    pub fn step(&mut self, block: &Block) {
        for connection in &mut self.connections {
            let socket = self.set.get_mut::<Socket>(connection.handle);
            if matches!(socket.state(), State::Established | State::CloseWait) {
                connection.step(socket, &self.plan, block);
            }
        }
    }
}

impl Plan {
    fn socket(&self) -> Socket<'static> {
        let mut socket = Socket::new(SocketBuffer::new(vec![0; self.receive]), SocketBuffer::new(vec![0; self.send]));
        socket.set_nagle_enabled(false);
        socket.set_congestion_control(self.congestion);
        if self.kind == Kind::Close {
            socket.set_timeout(Some(PATIENCE));
        }
        socket.listen(self.port).unwrap_or_else(|error| fail(&format!("listen: {error}")));
        socket
    }
}

impl Connection {
    fn step(&mut self, socket: &mut Socket, plan: &Plan, block: &Block) {
        match plan.kind {
            Kind::Echo => echo(socket),
            Kind::Discard | Kind::Hold => self.discard(socket, plan.verify, block),
            Kind::Source => return self.source(socket, block),
            Kind::Close => return socket.close(),
        }
        if socket.state() == State::CloseWait && !socket.can_recv() {
            socket.close();
        }
    }

    fn discard(&mut self, socket: &mut Socket, verify: bool, block: &Block) {
        while socket.can_recv() {
            let _ = socket.recv(|octets| {
                if verify && !block.matches(octets, self.at) {
                    fail(&format!("the octets from {} on are not those of the stream", self.at));
                }
                self.at += octets.len() as u64;
                (octets.len(), ())
            });
        }
    }

    fn source(&mut self, socket: &mut Socket, block: &Block) {
        if socket.recv_queue() >= 8 {
            let _ = socket.recv_slice(&mut self.request);
        }
        let octets = u64::from_le_bytes(self.request);
        while self.at < octets && socket.can_send() {
            let _ = socket.send(|room| {
                let length = (octets - self.at).min(room.len().min(PIECE) as u64) as usize;
                room[..length].copy_from_slice(block.at(self.at, length));
                self.at += length as u64;
                (length, ())
            });
        }
        if self.at == octets && octets > 0 || socket.state() == State::CloseWait {
            socket.close();
        }
    }
}

fn echo(socket: &mut Socket) {
    let mut octets = [0; 16384];
    while socket.can_recv() && socket.can_send() {
        let room = octets.len().min(socket.send_capacity() - socket.send_queue());
        let Ok(length) = socket.recv_slice(&mut octets[..room]) else { return };
        let _ = socket.send_slice(&octets[..length]);
    }
}
