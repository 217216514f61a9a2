// Package devserver runs a Temporal server and its web UI inside this process,
// on one SQLite file or in memory: enough for one machine, with nothing else
// installed.
//
// The build tag slim leaves the server out of the binary; Start then says how
// to use one that already runs. RegisterSearchAttributes works in both builds
// and against any Temporal server.
package devserver

import (
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.uber.org/zap"
)

// DefaultNamespace is the namespace of a server whose Options name none.
const DefaultNamespace = "default"

// DefaultRetention is how long closed workflows stay readable in a server
// whose Options say nothing else.
const DefaultRetention = 7 * 24 * time.Hour

const (
	loopback     = "127.0.0.1:0"
	startTimeout = 60 * time.Second
	stopTimeout  = 10 * time.Second
)

// When what the server did is on the disk; see Options.
const (
	SynchronousFull   = "full"
	SynchronousNormal = "normal"
)

// ErrInUse says that another process serves the file.
var ErrInUse = errors.New("in use by another Temporal server")

// Options of Start. The zero value is a server in memory on a free port of the
// loopback interface, without a UI.
type Options struct {
	// File is the SQLite file; it and its folder are made when absent. Empty
	// keeps everything in memory until the process ends.
	File string
	// Synchronous says when what the server did is on the disk: "full" (or
	// empty) with every step, or "normal" every 200 ms and after Flush. Either
	// outlives any end of the process; with normal the last steps may be lost
	// when the machine itself stops. A step is much quicker with normal.
	Synchronous string
	// Addr is host:port of the gRPC frontend; port 0 takes a free one.
	Addr string
	// UIAddr is host:port of the web UI; empty starts none.
	UIAddr string
	// Namespace is made when absent.
	Namespace string
	// SearchAttributes are registered in the namespace, by name.
	SearchAttributes map[string]enumspb.IndexedValueType
	// Retention of closed workflows, set when the namespace is made.
	Retention time.Duration
	// Logger gets the server's warnings and errors; nil is silent.
	Logger *zap.Logger
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = loopback
	}
	if o.Namespace == "" {
		o.Namespace = DefaultNamespace
	}
	if o.Synchronous == "" {
		o.Synchronous = SynchronousFull
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return o
}

// Server is a running Temporal server.
type Server struct {
	hostPort string
	uiURL    string
	flush    func() error
	stop     func()
}

// HostPort is the address of the gRPC frontend, for client.Options.
func (s *Server) HostPort() string { return s.hostPort }

// UIURL is where the web UI is, empty when there is none.
func (s *Server) UIURL() string { return s.uiURL }

// Flush returns when everything that the server has acknowledged is on the disk.
func (s *Server) Flush() error {
	if s.flush == nil {
		return nil // it is in memory for good
	}
	return s.flush()
}

// Stop ends the server and gives the file free. It returns within about ten
// seconds, also when the server does not drain in time, and may be called
// again.
func (s *Server) Stop() { s.stop() }
