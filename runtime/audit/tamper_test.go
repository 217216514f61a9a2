package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/audit"
)

// seal makes the manifest anew, as somebody who changes a pack with care would.
func seal(t testing.TB, members []member) []member {
	t.Helper()
	m := read[audit.Manifest](t, members, "manifest.json")
	m.Files = nil
	for _, f := range members {
		if f.name != "manifest.json" {
			sum := sha256.Sum256(f.data)
			m.Files = append(m.Files, audit.File{Path: f.name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(f.data))})
		}
	}
	slices.SortFunc(m.Files, func(a, b audit.File) int { return strings.Compare(a.Path, b.Path) })
	m.Root = m.ComputeRoot()
	raw, err := json.Marshal(m)
	must(t, err)
	find(t, members, "manifest.json").data = raw
	return members
}

// replace changes the first place in a file.
func replace(t testing.TB, members []member, name, before, after string) {
	t.Helper()
	f := find(t, members, name)
	if !bytes.Contains(f.data, []byte(before)) {
		t.Fatalf("%s does not have %q:\n%.2000s", name, before, f.data)
	}
	f.data = bytes.Replace(f.data, []byte(before), []byte(after), 1)
}

// everywhere changes every place in every file, and names.
func everywhere(members []member, before, after string) {
	for i := range members {
		members[i].name = strings.ReplaceAll(members[i].name, before, after)
		members[i].data = bytes.ReplaceAll(members[i].data, []byte(before), []byte(after))
	}
}

// figure finds a sentence of the report with a figure of its own.
func figure(t testing.TB, members []member) (sentence, changed string) {
	t.Helper()
	for _, c := range read[[]agents.Claim](t, members, "claims.json") {
		at := regexp.MustCompile(`\b[1-9][0-9]+ of 200`).FindString(c.Text)
		if at != "" && !strings.ContainsAny(c.Text, `"<>&`) {
			return c.Text, strings.Replace(c.Text, at, "97 of 200", 1)
		}
	}
	t.Fatal("no claim has a figure")
	return "", ""
}

