//go:build slim || !unix

package devserver

import (
	"context"
	"errors"
)

// ErrNoServer says that this binary has no Temporal server in it.
var ErrNoServer = errors.New("this binary was built without the embedded Temporal server (build tag slim): " +
	"point it at a running one with TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, or build it without the tag")

// Start returns ErrNoServer.
func Start(context.Context, Options) (*Server, error) { return nil, ErrNoServer }
