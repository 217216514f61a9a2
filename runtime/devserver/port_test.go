//go:build !slim && unix

package devserver

import (
	"net"
	"strings"
	"testing"
)

// A port can be taken between the look and the listening. The server calls
// that fatal; it must become an error that names the address, and not end the
// process.
func TestPortTakenAfterTheLookIsAnError(t *testing.T) {
	t.Parallel()
	places, err := pickEndpoints(t.Context(), loopback)
	if err != nil {
		t.Fatal(err)
	}
	thief, err := net.Listen("tcp", places.matching.String())
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	var ends cleanup
	defer ends.run()
	err = startTemporal(t.Context(), Options{}.withDefaults(), memoryStores(), places, &ends)
	if err == nil || !strings.Contains(err.Error(), places.matching.String()) {
		t.Errorf("the error does not name %s: %v", places.matching, err)
	}
}