// TestWhatWasTamperedWithIsNamed changes one thing in a pack, makes the manifest
// anew, and looks for what the check says of it, and where.
func TestWhatWasTamperedWithIsNamed(t *testing.T) {
	t.Parallel()
	whole(t)
	for name, test := range map[string]struct {
		change func(t *testing.T, members []member) []member
		check  string
		where  string
		what   string
	}{
		"a digit of the Markdown": {func(t *testing.T, m []member) []member {
			sentence, changed := figure(t, m)
			replace(t, m, "report/report.md", sentence, changed)
			return m
		}, "report", "report/report.md", "97 of 200"},
		"a digit of the page": {func(t *testing.T, m []member) []member {
			sentence, changed := figure(t, m)
			replace(t, m, "report/report.html", sentence, changed)
			return m
		}, "report", "report/report.html", "97 of 200"},
		"a digit of the report in all its forms": {func(t *testing.T, m []member) []member {
			sentence, changed := figure(t, m)
			for _, form := range []string{"md", "html", "json"} {
				f := find(t, m, "report/report."+form)
				f.data = bytes.ReplaceAll(f.data, []byte(sentence), []byte(changed))
			}
			return m
		}, "report", "sections[", "97 of 200"},
		"a digit of report, draft and claims": {func(t *testing.T, m []member) []member {
			sentence, changed := figure(t, m)
			for _, c := range read[[]agents.Claim](t, m, "claims.json") {
				if c.Text == sentence {
					everywhere(m, c.ID, agents.ClaimID(c.Section, changed))
				}
			}
			everywhere(m, sentence, changed)
			return renamed(m)
		}, "claims", "claims.json", "contradicted"},
		"a byte of a snapshot": {func(t *testing.T, m []member) []member {
			return edit(t, m, "snapshots/", "80 of 200", "88 of 200")
		}, "quotes", "evidence", "88 of 200"},
		"a byte of a snapshot under its new name": {func(t *testing.T, m []member) []member {
			return renamed(edit(t, m, "snapshots/", "80 of 200", "88 of 200"))
		}, "quotes", "evidence", "88 of 200"},
		"a quote with its snapshot": {func(t *testing.T, m []member) []member {
			everywhere(m, "80 of 200", "88 of 200")
			return renamed(m)
		}, "quotes", "evidence", "make it e_"},
		"an offset": {func(t *testing.T, m []member) []member {
			e := read[[]agents.Evidence](t, m, "evidence.json")[0]
			replace(t, m, "evidence.json", fmt.Sprintf(`"start":%d`, e.Start), fmt.Sprintf(`"start":%d`, e.Start+1))
			return m
		}, "quotes", "evidence.json", "and not the quote"},
		"a table": {func(t *testing.T, m []member) []member {
			return renamed(edit(t, m, "snapshots/", "2019,16", "2019,61"))
		}, "computations", "computed by", "gives something else"},
		"the result of a computation": {func(t *testing.T, m []member) []member {
			c := read[[]audit.Computation](t, m, "computations.json")[0]
			before := regexp.MustCompile(`"n":\d+`).FindString(string(c.Result))
			everywhere(m, before, `"n":4321`)
			return m
		}, "computations", "computed by", "4321"},
		"the status of a claim": {func(t *testing.T, m []member) []member {
			replace(t, m, "claims.json", `"status":"partly"`, `"status":"supported"`)
			return m
		}, "claims", "claims.json, claim c_", `recorded as "supported"`},
		"evidence of a claim": {func(t *testing.T, m []member) []member {
			c := read[[]agents.Claim](t, m, "claims.json")[0]
			replace(t, m, "claims.json", c.Evidence[0], "e_0123456789ab")
			return m
		}, "claims", "claims.json, claim c_", "e_0123456789ab, which does not exist"},
		"a model's word that no call gave": {func(t *testing.T, m []member) []member {
			f := find(t, m, "claims.json")
			f.data = regexp.MustCompile(`"status":"partly"`).ReplaceAll(f.data, []byte(`"status":"partly","judged":{"claim":"c","verdict":"supported","reason":"r","call":"made up"}`))
			return m
		}, "claims", "claims.json, claim c_", `in call "made up", which is none of the run's`},
		"a model's word that its call did not give": {func(t *testing.T, m []member) []member {
			key := read[[]audit.Call](t, m, "calls.json")[0].Key
			f := find(t, m, "claims.json")
			f.data = regexp.MustCompile(`"status":"partly"`).ReplaceAll(f.data, fmt.Appendf(nil, `"status":"partly","judged":{"claim":"c","verdict":"supported","reason":"r","call":%q}`, key))
			return m
		}, "claims", "claims.json, claim c_", "does not say so"},
		"a claim left out": {func(t *testing.T, m []member) []member {
			f := find(t, m, "claims.json")
			lines := strings.SplitAfter(string(f.data), "\n")
			f.data = []byte(strings.Join(append(lines[:1:1], lines[2:]...), ""))
			return m
		}, "claims", "claims.json", "not recorded"},
		"the scorecard": {func(t *testing.T, m []member) []member {
			for _, name := range []string{"report/report.json", "scorecard.json"} {
				f := find(t, m, name)
				f.data = regexp.MustCompile(`"citation_recall":[0-9.]+`).ReplaceAll(f.data, []byte(`"citation_recall":1`))
			}
			return m
		}, "scorecard", "scorecard", "citation_recall"},
		"the cost of a call": {func(t *testing.T, m []member) []member {
			f := find(t, m, "calls.json")
			f.data = bytes.Replace(f.data, []byte(`"nano_usd":`), []byte(`"nano_usd":9`), 1)
			return m
		}, "costs", "costs.json", "nano-dollars that were settled"},
		"the cost of a call and the account": {func(t *testing.T, m []member) []member {
			calls, costs := read[[]audit.Call](t, m, "calls.json"), read[audit.Costs](t, m, "costs.json")
			calls[0].Attempts[0].NanoUSD -= 5
			costs.SettledNanoUSD -= 5
			find(t, m, "calls.json").data, find(t, m, "costs.json").data = encode(t, calls), encode(t, costs)
			return m
		}, "costs", "scorecard", "USD"},
		"a call left out": {func(t *testing.T, m []member) []member {
			f := find(t, m, "calls.json")
			lines := strings.SplitAfter(string(f.data), "\n")
			f.data = []byte(strings.Join(append(lines[:1:1], lines[2:]...), ""))
			return m
		}, "costs", "costs.json", "tokens that were settled"},
		"the budget": {func(t *testing.T, m []member) []member {
			replace(t, m, "costs.json", `"limit_nano_usd":50000000000`, `"limit_nano_usd":60000000000`)
			return m
		}, "costs", "costs.json", "asked for 50000000000"},
		"a snapshot left out": {func(t *testing.T, m []member) []member {
			return slices.DeleteFunc(m, func(f member) bool { return strings.HasPrefix(f.name, "snapshots/") })
		}, "quotes", "evidence.json", "it is not there"},
		"a prompt": {func(t *testing.T, m []member) []member {
			return edit(t, m, "agents/", "You ", "Thou ")
		}, "files", "agents/", "named by a SHA-256"},
		"a prompt under its new name": {func(t *testing.T, m []member) []member {
			return moved(edit(t, m, "agents/", "You ", "Thou "), "agents/")
		}, "record", "agents.json", "not the digest of its text"},
		"the arguments of a tool call": {func(t *testing.T, m []member) []member {
			f := find(t, m, "tools.json")
			f.data = regexp.MustCompile(`"arguments":\{"query":"`).ReplaceAll(f.data, []byte(`"arguments":{"query":"x `))
			return m
		}, "record", "tools.json", "the call is not the one"},
		"the result of a tool call": {func(t *testing.T, m []member) []member {
			return moved(edit(t, m, "tools/", "Artificial", "Natural"), "tools/")
		}, "record", "tools.json", "not the one that the event names"},
		"an event left out": {func(t *testing.T, m []member) []member {
			f := find(t, m, "events.json")
			lines := strings.SplitAfter(string(f.data), "\n")
			f.data = []byte(strings.Join(append(lines[:3:3], lines[4:]...), ""))
			return m
		}, "record", "events.json", "event 4 stands where 3 should"},
		"the status of the run": {func(t *testing.T, m []member) []member {
			replace(t, m, "run.json", `"status":"completed"`, `"status":"partial"`)
			return m
		}, "record", "run.json", `it ended as "completed"`},
		"the topic": {func(t *testing.T, m []member) []member {
			replace(t, m, "run.json", topic, "Why?")
			return m
		}, "report", "report/report.json", "Why?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := test.change(t, unpack(t, whole(t)))
			result := verify(t, repack(t, seal(t, changed)))
			if result.Verified || !slices.ContainsFunc(result.Problems, func(p audit.Problem) bool {
				return p.Check == test.check && strings.Contains(p.Where, test.where) && strings.Contains(p.What, test.what)
			}) {
				t.Errorf("it does not say %q of %q:\n%s", test.what, test.where, told(result))
			}
		})
	}
}

