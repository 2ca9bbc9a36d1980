// Command gvisor serves the ports of bench/peers with gVisor's netstack, behind a TUN device that was prepared.
//
//	gvisor --tun NAME --address 10.9.200.1 [--mtu 1500] [--offload] [--backlog 128] [--verify] [--congestion cubic]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "gvisor: "+format+"\n", arguments...)
	os.Exit(1)
}

func main() {
	flags := flag.NewFlagSet("gvisor", flag.ContinueOnError)
	flags.SetOutput(new(silence))
	tun := flags.String("tun", "", "")
	address := flags.String("address", "", "")
	mtu := flags.Uint("mtu", 1500, "")
	backlog := flags.Int("backlog", 128, "")
	verify := flags.Bool("verify", false, "")
	offload := flags.Bool("offload", false, "")
	congestion := flags.String("congestion", "cubic", "")
	profile := flags.String("profile", "", "")
	if err := flags.Parse(os.Args[1:]); err != nil {
		fail("%v", err)
	}
	if *tun == "" || *address == "" || flags.NArg() > 0 {
		fail("--tun NAME and --address ADDRESS are needed, and nothing else but options")
	}
	stop := startProfile(*profile)
	s, err := newStack(*tun, *address, uint32(*mtu), *offload, *congestion)
	if err != nil {
		fail("%v", err)
	}
	if err := serve(s, *backlog, *verify); err != nil {
		fail("%v", err)
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	fmt.Println("ready")
	<-terminated
	stop()
}

// silence keeps package flag from printing several lines of help with an error.
type silence struct{}

func (*silence) Write(octets []byte) (int, error) { return len(octets), nil }
