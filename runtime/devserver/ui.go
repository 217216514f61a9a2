//go:build !slim && unix

package devserver

import (
	"context"
	"fmt"
	"net"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"
)

const uiPoll = 5 * time.Millisecond

// startUI serves the web UI and gives its URL and its end.
func startUI(ctx context.Context, opts Options, frontend string) (url string, stop func(), err error) {
	addr, err := listenable(ctx, "the Temporal UI", opts.UIAddr)
	if err != nil {
		return "", nil, err
	}
	ui := uiserver.NewServer(server_options.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: frontend,
		Host:                hostLiteral(addr),
		Port:                addr.Port,
		EnableUI:            true,
		DefaultNamespace:    opts.Namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP on this machine
	}))
	go func() {
		if err := ui.Start(); err != nil {
			opts.Logger.Error("the Temporal UI ended: " + err.Error())
		}
	}()
	if err := awaitListener(ctx, dialable(addr)); err != nil {
		ui.Stop()
		return "", nil, fmt.Errorf("starting the Temporal UI on %s: %w", addr, err)
	}
	return "http://" + dialable(addr), ui.Stop, nil
}

func awaitListener(ctx context.Context, addr string) error {
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(uiPoll):
		}
	}
}

func hostLiteral(addr *net.TCPAddr) string {
	if addr.IP.To4() == nil {
		return "[" + addr.IP.String() + "]"
	}
	return addr.IP.String()
}