func encode(t testing.TB, value any) []byte {
	t.Helper()
	raw, err := json.Marshal(value)
	must(t, err)
	return raw
}

// edit changes a text in the files of a folder.
func edit(t testing.TB, members []member, folder, before, after string) []member {
	t.Helper()
	done := false
	for i, f := range members {
		if strings.HasPrefix(f.name, folder) && bytes.Contains(f.data, []byte(before)) {
			members[i].data = bytes.Replace(f.data, []byte(before), []byte(after), 1)
			done = true
		}
	}
	if !done {
		t.Fatalf("no file of %s has %q", folder, before)
	}
	return members
}

// moved gives files of a folder the name of what they hold now, and leaves the
// digests alone by which others know them.
func moved(members []member, folder string) []member {
	for _, f := range members {
		sum := sha256.Sum256(f.data)
		if old, ok := strings.CutPrefix(f.name, folder); ok {
			everywhere(members, f.name, folder+hex.EncodeToString(sum[:])+old[64:])
		}
	}
	return members
}

// A change that fits together in itself is seen by the root, which is why it is
// to be kept elsewhere.
func TestAChangeThatFitsTogetherHasAnotherRoot(t *testing.T) {
	t.Parallel()
	before := verify(t, whole(t))
	after := verify(t, repack(t, seal(t, renamed(edit(t, unpack(t, whole(t)), "agents/", "You ", "Thou ")))))
	if !after.Verified || after.Root == before.Root {
		t.Errorf("root %s, and before %s:\n%s", after.Root, before.Root, told(after))
	}
}

// renamed gives files that are named by their hash the name of what they hold
// now, and everything that names them too.
func renamed(members []member) []member {
	for range 3 { // names are in files that have such names themselves
		for i := range members {
			old := regexp.MustCompile(`[0-9a-f]{64}`).FindString(members[i].name)
			sum := sha256.Sum256(members[i].data)
			if now := hex.EncodeToString(sum[:]); old != "" && old != now {
				everywhere(members, old, now)
			}
		}
	}
	return members
}

// TestWhatTheManifestDoesNotSayIsNamed changes a pack and leaves its manifest.
func TestWhatTheManifestDoesNotSayIsNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(t *testing.T, members []member) []member
		where  string
		what   string
	}{
		"a digit": {func(t *testing.T, m []member) []member {
			replace(t, m, "report/report.md", "200", "300")
			return m
		}, "report/report.md", "its SHA-256 is"},
		"a line": {func(t *testing.T, m []member) []member {
			replace(t, m, "README.txt", "Check it", "Do not check it")
			return m
		}, "README.txt", "bytes; the manifest says"},
		"a file left out": {func(_ *testing.T, m []member) []member {
			return slices.DeleteFunc(m, func(f member) bool { return f.name == "README.txt" })
		}, "README.txt", "but the manifest lists it"},
		"a file added": {func(_ *testing.T, m []member) []member {
			return append(m, member{"note.txt", []byte("all is well")})
		}, "note.txt", "it was added"},
		"the root": {func(t *testing.T, m []member) []member {
			manifest := read[audit.Manifest](t, m, "manifest.json")
			manifest.Root = "sha256:" + strings.Repeat("0", 64)
			find(t, m, "manifest.json").data = encode(t, manifest)
			return m
		}, "manifest.json", "its own lines make it"},
		"a newer format": {func(t *testing.T, m []member) []member {
			manifest := read[audit.Manifest](t, m, "manifest.json")
			manifest.Version = 2
			find(t, m, "manifest.json").data = encode(t, manifest)
			return m
		}, "manifest.json", "version 2; this program reads"},
		"no manifest": {func(_ *testing.T, m []member) []member {
			return slices.DeleteFunc(m, func(f member) bool { return f.name == "manifest.json" })
		}, "manifest.json", "it is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := verify(t, repack(t, test.change(t, unpack(t, whole(t)))))
			if result.Verified || !slices.ContainsFunc(result.Problems, func(p audit.Problem) bool {
				return p.Check == "files" && p.Where == test.where && strings.Contains(p.What, test.what)
			}) {
				t.Errorf("it does not say %q of %q:\n%s", test.what, test.where, told(result))
			}
		})
	}
}
