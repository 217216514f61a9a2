package telemetry_test

import (
	"bytes"
	"testing"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/telemetry"
)

// FuzzLines writes a text into the log: what Redact would strike out of the line
// is not in it, however the line was looked through.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{
		"nothing", "qk_abcdefgh123", "sk-abcdefghijklmnopqrst", "AKIAABCDEFGHIJKLMNOP", "ASIAABCDEFGHIJKLMNOP",
		"Authorization: BEARER abcdefgh.ijk", "postgres://user:pass@host/db", "bbearer bearer  a1234567890",
	} {
		f.Add(seed)
	}
	out := new(bytes.Buffer)
	made, err := telemetry.New(telemetry.Options{Output: out, LogFormat: telemetry.FormatJSON})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out.Reset()
		made.Logger().Info(text, zap.String("field", text))
		if line := out.String(); telemetry.Redact(line) != line {
			t.Errorf("in the log stands %q", line)
		}
	})
}
