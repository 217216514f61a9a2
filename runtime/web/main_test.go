package web_test

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// Every test runs with a proxy in its environment, which nobody may speak to.
func TestMain(m *testing.M) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var spoken atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			spoken.Add(1)
			conn.Close()
		}
	}()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		if err := os.Setenv(name, "http://"+listener.Addr().String()); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if n := spoken.Load(); n > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: the proxy of the environment was spoken to %d times\n", n)
		code = 1
	}
	os.Exit(code)
}
