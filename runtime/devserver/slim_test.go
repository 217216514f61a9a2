//go:build slim

package devserver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/devserver"
)

func TestSlimSaysHowToUseAnExistingServer(t *testing.T) {
	t.Parallel()
	_, err := devserver.Start(t.Context(), devserver.Options{})
	if !errors.Is(err, devserver.ErrNoServer) || !strings.Contains(err.Error(), "TEMPORAL_ADDRESS") {
		t.Errorf("got %v", err)
	}
}
