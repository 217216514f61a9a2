package mock_test

import (
	"os"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/mock"
)

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What is wrong with a script is told with file, line and key.
func TestBadScripts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"rules:\n  - nme: x":                                            "s.yaml:2: rules[0].nme: there is no such key",
		"rules:\n  - name: x\n    name: y":                              "s.yaml:3: ",
		"rules: 3":                                                      "s.yaml:1: rules: a list is wanted",
		"rules:\n  - latency: 5":                                        "s.yaml:2: rules[0].latency: a duration like 20ms or 2s is wanted",
		"rules:\n  - match: {stream: yes please}":                       "s.yaml:2: rules[0].match.stream: true or false is wanted",
		"rules:\n  - match: {nth: [0]}":                                 "s.yaml:2: rules[0].match.nth: requests are counted from 1",
		"rules:\n  - match: {times: many}":                              "s.yaml:2: rules[0].match.times: a whole number is wanted",
		"rules:\n  - match:\n      message: '('":                        "s.yaml:2: rules[0].match.message: error parsing regexp",
		"rules:\n  - match: {protocol: grpc}":                           "s.yaml:2: rules[0].match.protocol",
		"rules:\n  - match: {operation: fly}":                           "s.yaml:2: rules[0].match.operation",
		"rules:\n  - name: ok\n  - fault: {kind: fire}":                 "s.yaml:3: rules[1].fault.kind",
		"rules:\n  - fault: {kind: raw}":                                "s.yaml:2: rules[0].fault.status",
		"rules:\n  - answer: {usage: most}":                             "s.yaml:2: rules[0].answer.usage: full, none or a mapping is wanted",
		"rules:\n  - answer: {usage: {inputs: 3}}":                      "s.yaml:2: rules[0].answer.usage: inputs",
		"rules:\n  - answer: {usage: {input: many}}":                    "s.yaml:2: rules[0].answer.usage: input: a whole number is wanted",
		"rules:\n  - answer: {stop: never}":                             "s.yaml:2: rules[0].answer.stop",
		"rules:\n  - answer: {tool_calls: [{name: f, arguments: [1]}]}": "s.yaml:2: rules[0].answer.tool_calls[0].arguments",
		"rules:\n  - answer:":                                           "s.yaml:2: rules[0].answer: nothing is given",
		"a: &a [1]\nrules: *a":                                          "s.yaml:1: a: there is no such key",
		"rules: [":                                                      "s.yaml",
		"{}\n---\n{}":                                                   "s.yaml: only one document",
	} {
		if _, err := mock.ParseScript("s.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestTheExampleScript(t *testing.T) {
	t.Parallel()
	script, err := mock.LoadScript("../../configs/mock.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mock.New(mock.Options{Script: script}); err != nil {
		t.Error(err)
	}
}

func FuzzScript(f *testing.F) {
	for _, seed := range []string{
		"rules: [{match: {nth: 1, model: 'a*'}, answer: {text: x, usage: full}, fault: {kind: cut, after: 2}, latency: 5ms}]",
		`{"models":["m"],"rules":[{"answer":{"tool_calls":[{"name":"f","arguments":{"a":{"b":[1,2.5,null]}}}],"usage":{"input":"bound","output":3}}}]}`,
		"a: &a {b: *a}", "rules: [*x]", "? [a]\n: b", "rules:\n- {<<: {name: x}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		script, err := mock.ParseScript("s", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "s") {
				t.Errorf("an error that does not name its file: %v", err)
			}
			return
		}
		if _, err := mock.New(mock.Options{Script: script}); err != nil {
			t.Errorf("a script that was read and cannot be used: %v", err)
		}
	})
}
