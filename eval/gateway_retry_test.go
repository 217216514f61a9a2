package eval_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/ledger/sqlite"
	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/bedrock"
	"github.com/quaestor-run/quaestor/runtime/provider/openai"
)

// way is what a class of failure comes to when every attempt fails alike.
type way struct {
	class  provider.Class
	places []string // region and model of each attempt, as the emulator saw them
	max    []int64
	waits  []time.Duration // before the second attempt and each one after
	state  ledger.State    // of every attempt
}

const (
	firstRegion  = "eu-west-1/primary"
	secondRegion = "eu-central-1/primary"
	fallback     = "us-east-1/spare"
)

func waits(seconds ...float64) (all []time.Duration) {
	for _, s := range seconds {
		all = append(all, time.Duration(s*float64(time.Second)))
	}
	return all
}

// The ways of the paragraph on retries.
func throttled(seconds ...float64) way {
	return way{
		class: provider.ClassThrottled, places: slices.Repeat([]string{firstRegion}, 1+len(seconds)),
		max: slices.Repeat([]int64{400}, 1+len(seconds)), waits: waits(seconds...), state: ledger.StateReleased,
	}
}

func halved(state ledger.State) way {
	return way{class: provider.ClassTimeout, places: []string{firstRegion, firstRegion}, max: []int64{400, 200}, waits: waits(0), state: state}
}

func elsewhere(class provider.Class, state ledger.State) way {
	return way{class: class, places: []string{firstRegion, secondRegion, fallback}, max: []int64{400, 400, 400}, waits: waits(0, 0), state: state}
}

func once(class provider.Class, state ledger.State) way {
	return way{class: class, places: []string{firstRegion}, max: []int64{400}, state: state}
}

func notReady(state ledger.State) way {
	w := throttled(5, 5, 5)
	w.class, w.state = provider.ClassNotReady, state
	return w
}

// failures are the faults of the emulator, and what they come to.
func failures() map[string]struct {
	fault           string
	streamed        bool // happens in streams only
	bedrock, openai way
} {
	type row = struct {
		fault           string
		streamed        bool
		bedrock, openai way
	}
	same := func(fault string, w way) row { return row{fault, false, w, w} }
	inStream := func(fault string, w way) row { return row{fault, true, w, w} }
	const unknown, free = ledger.StateUncertain, ledger.StateReleased
	return map[string]row{
		"throttled":                       same("{kind: throttled}", throttled(1, 2, 4)),
		"throttled, told to wait":         same("{kind: throttled, retry_after: 7s}", throttled(7, 7, 7)),
		"throttled, told to wait briefly": same("{kind: throttled, retry_after: 1500ms}", throttled(1.5, 2, 4)),
		"throttled, told to wait long":    same("{kind: throttled, retry_after: 30s}", throttled()),
		"model timeout":                   same("{kind: timeout}", halved(unknown)),
		"no answer":                       same("{kind: hang}", halved(unknown)),
		// OpenAI's API has no such class; its 503 is a service that is unavailable.
		"not ready":             {"{kind: not_ready}", false, notReady(free), elsewhere(provider.ClassUnavailable, unknown)},
		"unavailable":           same("{kind: unavailable}", elsewhere(provider.ClassUnavailable, unknown)),
		"a proxy's page":        same("{kind: raw, status: 502, body: <html>Bad gateway</html>}", elsewhere(provider.ClassUnavailable, unknown)),
		"connection breaks":     same("{kind: cut}", elsewhere(provider.ClassUnavailable, unknown)),
		"internal":              same("{kind: internal}", elsewhere(provider.ClassInternal, unknown)),
		"model error":           same("{kind: model_error}", elsewhere(provider.ClassInternal, unknown)),
		"validation":            same("{kind: validation}", once(provider.ClassInvalid, free)),
		"no such model":         same("{kind: not_found}", once(provider.ClassInvalid, free)),
		"access":                same("{kind: access}", once(provider.ClassAccess, free)),
		"quota":                 same("{kind: quota}", once(provider.ClassQuota, free)),
		"unreadable":            same("{kind: malformed}", once(provider.ClassBadResponse, unknown)),
		"throttled in a stream": inStream("{kind: throttled, after: 0}", with(throttled(1, 2, 4), unknown)),
		"timeout in a stream":   inStream("{kind: timeout, after: 0}", halved(unknown)),
		// Within a stream OpenAI tells codes, and this one is not of OpenAI's.
		"not ready in a stream":   {"{kind: not_ready, after: 0}", true, notReady(unknown), elsewhere(provider.ClassInternal, unknown)},
		"unavailable in a stream": inStream("{kind: unavailable, after: 0}", elsewhere(provider.ClassUnavailable, unknown)),
		"internal in a stream":    inStream("{kind: internal, after: 0}", elsewhere(provider.ClassInternal, unknown)),
		"stream error":            inStream("{kind: stream_error, after: 0}", elsewhere(provider.ClassInternal, unknown)),
		"access in a stream":      inStream("{kind: access, after: 0}", once(provider.ClassAccess, unknown)),
		"quota in a stream":       inStream("{kind: quota, after: 0}", once(provider.ClassQuota, unknown)),
		"validation in a stream":  inStream("{kind: validation, after: 0}", once(provider.ClassInvalid, unknown)),
		// What has begun is not begun again.
		"throttled after two pieces":   inStream("{kind: throttled, after: 2}", once(provider.ClassThrottled, unknown)),
		"timeout after two pieces":     inStream("{kind: timeout, after: 2}", once(provider.ClassTimeout, unknown)),
		"unavailable after two pieces": inStream("{kind: unavailable, after: 2}", once(provider.ClassUnavailable, unknown)),
		"internal after two pieces":    inStream("{kind: internal, after: 2}", once(provider.ClassInternal, unknown)),
		"cut after two pieces":         inStream("{kind: cut, after: 2}", once(provider.ClassUnavailable, unknown)),
		"silent after two pieces":      inStream("{kind: hang, after: 2}", once(provider.ClassTimeout, unknown)),
	}
}

