package tools_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

func decode(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%q is not JSON: %v", text, err)
	}
	return value
}

// Every one of the broken outputs of the development set is repaired to
// exactly the value wanted, and every hopeless one is refused.
func TestRepairJSONDevelopmentSet(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(toolstest.Data(t, "json", "repair-dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Input string  `json:"input"`
		Want  *string `json:"want"`
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, c := range cases {
		got, err := tools.RepairJSON([]byte(c.Input))
		switch {
		case c.Want == nil && err == nil:
			t.Errorf("%q: got %s, want an error", c.Input, got)
		case c.Want == nil:
			right++
		case err != nil:
			t.Errorf("%q: %v, want %s", c.Input, err, *c.Want)
		case !reflect.DeepEqual(decode(t, got), decode(t, []byte(*c.Want))):
			t.Errorf("%q: got %s, want %s", c.Input, got, *c.Want)
		default:
			right++
		}
	}
	t.Logf("%d of %d", right, len(cases))
}

var (
	words    = regexp.MustCompile(`[\p{L}\p{N}]+`)
	comments = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
)

// keepsWords reports the first word of the input that the output lacks.
func keepsWords(input, output []byte) (string, bool) {
	for _, word := range words.FindAll(comments.ReplaceAll(input, nil), -1) {
		if !bytes.Contains(bytes.ToLower(output), bytes.ToLower(word)) {
			return string(word), false
		}
	}
	return "", true
}

func TestRepairJSONParsingSuite(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(toolstest.Data(t, "json", "nst"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, file := range files {
		name := filepath.Base(file)
		input, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tools.RepairJSON(input)
		switch {
		case name[0] == 'y' && (err != nil || !bytes.Equal(got, input)):
			t.Errorf("%s: got %q, %v; want it unchanged", name, got, err)
		case err != nil:
			counts[name[:1]+" refused"]++
			continue
		case !json.Valid(got):
			t.Errorf("%s: %q is not JSON", name, got)
		}
		counts[name[:1]+" accepted"]++
		if word, ok := keepsWords(input, got); name[0] == 'n' && !ok {
			t.Errorf("%s: %q became %q: lost %q", name, input, got, word)
		}
		if testing.Verbose() && name[0] == 'n' {
			t.Logf("%s: %.60q -> %.60q", name, input, got)
		}
	}
	t.Log(counts)
}

func TestRepairJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, input, want string }{
		{"cut inside a string", `{"claims": [{"text": "Sales grew in Mar`, `{"claims":[{"text":"Sales grew in Mar"}]}`},
		{"cut after a key", `{"a": 1, "b`, `{"a":1,"b":null}`},
		{"cut inside an escape", `["price \u20`, `["price "]`},
		{"python literals", `{'ok': True, 'none': None, 'no': False, 'it': 'it\'s'}`, `{"ok":true,"none":null,"no":false,"it":"it's"}`},
		{"comma after an inner quote", `{"text": "He said "yes", and left", "n": 1}`, `{"text":"He said \"yes\", and left","n":1}`},
		{"colon after an inner quote", `{"text": "the "rule": be kind", "n": 1}`, `{"text":"the \"rule\": be kind","n":1}`},
		{"line break in a string", "{\"a\": \"one\ntwo\", \"b\": 2}", `{"a":"one\ntwo","b":2}`},
		{"closing quote missing at the end of a line", "{\n \"a\": \"b\n \"c\": \"d\"\n}", `{"a":"b","c":"d"}`},
		{"closing quote missing before a comma", `{"a": "b, c, "d": "e"}`, `{"a":"b, c","d":"e"}`},
		{"closing quote missing at the end", `{"a": "one, two}`, `{"a":"one, two"}`},
		{"words without quotes", `{a: hello, world, b: 12 apples, c: 5%}`, `{"a":"hello, world","b":"12 apples","c":"5%"}`},
		{"closing braces missing", `{"a": {"b": [1, 2`, `{"a":{"b":[1,2]}}`},
		{"brace missing in a list", `[{"i": 1, {"i": 2}]`, `[{"i":1},{"i":2}]`},
		{"closed too often", `{"a": [1, 2]], "b": 3}}`, `{"a":[1,2],"b":3}`},
		{"big numbers keep their digits", `[12345678901234567890123, 1e400,]`, `[12345678901234567890123,1e400]`},
		{"leading zeros keep theirs", `{"id": 007}`, `{"id":"007"}`},
		{"minus alone stays", `[- 1]`, `["- 1"]`},
		{"block in prose", "Here is the JSON you asked for:\n\n```json\n{\"a\": [1, 2,]}\n```\n\nLet me know.", `{"a":[1,2]}`},
		{"block that was cut", "```json\n{\"a\": [1, 2", `{"a":[1,2]}`},
		{"block that holds a block", "```json\n{\"code\": \"```go\\nx\\n```\",}\n```", "{\"code\":\"```go\\nx\\n```\"}"},
		{"object in prose", `Sure! {"a": 1} Hope this helps!`, `{"a":1}`},
		{"array in prose", "These are the steps:\n[1, 2]\nThey are in order.", `[1,2]`},
		{"label", "Answer: {\"a\": 1}", `{"a":1}`},
		{"reasoning first", "<think>is it {x}?</think>\n{\"a\": 1}", `{"a":1}`},
		{"byte order mark", "\ufeff{\"a\": 1,}", `{"a":1}`},
		{"escaped once too often", `{\n  \"a\": \"x\\ny\"\n}`, `{"a":"x\ny"}`},
		{"triple quotes", `{"a": """say "hi" now"""}`, `{"a":"say \"hi\" now"}`},
		{"plus at the end of a line", "\"hello +\n \" world\"", `"hello world"`},
		{"the same field twice", `{"a": 1, "a": 1,}`, `{"a":1,"a":1}`},
		{"hash comments", "[1, # one\n2]", `[1,2]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := tools.RepairJSON([]byte(c.input))
			if err != nil || string(got) != c.want {
				t.Errorf("%q: got %s, %v; want %s", c.input, got, err, c.want)
			}
		})
	}
}

// What cannot be mended without losing something is refused, and the error
// says where and why.
func TestRepairJSONRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, input, reason string }{
		{"nothing", "", "expected a value"},
		{"two values", `{"a": 1} {"b": 2}`, `at byte 9 (line 1)`},
		{"two values for a key", `{a: 1, a: 2}`, `the key "a" has two values`},
		{"a missing element", `[1,,2]`, "between two commas"},
		{"a comment instead of a value", "{\"url\": //cdn/x\n}", "not only a comment"},
		{"a key without a value", `{"a": 1, "b"}`, `a colon after the key "b"`},
		{"text that is glued to the value", `{"a": 2}foo`, `found "foo"`},
		{"numbers in prose", "The values are [1] and [2].", "end of the text"},
		{"data before the value", `name: "x", items: [1]`, "not JSON at byte"},
		{"data after the value", "{\"a\": 1}\nb: 2", "end of the text"},
		{"two blocks", "```json\n{\"a\":1}\n```\nor\n```json\n{\"a\":2}\n```", "end of the text after the value"},
		{"an object beside a block", "```json\n{\"a\":1,}\n```\nor {\"a\": 2}", "more than prose"},
		{"prose around nothing", "I would answer with {}", "object or array with content"},
		{"half an escape", `["\u26"]`, `\u needs four hexadecimal digits`},
		{"a control character", "[\"a\x00b\",]", "control character U+0000"},
		{"bytes that are not UTF-8", "[\"a\xff\",]", "byte 3 is not UTF-8"},
		{"too deep", strings.Repeat("[", 1000), "nested deeper than 512 levels"},
		{"too long", "[" + strings.Repeat("1,", 3<<20), "too long to repair"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := tools.RepairJSON([]byte(c.input))
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %.80s, %v; want an error with %q", got, err, c.reason)
			}
		})
	}
}

func TestRepairJSONKeepsValidTextAsItIs(t *testing.T) {
	t.Parallel()
	text := []byte(" {\"a\" : 1.50,\t\"a\": [ ] }\n")
	got, err := tools.RepairJSON(text)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %q, %v", got, err)
	}
}

