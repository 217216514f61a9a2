package provider_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/provider"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 2 ": 2 * time.Second, "1.5": 1500 * time.Millisecond, "-3": 0, "NaN": 0, "soon": 0, "0": 0,
		"1e99": 24 * time.Hour, "Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := provider.RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	both := http.Header{"Retry-After": {"9"}, "Retry-After-Ms": {"250"}}
	if got := provider.RetryAfter(both, now); got != 250*time.Millisecond {
		t.Errorf("milliseconds: %v", got)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7", "")
	f.Add("Sun, 01 Mar 2026 12:00:30 GMT", "NaN")
	f.Fuzz(func(t *testing.T, seconds, ms string) {
		got := provider.RetryAfter(http.Header{"Retry-After": {seconds}, "Retry-After-Ms": {ms}}, time.Now())
		if got < 0 || got > 24*time.Hour {
			t.Errorf("%q, %q: %v", seconds, ms, got)
		}
	})
}
