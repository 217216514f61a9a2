package openai

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/quaestor-run/quaestor/tools/toolstest"
)

type seen struct{ Name, Data string }

// decode reads events to the end.
func decode(in io.Reader) (events []seen, err error) {
	d := newDecoder(in)
	for {
		e, err := d.next()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		events = append(events, seen{string(e.name), string(e.data)})
	}
}

func TestDecoder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []seen
	}{
		"nothing":             {"", nil},
		"LF":                  {"data: a\n\ndata: b\n\n", []seen{{"", "a"}, {"", "b"}}},
		"CR":                  {"data: a\r\rdata: b\r\r", []seen{{"", "a"}, {"", "b"}}},
		"CRLF":                {"data: a\r\n\r\ndata: b\r\n\r\n", []seen{{"", "a"}, {"", "b"}}},
		"mixed":               {"data: a\r\n\ndata: b\n\r\n", []seen{{"", "a"}, {"", "b"}}},
		"BOM":                 {"\uFEFFdata: a\n\n", []seen{{"", "a"}}},
		"a BOM later":         {"data: a\n\n\uFEFFdata: b\n\n", []seen{{"", "a"}}},
		"comments":            {": hello\ndata: a\n:\n\n: bye\n\n", []seen{{"", "a"}}},
		"lines":               {"data: a\ndata\ndata:  b\n\n", []seen{{"", "a\n\n b"}}},
		"name":                {"event: x\ndata: a\n\ndata: b\n\n", []seen{{"x", "a"}, {"", "b"}}},
		"name twice":          {"event: x\nevent: y\ndata:a\n\n", []seen{{"y", "a"}}},
		"name without data":   {"event: ping\n\n", []seen{{"ping", ""}}},
		"unknown fields":      {"dat: a\nfoo\n\ndata: b\n\n", []seen{{"", "b"}}},
		"colons":              {"data: a: b:\n\n", []seen{{"", "a: b:"}}},
		"cut before its end":  {"data: a\n\ndata: b\n", []seen{{"", "a"}}},
		"cut in a line":       {"data: a\n\ndata: b", []seen{{"", "a"}}},
		"other ends of lines": {"data: a\u2028b\u0085c\vd\n\n", []seen{{"", "a\u2028b\u0085c\vd"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, in := range map[string]io.Reader{
				"whole": strings.NewReader(c.text), "by byte": iotest.OneByteReader(strings.NewReader(c.text)),
				"with the error": iotest.DataErrReader(strings.NewReader(c.text)),
			} {
				if got, err := decode(in); err != nil || !reflect.DeepEqual(got, c.want) {
					t.Errorf("%s: %q, %v, want %q", how, got, err, c.want)
				}
			}
		})
	}
}

// An event is there when its empty line is: a CR may be the whole of it.
func TestDecoderDoesNotWait(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"data: a\n\n", "data: a\r\r", "data: a\r\n\r"} {
		d := newDecoder(io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("it waited"))))
		if e, err := d.next(); err != nil || string(e.data) != "a" {
			t.Errorf("%q: %q, %v", text, e.data, err)
		}
	}
}

func TestDecoderIsBounded(t *testing.T) {
	t.Parallel()
	line := "data: " + strings.Repeat("x", 1<<10) + "\n"
	for name, in := range map[string]io.Reader{
		"line":  io.MultiReader(strings.NewReader("data: "), &endless{[]byte("x")}),
		"event": &endless{[]byte(line)},
	} {
		if _, err := decode(in); err == nil || !strings.Contains(err.Error(), "above") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var cut *cutError
	if _, err := decode(iotest.ErrReader(errors.New("reset"))); !errors.As(err, &cut) {
		t.Errorf("a broken connection: %v", err)
	}
	if _, err := decode(nothing{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type endless struct{ of []byte }

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for len(p)-n >= len(e.of) {
		n += copy(p[n:], e.of)
	}
	if n == 0 {
		n = copy(p, e.of)
	}
	return n, nil
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

func TestDecoderCases(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(toolstest.Data(t, "openai-sse", "sse_decoder_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Test   string
		Chunks []string `json:"chunks_hex"`
		Events []struct {
			Event *string
			Data  *string
			JSON  json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		var readers []io.Reader
		var all []byte
		for _, chunk := range c.Chunks {
			text, err := hex.DecodeString(chunk)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text...)
			readers = append(readers, bytes.NewReader(text))
		}
		for how, in := range map[string]io.Reader{"as cut": io.MultiReader(readers...), "by byte": iotest.OneByteReader(bytes.NewReader(all))} {
			got, err := decode(in)
			if err != nil || len(got) != len(c.Events) {
				t.Errorf("%s, %s: %q, %v", c.Test, how, got, err)
				continue
			}
			for i, want := range c.Events {
				if want.Event != nil && *want.Event != got[i].Name || want.Event == nil && got[i].Name != "" {
					t.Errorf("%s, %s: event %q", c.Test, how, got[i].Name)
				}
				if want.Data != nil && *want.Data != got[i].Data {
					t.Errorf("%s, %s: data %q, want %q", c.Test, how, got[i].Data, *want.Data)
				}
				if want.JSON != nil && !sameJSON(got[i].Data, string(want.JSON)) {
					t.Errorf("%s, %s: data %q, want %s", c.Test, how, got[i].Data, want.JSON)
				}
			}
		}
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// chunked gives its text in pieces of random length.
type chunked struct {
	text []byte
	rand *rand.Rand
}

func (c *chunked) Read(p []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.text[:1+c.rand.IntN(len(c.text))])
	c.text = c.text[n:]
	return n, nil
}

// However the bytes are cut, the events are the same, and those of a plain
// reading of the specification.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("data: a\r\n\r\nevent: x\ndata: b\rdata: c\n\n"), uint64(1))
	f.Add([]byte("\uFEFF: c\nid: 1\nretry\n\ndata"), uint64(2))
	f.Add([]byte("data: [DONE]\n\n"), uint64(3))
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		want := plainly(string(text))
		for how, in := range map[string]io.Reader{
			"whole": bytes.NewReader(text), "by byte": iotest.OneByteReader(bytes.NewReader(text)),
			"at random": &chunked{text, rand.New(rand.NewPCG(seed, 0))},
		} {
			if got, err := decode(in); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q, %v, want %q", how, got, err, want)
			}
		}
	})
}

// plainly decodes a text that is all there.
func plainly(text string) (events []seen) {
	text = strings.TrimPrefix(text, "\uFEFF")
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	var current seen
	var data []string
	fields := false
	for _, line := range lines[:len(lines)-1] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if fields {
				current.Data = strings.Join(data, "\n")
				events = append(events, current)
			}
			current, data, fields = seen{}, nil, false
		case name == "data":
			data, fields = append(data, value), true
		case name == "event":
			current.Name, fields = value, true
		case name == "id", name == "retry":
			fields = true
		}
	}
	return events
}
