package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	// A prime, so that two segments or buffers never begin at the same place of the block.
	blockOctets = 1048573
	piece       = 256 << 10
)

// The stream is this block, repeated; as much of it again stands behind it as a piece may reach beyond its end.
var block = makeBlock()

// Octet i is the top octet of the state of xorshift32 after i + 1 steps.
func makeBlock() []byte {
	octets := make([]byte, blockOctets, blockOctets+piece)
	x := uint32(2463534242)
	for i := range octets {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		octets[i] = byte(x >> 24)
	}
	return append(octets, octets[:piece]...)
}

func serve(s *stack.Stack, backlog int, verify bool) error {
	services := map[uint16]func(*gonet.TCPConn){
		7:  echo,
		9:  func(c *gonet.TCPConn) { discard(c, verify) },
		19: source,
		80: func(c *gonet.TCPConn) { c.Close() },
		81: hold,
	}
	for port, service := range services {
		listener, err := listen(s, port, backlog)
		if err != nil {
			return fmt.Errorf("listen at port %d: %v", port, err)
		}
		go accept(listener, service)
	}
	return nil
}

// listen does what gonet.ListenTCP does, with a backlog.
func listen(s *stack.Stack, port uint16, backlog int) (*gonet.TCPListener, tcpip.Error) {
	var queue waiter.Queue
	endpoint, err := s.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &queue)
	if err != nil {
		return nil, err
	}
	if err := endpoint.Bind(tcpip.FullAddress{NIC: nic, Port: port}); err != nil {
		return nil, err
	}
	if err := endpoint.Listen(backlog); err != nil {
		return nil, err
	}
	return gonet.NewTCPListener(s, &queue, endpoint), nil
}

func accept(listener *gonet.TCPListener, service func(*gonet.TCPConn)) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail("accept: %v", err)
		}
		go service(connection.(*gonet.TCPConn))
	}
}

// gVisor's Nagle is off unless asked for: tcpip.SocketOptions.delayOption.
func echo(c *gonet.TCPConn) {
	defer c.Close()
	octets := make([]byte, 16<<10)
	for {
		length, err := c.Read(octets)
		if err != nil {
			return
		}
		if _, err := c.Write(octets[:length]); err != nil {
			return
		}
	}
}

func discard(c *gonet.TCPConn, verify bool) {
	defer c.Close()
	octets := make([]byte, piece)
	for at := 0; ; {
		length, err := c.Read(octets)
		if err != nil {
			return
		}
		start := at % blockOctets
		if verify && !bytes.Equal(octets[:length], block[start:start+length]) {
			fail("the octets from %d on are not those of the stream", at)
		}
		at += length
	}
}

func source(c *gonet.TCPConn) {
	defer c.Close()
	var request [8]byte
	if _, err := io.ReadFull(c, request[:]); err != nil {
		return
	}
	octets := binary.LittleEndian.Uint64(request[:])
	for at := uint64(0); at < octets; {
		start := at % blockOctets
		length, err := c.Write(block[start : start+min(octets-at, piece)])
		if err != nil {
			return
		}
		at += uint64(length)
	}
}

func hold(c *gonet.TCPConn) {
	defer c.Close()
	var octet [1]byte
	for {
		if _, err := c.Read(octet[:]); err != nil {
			return
		}
	}
}
