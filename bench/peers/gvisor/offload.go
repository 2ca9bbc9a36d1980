package main

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	// The header of the virtio kind before each packet, octets.
	offloadHeader = 10
	needsChecksum = 1
	gsoTCPv4      = 1

	tunFlagsOffload = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6
	largest         = 65535
	// A packet is read into a view of this size, and one for all the rest.
	firstView = 2048
)

// offloadLink is a link with segmentation offload in both directions. gVisor's own, fdbased, has it for AF_PACKET sockets only.
type offloadLink struct {
	fd         int
	mtu        atomic.Uint32
	dispatcher atomic.Pointer[stack.NetworkDispatcher]
}

var (
	_ stack.LinkEndpoint = (*offloadLink)(nil)
	_ stack.GSOEndpoint  = (*offloadLink)(nil)
)

func newOffloadLink(fd int, mtu uint32) (*offloadLink, error) {
	if err := unix.IoctlSetPointerInt(fd, unix.TUNSETVNETHDRSZ, offloadHeader); err != nil {
		return nil, fmt.Errorf("TUNSETVNETHDRSZ: %w", err)
	}
	if err := unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, tunFlagsOffload); err != nil {
		return nil, fmt.Errorf("TUNSETOFFLOAD: %w", err)
	}
	// Reads are made by a thread of their own, which may block.
	if err := unix.SetNonblock(fd, false); err != nil {
		return nil, err
	}
	link := &offloadLink{fd: fd}
	link.mtu.Store(mtu)
	return link, nil
}

func (l *offloadLink) read() {
	var before [offloadHeader]byte
	first, rest := buffer.NewViewSize(firstView), buffer.NewViewSize(largest-firstView)
	for {
		length, err := unix.Readv(l.fd, [][]byte{before[:], first.AsSlice(), rest.AsSlice()})
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			fail("read of the TUN device: %v", err)
		}
		length -= offloadHeader
		var packet buffer.Buffer
		packet.Append(first)
		first = buffer.NewViewSize(firstView)
		if length > firstView {
			packet.Append(rest)
			rest = buffer.NewViewSize(largest - firstView)
		}
		packet.Truncate(int64(length))
		received := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: packet})
		(*l.dispatcher.Load()).DeliverNetworkPacket(header.IPv4ProtocolNumber, received)
		received.DecRef()
	}
}

func (l *offloadLink) write(packet *stack.PacketBuffer) error {
	var before [offloadHeader]byte
	if gso := packet.GSOOptions; gso.Type != stack.GSONone {
		binary.NativeEndian.PutUint16(before[2:], uint16(packet.HeaderSize()))
		if gso.NeedsCsum {
			before[0] = needsChecksum
			binary.NativeEndian.PutUint16(before[6:], gso.L3HdrLen)
			binary.NativeEndian.PutUint16(before[8:], gso.CsumOffset)
		}
		if packet.Data().Size() > int(gso.MSS) {
			before[1] = gsoTCPv4
			binary.NativeEndian.PutUint16(before[4:], gso.MSS)
		}
	}
	pieces := append(make([][]byte, 0, 8), before[:])
	_, err := unix.Writev(l.fd, append(pieces, packet.AsSlices()...))
	return err
}

// WritePackets implements stack.LinkEndpoint.
func (l *offloadLink) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	for i, packet := range packets.AsSlice() {
		if err := l.write(packet); err != nil {
			return i, &tcpip.ErrNoBufferSpace{}
		}
	}
	return packets.Len(), nil
}

// Attach implements stack.LinkEndpoint.
func (l *offloadLink) Attach(dispatcher stack.NetworkDispatcher) {
	if dispatcher != nil && l.dispatcher.Swap(&dispatcher) == nil {
		go l.read()
	}
}

// GSOMaxSize implements stack.GSOEndpoint.
func (l *offloadLink) GSOMaxSize() uint32 { return largest }

// SupportedGSO implements stack.GSOEndpoint.
func (l *offloadLink) SupportedGSO() stack.SupportedGSO { return stack.HostGSOSupported }

// Capabilities implements stack.LinkEndpoint.
func (l *offloadLink) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityRXChecksumOffload
}

// The rest of stack.LinkEndpoint, which a TUN device has little to do with.

func (l *offloadLink) IsAttached() bool                        { return l.dispatcher.Load() != nil }
func (l *offloadLink) MTU() uint32                             { return l.mtu.Load() }
func (l *offloadLink) SetMTU(mtu uint32)                       { l.mtu.Store(mtu) }
func (l *offloadLink) MaxHeaderLength() uint16                 { return 0 }
func (l *offloadLink) LinkAddress() tcpip.LinkAddress          { return "" }
func (l *offloadLink) SetLinkAddress(tcpip.LinkAddress)        {}
func (l *offloadLink) Wait()                                   {}
func (l *offloadLink) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }
func (l *offloadLink) AddHeader(*stack.PacketBuffer)           {}
func (l *offloadLink) ParseHeader(*stack.PacketBuffer) bool    { return true }
func (l *offloadLink) Close()                                  {}
func (l *offloadLink) SetOnCloseAction(func())                 {}
