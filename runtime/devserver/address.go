//go:build !slim && unix

package devserver

import (
	"context"
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
func listenable(ctx context.Context, what, addr string) (*net.TCPAddr, error) {
	if host, port, err := net.SplitHostPort(addr); err == nil && port == "0" {
		return freePort(ctx, what, host)
	}
	free, err := tryPort(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen on %s: %w: stop what does, or choose another address", what, addr, err)
	}
	return free, nil
}

func freePort(ctx context.Context, what, host string) (free *net.TCPAddr, err error) {
	for range portTries {
		port := lowPort + rand.IntN(highPort-lowPort)
		if free, err = tryPort(ctx, net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			return free, nil
		}
	}
	return nil, fmt.Errorf("%s finds no free port on %s: %w", what, host, err)
}

func tryPort(ctx context.Context, addr string) (*net.TCPAddr, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr), nil
}

// dialable turns the address of a listener into one to connect to.
func dialable(addr *net.TCPAddr) string {
	if addr.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(addr.Port))
	}
	return addr.String()
}