func with(w way, state ledger.State) way {
	w.state = state
	return w
}

// Every class of failure, streamed or not, from Bedrock or OpenAI: how often,
// where, after how long and with how many tokens it is tried again.
func TestEveryClassOfFailureIsRetriedAsItsClassSays(t *testing.T) {
	t.Parallel()
	if raceDetector {
		t.Skip("left out with the race detector: it waits for real time-outs, which are short")
	}
	for name, c := range failures() {
		for _, streamed := range []bool{false, true} {
			if c.streamed && !streamed {
				continue
			}
			for service, want := range map[string]way{"bedrock": c.bedrock, "openai": c.openai} {
				t.Run(fmt.Sprintf("%s/%s/stream=%t", name, service, streamed), func(t *testing.T) {
					t.Parallel()
					newRetries(t, service, c.fault).check(t, streamed, want)
				})
			}
		}
	}
}

// retries is a gateway over a service that always fails. It does not wait, but
// notes how long it would have.
type retries struct {
	*gateway.Gateway
	service  string
	emulator *mocktest.Server
	book     *sqlite.Ledger

	mu    sync.Mutex
	slept []time.Duration
}

func newRetries(t *testing.T, service, fault string) *retries {
	t.Helper()
	r := &retries{service: service, emulator: mocktest.StartScript(t, "rules:\n  - {answer: {text: one two three four five six}, fault: "+fault+"}")}
	var err error
	if r.book, err = sqlite.OpenWith(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), sqlite.Options{Synchronous: "normal"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.book.Close() })
	model := gateway.Model{Provider: service, ID: "primary", ContextWindow: 10_000, MaxOutput: 1000, Priced: true, Input: 1e9, Output: 2e9}
	spare := model
	spare.ID, spare.Regions, spare.Input, spare.Output = "spare", []string{"us-east-1"}, 3e9, 4e9
	patience := time.Minute
	if strings.Contains(fault, "hang") {
		patience = 400 * time.Millisecond
	}
	model.Regions, model.Fallbacks = []string{"eu-west-1", "eu-central-1"}, []string{"spare"}
	r.Gateway, err = gateway.New(gateway.Options{
		Ledger: r.book, Providers: map[string]provider.Provider{service: r.provider(t)},
		Catalog: map[string]gateway.Model{"primary": model, "spare": spare}, Routes: gateway.Routes{Default: "primary"},
		AttemptTimeout: patience,
		Jitter:         func(d time.Duration) time.Duration { return d },
		Sleep: func(ctx context.Context, d time.Duration) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.slept = append(r.slept, d)
			return ctx.Err()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *retries) provider(t *testing.T) (made provider.Provider) {
	t.Helper()
	var err error
	if r.service == "bedrock" {
		made, err = bedrock.New(t.Context(), bedrock.Options{
			Region: "eu-west-1", Endpoint: r.emulator.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		})
	} else {
		urls := map[string]string{}
		for _, region := range []string{"eu-west-1", "eu-central-1", "us-east-1"} {
			urls[region] = r.emulator.OpenAI(region)
		}
		made, err = openai.New(openai.Options{BaseURL: r.emulator.OpenAI(""), BaseURLs: urls})
	}
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// check makes a call and looks at what became of it: in the emulator's log, in
// the ledger, and in what the caller is told.
func (r *retries) check(t *testing.T, streamed bool, want way) {
	t.Helper()
	call := gateway.Call{
		Key: "k", Client: "c", Messages: []agents.Message{{Role: agents.RoleUser, Text: markText}}, MaxTokens: 400, Transient: true,
	}
	if streamed {
		call.Emit = func(provider.Delta) error { return nil }
	}
	_, err := r.Invoke(t.Context(), call)
	var told *gateway.CallError
	var failed *provider.Error
	if !errors.As(err, &told) || !errors.As(err, &failed) || failed.Class != want.class {
		t.Fatalf("the caller is told %v, of class %+v", err, failed)
	}
	entries := r.emulator.Entries()
	var places []string
	var maxTokens []int64
	invocations := map[string]bool{}
	for _, e := range entries {
		places, maxTokens = append(places, e.Region+"/"+e.Model), append(maxTokens, e.MaxTokens)
		if e.Stream != streamed {
			t.Errorf("attempt %d is streamed: %t", e.Sequence, e.Stream)
		}
		if r.service == "bedrock" {
			invocations[e.InvocationID] = true
			if e.SDKRequest != "attempt=1; max=1" {
				t.Errorf("attempt %d says Amz-Sdk-Request: %q", e.Sequence, e.SDKRequest)
			}
		}
	}
	if !slices.Equal(places, want.places) || !slices.Equal(maxTokens, want.max) {
		t.Errorf("attempts at %v with %v tokens, want %v with %v", places, maxTokens, want.places, want.max)
	}
	if r.service == "bedrock" && len(invocations) != len(entries) {
		t.Errorf("%d attempts are %d invocations to the SDK: %v", len(entries), len(invocations), slices.Collect(maps.Keys(invocations)))
	}
	r.checkWaits(t, want)
	r.checkLedger(t, told, entries, want)
}

func (r *retries) checkWaits(t *testing.T, want way) {
	t.Helper()
	var waited []time.Duration
	for _, d := range want.waits {
		if d > 0 {
			waited = append(waited, d)
		}
	}
	if !slices.Equal(r.slept, waited) {
		t.Errorf("waited %v, want %v", r.slept, waited)
	}
}

// checkLedger compares the record with the emulator's.
func (r *retries) checkLedger(t *testing.T, told *gateway.CallError, entries []mock.Entry, want way) {
	t.Helper()
	attempts, err := r.book.Attempts(t.Context(), ledger.AttemptFilter{})
	if len(entries) != len(want.places) {
		return // which was said
	}
	if err != nil || len(attempts) != len(entries) || told.Attempts != len(entries) {
		t.Fatalf("the ledger has %d attempts, the error tells %d, the emulator got %d: %v", len(attempts), told.Attempts, len(entries), err)
	}
	for i, a := range attempts {
		wait := time.Duration(0)
		if i > 0 && i <= len(want.waits) {
			wait = want.waits[i-1]
		}
		if a.State != want.state || a.Region+"/"+a.Model != want.places[i] || a.Wait != wait || a.Ordinal != i+1 || a.Reason == "" {
			t.Errorf("attempt %d in the ledger: %s, %s/%s after %v because %q; want %s, %s after %v",
				a.Ordinal, a.State, a.Region, a.Model, a.Wait, a.Reason, want.state, want.places[i], wait)
		}
		in, out := int64(1000), int64(2000)
		if a.Model == "spare" { // admitted and priced anew
			in, out = 3000, 4000
		}
		if hold := (ledger.Amount{Tokens: markBound + want.max[i], NanoUSD: markBound*in + want.max[i]*out}); a.Hold != hold {
			t.Errorf("attempt %d holds %+v, want %+v", a.Ordinal, a.Hold, hold)
		}
		if note := told.Notes[i]; note.Wait != wait || note.Region != a.Region || note.Model != a.Model || note.Class != want.class {
			t.Errorf("the caller is told of attempt %d: %+v", a.Ordinal, note)
		}
	}
}
