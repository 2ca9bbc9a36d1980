//! Serves the ports of bench/peers with smoltcp, behind a TUN device that was prepared.
//!
//!     smoltcp-peer --tun NAME --address 10.9.200.1 [--mtu 1500] [--offload] [--backlog 128] [--verify]
//!                  [--congestion none|reno|cubic] [--buffer OCTETS]

mod block;
mod service;
mod tun;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::str::FromStr;

use smoltcp::iface::{Config, Interface, PollResult};
use smoltcp::socket::tcp::CongestionControl;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use block::Block;
use service::{Kind, Plan, Service};
use tun::Tun;

/// Packets that are taken from the device before the application and the ACKs have their turn.
const BATCH: usize = 64;
/// All timers are looked at that often even when packets keep coming.
const TICK: Duration = Duration::from_millis(10);
/// Room for a connection to a port that moves few octets.
const SMALL: usize = 1024;

pub fn fail(message: &str) -> ! {
    eprintln!("smoltcp: {message}");
    std::process::exit(1)
}

struct Options(HashMap<String, String>);

impl Options {
    fn read() -> Options {
        let mut options = HashMap::new();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = match word.as_str() {
                "--offload" | "--verify" => String::new(),
                "--tun" | "--address" | "--mtu" | "--backlog" | "--congestion" | "--buffer" => {
                    words.next().unwrap_or_else(|| fail(&format!("{word} needs a value")))
                }
                _ => fail(&format!("{word} is not an option")),
            };
            options.insert(word, value);
        }
        Options(options)
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn get<T: FromStr>(&self, name: &str, default: Option<T>) -> T {
        match (self.0.get(name), default) {
            (Some(text), _) => text.parse().unwrap_or_else(|_| fail(&format!("{name} can not be {text}"))),
            (None, Some(default)) => default,
            (None, None) => fail(&format!("{name} is needed")),
        }
    }
}

fn services(options: &Options) -> Vec<Service> {
    let congestion = match options.get("--congestion", Some("none".to_string())).as_str() {
        "none" => CongestionControl::None,
        "reno" => CongestionControl::Reno,
        "cubic" => CongestionControl::Cubic,
        other => fail(&format!("--congestion is none, reno or cubic, not {other}")),
    };
    let buffer = options.get("--buffer", Some(1 << 20));
    let backlog = options.get("--backlog", Some(128));
    let verify = options.has("--verify");
    let plan = |kind, port, receive, send, listening, most| Plan {
        kind,
        port,
        receive,
        send,
        listening,
        most,
        verify: verify && kind == Kind::Discard,
        congestion,
    };
    [
        plan(Kind::Echo, 7, 16384, 16384, 4, 4),
        plan(Kind::Discard, 9, buffer, SMALL, 16, 16),
        plan(Kind::Source, 19, SMALL, buffer, 16, 16),
        plan(Kind::Close, 80, SMALL, SMALL, backlog, backlog),
        plan(Kind::Hold, 81, SMALL, SMALL, backlog, usize::MAX),
    ]
    .into_iter()
    .map(Service::new)
    .collect()
}

fn interface(tun: &mut Tun, address: Ipv4Addr) -> Interface {
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(1, |time| time.as_nanos() as u64);
    let mut interface = Interface::new(config, tun, Instant::now());
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(address), 16));
    });
    interface
}

extern "C" fn terminated(_: libc::c_int) {
    unsafe { libc::_exit(0) }
}

fn main() {
    let options = Options::read();
    let name: String = options.get("--tun", None);
    let mut tun = Tun::open(&name, options.get("--mtu", Some(1500)), options.has("--offload"))
        .unwrap_or_else(|error| fail(&format!("TUN device {name}: {error}")));
    let mut interface = interface(&mut tun, options.get("--address", None));
    let mut services = services(&options);
    let block = Block::new();
    unsafe { libc::signal(libc::SIGTERM, terminated as *const () as libc::sighandler_t) };
    println!("ready");
    let mut ticked = Instant::now();
    loop {
        let now = Instant::now();
        let mut touched = [false; 5];
        let mut taken = 0;
        while taken < BATCH {
            let Some(port) = tun.next() else { break };
            let index = services.iter().position(|service| service.port() == port).unwrap_or(0);
            interface.poll_ingress_single(now, &mut tun, &mut services[index].set);
            touched[index] = true;
            taken += 1;
        }
        if taken == 0 || now >= ticked + TICK {
            interface.poll_maintenance(now);
            touched = [true; 5];
            ticked = now;
        }
        for (service, _) in services.iter_mut().zip(touched).filter(|(_, touched)| *touched) {
            service.step(&block);
            while interface.poll_egress(now, &mut tun, &mut service.set) == PollResult::SocketStateChanged {}
            service.listen();
        }
        if taken == 0 {
            let next = services.iter().filter_map(|service| interface.poll_at(now, &service.set)).min();
            tun.wait(next.map_or(-1, |at| if at > now { (at - now).total_millis() as i32 + 1 } else { 0 }));
        }
    }
}
