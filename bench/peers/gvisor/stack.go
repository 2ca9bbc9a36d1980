package main

import (
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const (
	nic = 1
	// Room of a connection in each direction, octets: at first, and at most (both grow by themselves).
	room     = 1 << 20
	roomMost = 6 << 20
)

// openTun attaches to a device that exists.
func openTun(name string, flags uint16) (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, fmt.Errorf("/dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		return 0, fmt.Errorf("TUN device %s: %w", name, err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | flags)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TUNSETIFF, uintptr(unsafe.Pointer(request))); errno != 0 {
		return 0, fmt.Errorf("TUN device %s: %w", name, errno)
	}
	return fd, nil
}

// The kernel at the other end of the device has made the checksums: they need no look.
func openLink(tun string, mtu uint32, offload bool) (stack.LinkEndpoint, error) {
	if offload {
		fd, err := openTun(tun, unix.IFF_VNET_HDR)
		if err != nil {
			return nil, err
		}
		return newOffloadLink(fd, mtu)
	}
	fd, err := openTun(tun, 0)
	if err != nil {
		return nil, err
	}
	return fdbased.New(&fdbased.Options{FDs: []int{fd}, MTU: mtu, RXChecksumOffload: true, GRO: true})
}

func newStack(tun, address string, mtu uint32, offload bool, congestion string) (*stack.Stack, error) {
	ip, err := netip.ParseAddr(address)
	if err != nil || !ip.Is4() {
		return nil, fmt.Errorf("%s is not an IPv4 address", address)
	}
	link, err := openLink(tun, mtu, offload)
	if err != nil {
		return nil, err
	}
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, icmp.NewProtocol4},
	})
	if err := tune(s, congestion); err != nil {
		return nil, err
	}
	if err := s.CreateNIC(nic, link); err != nil {
		return nil, fmt.Errorf("%v", err)
	}
	protocolAddress := tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddrFrom4(ip.As4()).WithPrefix(),
	}
	if err := s.AddProtocolAddress(nic, protocolAddress, stack.AddressProperties{}); err != nil {
		return nil, fmt.Errorf("%v", err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	return s, nil
}

func tune(s *stack.Stack, congestion string) error {
	sack := tcpip.TCPSACKEnabled(true)
	moderate := tcpip.TCPModerateReceiveBufferOption(true)
	control := tcpip.CongestionControlOption(congestion)
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: room, Max: roomMost}
	send := tcpip.TCPSendBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: room, Max: roomMost}
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &moderate, &control, &receive, &send} {
		if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return fmt.Errorf("%T: %v", option, err)
		}
	}
	return nil
}
