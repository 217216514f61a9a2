//go:build !slim && unix

package devserver

import (
	"fmt"
	"net"
)

// listenable gives addr with a port that is free at this moment. The server
// opens its listeners itself, so a taken port is found here, where it can be
// named.
func listenable(what, addr string) (*net.TCPAddr, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen on %s: %w: stop what does, or choose another address", what, addr, err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr), nil
}

// freePorts finds n different free ports of the loopback interface.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer listener.Close() // together at the end, or the same port could come twice
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// dialable turns the address of a listener into one to connect to.
func dialable(addr *net.TCPAddr) string {
	if addr.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", fmt.Sprint(addr.Port))
	}
	return addr.String()
}
