package untrusted_test

import (
	"encoding/json"
	"github.com/quaestor-run/quaestor/runtime/untrusted"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestExplore(t *testing.T) {
	root, _ := filepath.Abs("../../../shared/data")
	var attacks map[string][]string
	raw, _ := os.ReadFile(root + "/injection/text_attack_train.json")
	json.Unmarshal(raw, &attacks)
	hosts, _ := filepath.Glob(root + "/digital-health/*.md")
	if len(hosts) == 0 {
		hosts, _ = filepath.Glob(root + "/digital-health/*/*.md")
	}
	n, hit := 0, 0
	for kind, list := range attacks {
		for _, a := range list {
			miss := 0
			for i, h := range hosts {
				b, _ := os.ReadFile(h)
				s := string(b)
				at := strings.LastIndex(s[:len(s)/2], ". ") + 2
				if i%3 == 0 {
					s = s + "\n\n" + a
				} else if i%3 == 1 {
					s = s[:at] + a + " " + s[at:]
				} else {
					e := strings.Index(s[4:], "---") + 8
					s = s[:e] + "\n" + a + "\n\n" + s[e:]
				}
				ok := false
				for _, p := range untrusted.Find(s) {
					if strings.Contains(a, strings.Trim(s[p.Start:p.End], `"`)) || strings.Contains(s[p.Start:p.End], strings.Trim(a, `"?.`)) {
						ok = true
					}
				}
				n++
				if ok {
					hit++
				} else {
					miss++
				}
			}
			if miss > 0 {
				t.Logf("missed in %d of %d: [%s] %s", miss, len(hosts), kind, a)
			}
		}
	}
	t.Logf("caught %d of %d", hit, n)
	// false alarms
	count := func(name string, texts map[string]string, table bool) {
		f, d, by := 0, 0, 0
		st := time.Now()
		shown := 0
		for id, s := range texts {
			by += len(s)
			var ps []untrusted.Passage
			if table {
				ps = untrusted.FindInTable(s)
			} else {
				ps = untrusted.Find(s)
			}
			f += len(ps)
			if len(ps) > 0 {
				d++
			}
			for _, p := range ps {
				if shown < 25 {
					shown++
					t.Logf("   %s: %v %.160q", id, p.Signs, s[p.Start:p.End])
				}
			}
		}
		t.Logf("%s: %d passages in %d of %d texts; %d bytes in %v", name, f, d, len(texts), by, time.Since(st))
	}
	read := func(pat string, ext ...string) map[string]string {
		m := map[string]string{}
		filepath.WalkDir(pat, func(p string, e fs.DirEntry, err error) error {
			for _, x := range ext {
				if err == nil && strings.HasSuffix(p, x) {
					b, _ := os.ReadFile(p)
					m[filepath.Base(p)] = string(b)
				}
			}
			return nil
		})
		return m
	}
	count("digital-health", read(root+"/digital-health", ".md"), false)
	count("digital csv", read(root+"/digital-health", ".csv"), true)
	count("samples", read("../../configs/samples", ".md", ".txt"), false)
	count("samples csv", read("../../configs/samples", ".csv"), true)
	var set map[string]struct {
		QUESTION    string
		CONTEXTS    []string
		LONG_ANSWER string
	}
	raw, _ = os.ReadFile(root + "/pubmedqa/dev.json")
	json.Unmarshal(raw, &set)
	m := map[string]string{}
	for id, e := range set {
		m[id] = e.QUESTION + "\n\n" + strings.Join(e.CONTEXTS, "\n\n") + "\n\n" + e.LONG_ANSWER
	}
	count("pubmedqa", m, false)
	m = map[string]string{}
	raw, _ = os.ReadFile(root + "/injection/email-train.jsonl")
	for _, l := range strings.Split(string(raw), "\n") {
		var e struct{ Context string }
		if json.Unmarshal([]byte(l), &e) == nil {
			m[e.Context[:min(20, len(e.Context))]] = e.Context
		}
	}
	count("emails", m, false)
	count("meetings", read(root+"/meetings", ".txt", ".json"), false)
	count("repo docs", read("../../", ".md"), false)
}
