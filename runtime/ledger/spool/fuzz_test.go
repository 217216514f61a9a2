package spool

import (
	"bytes"
	"encoding/json"
	"testing"
)

// Whatever a file holds, no byte of it is lost or read twice, and what is read
// as an entry is one.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"attempt":1,"kind":"settle","settlement":{"Usage":{"InputTokens":3}},"at":"2026-01-02T03:04:05Z"}` + "\n" + `{"attempt":2,"ki`))
	f.Add([]byte("\n\n{}\nnull\n"))
	f.Add([]byte("\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, torn := read(data)
		var all []byte
		for _, l := range lines {
			all = append(all, l.raw...)
			if l.err != nil {
				continue
			}
			if err := l.entry.check(); err != nil {
				t.Errorf("%q was read as an entry: %v", l.raw, err)
			}
			again, err := json.Marshal(l.entry)
			if err != nil {
				t.Fatalf("%q cannot be written again: %v", l.raw, err)
			}
			if back, _ := read(append(again, '\n')); len(back) != 1 || back[0].err != nil {
				t.Errorf("%q is not read as it was written", again)
			}
		}
		if !bytes.HasPrefix(data, all) || (torn == 0) != (len(all) == len(data)) {
			t.Errorf("%d of %d bytes, %d torn", len(all), len(data), torn)
		}
	})
}
