//go:build !slim && unix

package devserver

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are picked below the range from which systems give ports to outgoing
// connections (from 32768 on Linux): between the look and the server's own
// listening such a connection could take them.
const (
	lowPort   = 10240
	highPort  = 32767
	portTries = 100
)

// listenable gives addr with a port that is free at this moment. The server
// opens its listeners itself, so a taken port is found here, where it can be
// named.
func listenable(what, addr string) (*net.TCPAddr, error) {
	host, port, err := net.SplitHostPort(addr)
	if err == nil && port == "0" {
		return freePort(what, host)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen on %s: %w: stop what does, or choose another address", what, addr, err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr), nil
}

func freePort(what, host string) (*net.TCPAddr, error) {
	var last error
	for range portTries {
		addr := net.JoinHostPort(host, strconv.Itoa(lowPort+rand.IntN(highPort-lowPort)))
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			last = err
			continue
		}
		defer listener.Close()
		return listener.Addr().(*net.TCPAddr), nil
	}
	return nil, fmt.Errorf("%s finds no free port on %s: %w", what, host, last)
}

// dialable turns the address of a listener into one to connect to.
func dialable(addr *net.TCPAddr) string {
	if addr.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(addr.Port))
	}
	return addr.String()
}
