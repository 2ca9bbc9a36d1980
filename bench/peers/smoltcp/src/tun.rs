//! A TUN device that exists, as a device of smoltcp. With offloads each packet has a header of the virtio kind before it.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::RawFd;

use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, PacketMeta, RxToken, TxToken};
use smoltcp::time::Instant;

const HEADER: usize = 10;
const LARGEST: usize = 65535;
const NEEDS_CSUM: u8 = 1;
const GSO_TCPV4: u8 = 1;
const IPV4_HEADER: usize = 20;
const TCP_CHECKSUM: usize = 16;
const PROTOCOL_TCP: u8 = 6;

const TUNSETOFFLOAD: libc::Ioctl = 0x4004_54d0;
const TUNSETVNETHDRSZ: libc::Ioctl = 0x4004_54d8;
const TUN_F_CSUM_TSO4_TSO6: libc::c_ulong = 1 | 2 | 4;

pub struct Tun {
    fd: RawFd,
    mtu: usize,
    offload: bool,
    /// The packet that receive() will give is within rx[start..end].
    start: usize,
    end: usize,
    rx: Vec<u8>,
    tx: Vec<u8>,
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

impl Tun {
    pub fn open(name: &str, mtu: usize, offload: bool) -> io::Result<Tun> {
        if name.is_empty() || name.len() >= libc::IFNAMSIZ {
            return Err(io::Error::other("not a name of a device"));
        }
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
            *to = from as libc::c_char;
        }
        let flags = libc::IFF_TUN | libc::IFF_NO_PI | if offload { libc::IFF_VNET_HDR } else { 0 };
        request.ifr_ifru.ifru_flags = flags as libc::c_short;
        let header = HEADER as libc::c_int;
        let fd = unsafe {
            let fd = checked(libc::open(c"/dev/net/tun".as_ptr(), libc::O_RDWR | libc::O_NONBLOCK | libc::O_CLOEXEC))?;
            checked(libc::ioctl(fd, libc::TUNSETIFF, &request))?;
            if offload {
                checked(libc::ioctl(fd, TUNSETVNETHDRSZ, &header))?;
                checked(libc::ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM_TSO4_TSO6))?;
            }
            fd
        };
        Ok(Tun { fd, mtu, offload, start: 0, end: 0, rx: vec![0; HEADER + LARGEST], tx: vec![0; HEADER + LARGEST] })
    }

    /// Takes the next packet from the kernel, for receive() to give. Returns its destination port; 0 when it has none.
    pub fn next(&mut self) -> Option<u16> {
        let length = unsafe { libc::read(self.fd, self.rx.as_mut_ptr().cast(), self.rx.len()) };
        if length <= 0 {
            return None;
        }
        self.start = if self.offload { HEADER } else { 0 };
        self.end = length as usize;
        let packet = &self.rx[self.start..self.end];
        let tcp = packet.len() > IPV4_HEADER + 4 && packet[0] == 0x45 && packet[9] == PROTOCOL_TCP;
        Some(if tcp { u16::from_be_bytes([packet[22], packet[23]]) } else { 0 })
    }

    /// Returns when there is a packet, or after `limit` ms; -1: no limit.
    pub fn wait(&self, limit: i32) {
        let mut entry = libc::pollfd { fd: self.fd, events: libc::POLLIN, revents: 0 };
        unsafe { libc::poll(&mut entry, 1, limit) };
    }
}

impl Device for Tun {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Unsent<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Unsent<'_>)> {
        if self.start == self.end {
            return None;
        }
        let received = Received(&self.rx[self.start..self.end]);
        self.start = self.end;
        Some((received, Unsent { fd: self.fd, offload: self.offload, segment: 0, buffer: &mut self.tx }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Unsent<'_>> {
        Some(Unsent { fd: self.fd, offload: self.offload, segment: 0, buffer: &mut self.tx })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        // The kernel at the other end of the device has made the checksums: they need no look.
        capabilities.checksum.ipv4 = Checksum::Tx;
        capabilities.checksum.tcp = if self.offload { Checksum::None } else { Checksum::Tx };
        if self.offload {
            capabilities.segmentation.tcpv4 = NonZeroUsize::new(LARGEST);
        }
        capabilities
    }
}

pub struct Received<'a>(&'a [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

pub struct Unsent<'a> {
    fd: RawFd,
    offload: bool,
    /// Octets of payload of each segment that the kernel cuts; 0: none.
    segment: u16,
    buffer: &'a mut [u8],
}

impl TxToken for Unsent<'_> {
    fn set_meta(&mut self, meta: PacketMeta) {
        self.segment = meta.segmentation_offload_size.map_or(0, |size| size.get());
    }

    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let start = if self.offload { HEADER } else { 0 };
        let result = f(&mut self.buffer[start..start + length]);
        if self.offload {
            let (header, packet) = self.buffer.split_at_mut(HEADER);
            describe(header, &mut packet[..length], self.segment);
        }
        // A full queue loses the packet, as any other link would.
        unsafe { libc::write(self.fd, self.buffer.as_ptr().cast(), start + length) };
        result
    }
}

/// Writes the header that asks the kernel for the checksum, and for segments of so many octets of payload.
fn describe(header: &mut [u8], packet: &mut [u8], segment: u16) {
    header.fill(0);
    if packet[9] != PROTOCOL_TCP {
        return;
    }
    let pseudo = pseudo_header_sum(packet);
    let tcp = &mut packet[IPV4_HEADER..];
    tcp[TCP_CHECKSUM..TCP_CHECKSUM + 2].copy_from_slice(&pseudo.to_be_bytes());
    header[0] = NEEDS_CSUM;
    header[6..8].copy_from_slice(&(IPV4_HEADER as u16).to_ne_bytes());
    header[8..10].copy_from_slice(&(TCP_CHECKSUM as u16).to_ne_bytes());
    if segment > 0 {
        let headers = IPV4_HEADER + usize::from(tcp[12] >> 4) * 4;
        header[1] = GSO_TCPV4;
        header[2..4].copy_from_slice(&(headers as u16).to_ne_bytes());
        header[4..6].copy_from_slice(&segment.to_ne_bytes());
    }
}

fn pseudo_header_sum(packet: &[u8]) -> u16 {
    let mut sum = u32::from(PROTOCOL_TCP) + (packet.len() - IPV4_HEADER) as u32;
    for word in packet[12..20].chunks(2) {
        sum += u32::from(u16::from_be_bytes([word[0], word[1]]));
    }
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}
