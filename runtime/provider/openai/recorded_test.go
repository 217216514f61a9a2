package openai_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

// recorded is a stream as it was recorded, and what came of it.
type recorded struct {
	name  string
	text  []byte
	Text  map[string]string `json:"content"`
	No    map[string]string `json:"refusal"`
	Calls map[string]map[string]struct{ ID, Name, Arguments string }
	End   map[string]string `json:"finish"`
	Usage struct {
		Prompt     int64 `json:"prompt_tokens"`
		Completion int64 `json:"completion_tokens"`
	}
}

func recordings(tb testing.TB) []recorded {
	tb.Helper()
	folder := toolstest.Data(tb, "openai-sse")
	raw, err := os.ReadFile(filepath.Join(folder, "accumulated_expected.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil || len(all) == 0 {
		tb.Fatalf("%d recordings, %v", len(all), err)
	}
	var out []recorded
	for name, want := range all {
		r := recorded{name: name}
		var calls struct {
			Calls map[string]map[string]struct{ ID, Name, Arguments string } `json:"tool_calls"`
		}
		if err := errors.Join(json.Unmarshal(want, &r), json.Unmarshal(want, &calls)); err != nil {
			tb.Fatal(err)
		}
		r.Calls = calls.Calls
		if r.text, err = os.ReadFile(filepath.Join(folder, name)); err != nil {
			tb.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestRecordedStreams(t *testing.T) {
	t.Parallel()
	ends := map[string]provider.StopReason{"stop": provider.StopEnd, "length": provider.StopLength, "tool_calls": provider.StopToolCalls}
	for _, r := range recordings(t) {
		t.Run(r.name[:8], func(t *testing.T) {
			t.Parallel()
			var in io.Reader
			p := streaming(t, func() io.Reader { return in })
			check := func(how string) {
				pieces, got, err := stream(t.Context(), p, full())
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				want := r.Text["0"] + r.No["0"]
				if got.Message.Text != want || got.StopReason != ends[r.End["0"]] || got.Usage.Input != r.Usage.Prompt || got.Usage.Output != r.Usage.Completion {
					t.Fatalf("%s: %+v", how, got)
				}
				if len(got.Message.ToolCalls) != len(r.Calls["0"]) {
					t.Fatalf("%s: calls %+v", how, got.Message.ToolCalls)
				}
				for i, call := range got.Message.ToolCalls {
					wanted := r.Calls["0"][fmt.Sprint(i)]
					if call.ID != wanted.ID || call.Name != wanted.Name || string(call.Arguments) != wanted.Arguments {
						t.Fatalf("%s: call %+v", how, call)
					}
				}
				if !reflect.DeepEqual(join(t, pieces), got.Message) {
					t.Fatalf("%s: handed over %+v, answered %+v", how, join(t, pieces), got.Message)
				}
			}
			in = bytes.NewReader(r.text)
			check("whole")
			in = iotest.OneByteReader(bytes.NewReader(r.text))
			check("by byte")
			for at := range r.text {
				in = io.MultiReader(bytes.NewReader(r.text[:at]), bytes.NewReader(r.text[at:]))
				check(fmt.Sprintf("split at %d", at))
			}
			for seed := range uint64(50) {
				in = atRandom(r.text, seed)
				check(fmt.Sprintf("seed %d", seed))
			}
			for _, ending := range []string{"\r\n", "\r"} {
				in = iotest.OneByteReader(strings.NewReader(strings.ReplaceAll(string(r.text), "\n", ending)))
				check(fmt.Sprintf("lines ending with %q", ending))
			}
			// Cut anywhere before the end of [DONE], it is an error.
			const stride = 5
			for at := (len(r.text) - 2) % stride; at < len(r.text)-1; at += stride {
				in = bytes.NewReader(r.text[:at])
				if _, _, err := stream(t.Context(), p, full()); err == nil {
					t.Fatalf("cut at %d, it was taken for an answer", at)
				}
			}
		})
	}
}

// atRandom cuts a text at places drawn with a fixed seed.
func atRandom(text []byte, seed uint64) io.Reader {
	draw := rand.New(rand.NewPCG(seed, 7))
	var readers []io.Reader
	for len(text) > 0 {
		n := 1 + draw.IntN(min(len(text), 200))
		readers = append(readers, bytes.NewReader(text[:n]))
		text = text[n:]
	}
	return io.MultiReader(readers...)
}

// Whatever an endpoint streams, it is an answer that can be stored, made of what
// was handed over, or an error; and cutting the bytes otherwise changes nothing.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{
		events(delta(`{"content":"a"}`), finish("stop"), told, "[DONE]"),
		events(delta(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"n","arguments":"{"}}]}`), finish("tool_calls"), "[DONE]"),
		events(`{"error":{"message":"m","code":429}}`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		pieces, got, err := stream(t.Context(), streaming(t, func() io.Reader { return bytes.NewReader(text) }), full())
		_, again, err2 := stream(t.Context(), streaming(t, func() io.Reader { return iotest.OneByteReader(bytes.NewReader(text)) }), full())
		if (err == nil) != (err2 == nil) || !reflect.DeepEqual(got.Message, again.Message) || got.Usage != again.Usage {
			t.Fatalf("whole: %+v, %v; by byte: %+v, %v", got, err, again, err2)
		}
		var failed *provider.Error
		if err != nil && (!errors.As(err, &failed) || failed.Begun != (len(pieces) > 0) || failed.NotCharged) {
			t.Fatalf("after %d pieces: %+v", len(pieces), err)
		}
		if err != nil {
			return
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("an answer that cannot be stored: %v", err)
		}
		if joined := join(t, pieces); joined.Text != got.Message.Text || len(joined.ToolCalls) != len(got.Message.ToolCalls) {
			t.Errorf("handed over %+v, answered %+v", joined, got.Message)
		}
	})
}