// Hostile text of 200 kB takes a fraction of a second, whatever it is; a
// quadratic parser would take minutes. The bound leaves room for a busy machine
// and the race detector.
func TestRepairJSONIsLinear(t *testing.T) {
	t.Parallel()
	for _, part := range []string{
		`"a,`, `"a x"b `, `["`, `{"a":"b,`, `/*`, `'`, `"\`, `{"a" `, `"a" + `, "\"a\n", `"""`, `"" `, "` ", `x(`, `"a":`, "…,", "#  ", "[```", `\"`, `"  `,
	} {
		text := []byte("[" + strings.Repeat(part, 200_000/len(part)))
		start := time.Now()
		if got, err := tools.RepairJSON(text); err == nil && !json.Valid(got) {
			t.Errorf("%q: the result is not JSON", part)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%q, again and again, takes %v", part, took)
		}
	}
}

func FuzzRepairJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5e3,true,null,"x\n\u00e9"]}`, "```json\n{'a': True,}\n```", `{a: "b, c, "d": "e"}`, `[\"x\", ObjectId("1")]`,
		"Sure, this is it:\n{\"a\": 1", `"a" + 'b'`, `{"a":/*c*/1 // d`, `[1,2,...]`, "{“a” `b´}", `{"items":[1], [2]}`, "1\n2,3",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := tools.RepairJSON(text)
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%q became %q, which is not JSON", text, got)
		}
		if json.Valid(text) && !bytes.Equal(got, text) {
			t.Fatalf("%q is valid and became %q", text, got)
		}
		again, err := tools.RepairJSON(got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q became %q and then %q, %v", text, got, again, err)
		}
		if mayLeaveOut(text) {
			return
		}
		if word, ok := keepsWords(text, got); !ok {
			t.Fatalf("%q became %q: lost %q", text, got, word)
		}
	})
}

// mayLeaveOut says that a text holds something that is documented to be left
// out or rewritten: comments, blocks, prose, calls, constants, escapes.
func mayLeaveOut(text []byte) bool {
	return bytes.ContainsAny(text, "/#`(\\ \n<>") || bytes.Contains(text, []byte("None")) || bytes.Contains(text, []byte("undefined"))
}
