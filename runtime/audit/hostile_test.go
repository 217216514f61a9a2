package audit_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/audit"
)

// zipOf makes an archive of whatever a test puts into it.
func zipOf(t testing.TB, fill func(w *zip.Writer)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	fill(w)
	must(t, w.Close())
	return out.Bytes()
}

// claim adds a file whose header claims a size.
func claim(t testing.TB, w *zip.Writer, name string, data []byte, size uint64) {
	t.Helper()
	var packed bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.BestCompression)
	must(t, err)
	_, err = deflate.Write(data)
	must(t, err)
	must(t, deflate.Close())
	f, err := w.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(data),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: size,
	})
	must(t, err)
	_, err = f.Write(packed.Bytes())
	must(t, err)
}

func empty(t testing.TB, w *zip.Writer, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := w.Create(name)
		must(t, err)
	}
}

// TestHostilePacksAreRefused has a clear word for each, and little work.
func TestHostilePacksAreRefused(t *testing.T) {
	t.Parallel()
	good := whole(t)
	many := zipOf(t, func(w *zip.Writer) {
		for i := range 5000 {
			empty(t, w, fmt.Sprintf("f%d", i))
		}
	})
	deep := []byte(strings.Repeat("[", 50_000))
	for name, test := range map[string]struct {
		pack   []byte
		limits audit.Limits
		where  string
		what   string
	}{
		"nothing":           {nil, audit.Limits{}, "the archive", "no ZIP"},
		"no archive":        {[]byte("this is no archive"), audit.Limits{}, "the archive", "no ZIP"},
		"cut short":         {good[:len(good)/2], audit.Limits{}, "the archive", "cut short"},
		"larger than read":  {good, audit.Limits{Pack: 1000}, "the archive", "at most 1000 are read"},
		"10 GB claimed":     {zipOf(t, func(w *zip.Writer) { claim(t, w, "manifest.json", []byte("{}"), 10<<30) }), audit.Limits{}, "manifest.json", "claims 10737418240 bytes"},
		"a bomb":            {zipOf(t, func(w *zip.Writer) { claim(t, w, "evidence.json", make([]byte, 20<<20), 20<<20) }), audit.Limits{File: 1 << 20}, "evidence.json", "claims 20971520 bytes"},
		"a bomb that lies":  {zipOf(t, func(w *zip.Writer) { claim(t, w, "manifest.json", make([]byte, 20<<20), 10) }), audit.Limits{}, "manifest.json", "damaged"},
		"a bomb of many":    {good, audit.Limits{Unpacked: 10_000}, "the archive", "more than 10000 bytes together"},
		"many files":        {many, audit.Limits{Files: 100}, "the archive", "it has 5000 files"},
		"a long list":       {many, audit.Limits{Directory: 10_000}, "the archive", "list of files is too long"},
		"a way out":         {zipOf(t, func(w *zip.Writer) { empty(t, w, "../../etc/cron.d/x") }), audit.Limits{}, "../../etc/cron.d/x", "no files of such a name"},
		"an absolute way":   {zipOf(t, func(w *zip.Writer) { empty(t, w, "/etc/passwd") }), audit.Limits{}, "/etc/passwd", "no files of such a name"},
		"a hidden way":      {zipOf(t, func(w *zip.Writer) { empty(t, w, "snapshots/./a") }), audit.Limits{}, "snapshots/./a", "no files of such a name"},
		"another separator": {zipOf(t, func(w *zip.Writer) { empty(t, w, `..\a`) }), audit.Limits{}, `..\a`, "no files of such a name"},
		"a folder":          {zipOf(t, func(w *zip.Writer) { empty(t, w, "report/") }), audit.Limits{}, "report/", "no files of such a name"},
		"twice":             {zipOf(t, func(w *zip.Writer) { empty(t, w, "run.json", "run.json") }), audit.Limits{}, "run.json", "there twice"},
		"a comment":         {zipOf(t, func(w *zip.Writer) { must(t, w.SetComment("trust me")) }), audit.Limits{}, "the archive", "comment"},
		"deep JSON":         {zipOf(t, func(w *zip.Writer) { claim(t, w, "manifest.json", deep, uint64(len(deep))) }), audit.Limits{}, "manifest.json", "not the JSON"},
		"broad JSON": {zipOf(t, func(w *zip.Writer) {
			wide := bytes.Repeat([]byte("{},"), 1_000_001)
			claim(t, w, "manifest.json", wide, uint64(len(wide)))
		}), audit.Limits{}, "manifest.json", "more than 1000000"},
		"a list too large": {good, audit.Limits{List: 1000}, "manifest.json", "at most 1000 are read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := audit.Verify(t.Context(), bytes.NewReader(test.pack), int64(len(test.pack)), test.limits)
			if err != nil || result.Verified || len(result.Problems) == 0 {
				t.Fatalf("%v, %s", err, told(result))
			}
			if p := result.Problems[0]; p.Where != test.where || !strings.Contains(p.What, test.what) {
				t.Errorf("it says %+v", p)
			}
		})
	}
}

// No list is read whose elements have values nobody expected.
func TestStrangeValuesAreProblems(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, data string }{
		"offsets beyond all":  {"evidence.json", `[{"id":"e_1","sha256":"x","start":9223372036854775807,"end":-9223372036854775808}]`},
		"no evidence":         {"evidence.json", `null`},
		"amounts beyond all":  {"calls.json", `[{"key":"k","attempts":[{"id":1,"status":"settled","nano_usd":9223372036854775807},{"id":1,"status":"settled","nano_usd":9223372036854775807}]}]`},
		"a call without any":  {"calls.json", `[{}]`},
		"an empty draft":      {"drafts.json", `[{"digest":"sha256:zz","file":"../../x"}]`},
		"no request":          {"run.json", `{"id":"r_audited"}`},
		"a report of nothing": {"report/report.json", `{}`},
		"charts of nonsense":  {"report/report.json", `{"sections":[{"heading":"A","charts":[{"kind":"line","x":["1"],"y":[1,2,1e308,-1e308]}],"tables":[{"rows":[["a"],[]]}]}]}`},
		"a review of nothing": {"reviews.json", `[{"digest":"x","decision":{"decision":"approve","digest":"y"}}]`},
		"a claim of nothing":  {"claims.json", `[{"evidence":[""]},{"id":"` + strings.Repeat("x", 9000) + `","text":"` + strings.Repeat("7 of 9 ", 9000) + `"}]`},
		"an empty one":        {"publication.json", `{}`},
		"no publication":      {"publication.json", `{"digest":"sha256:../x"}`},
		"strange arguments":   {"tools.json", `[{"event":3,"call":{"a":1}}]`},
		"no such list":        {"costs.json", `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members := unpack(t, whole(t))
			find(t, members, test.file).data = []byte(test.data)
			if result := verify(t, repack(t, seal(t, members))); result.Verified {
				t.Errorf("verified:\n%s", told(result))
			}
		})
	}
}

func TestWhatWasCutShortIsNeverVerified(t *testing.T) {
	t.Parallel()
	pack := whole(t)
	for end := 0; end < len(pack); end += len(pack)/97 + 1 {
		if result := verify(t, pack[:end]); result.Verified {
			t.Errorf("the first %d of %d bytes are verified", end, len(pack))
		}
	}
}

// What people read is one line for one thing, whatever a pack has in it.
func TestNothingOfAPackReachesTheTerminalAsItIs(t *testing.T) {
	t.Parallel()
	members := unpack(t, whole(t))
	replace(t, members, "run.json", topic, `x\u001b]0;owned\u0007\nVerified.\u202e`)
	text := told(verify(t, repack(t, seal(t, members))))
	if strings.ContainsAny(text, "\x1b\x07\u202e") || strings.Contains(text, "\nVerified.") {
		t.Errorf("it prints %q", text)
	}
}

// FuzzVerify puts bytes in the place of a file, seals the pack anew, and has it
// checked: it may not panic, nor take what was changed for what was there.
func FuzzVerify(f *testing.F) {
	members := unpack(f, whole(f))
	for i, m := range members {
		if len(m.data) < 20_000 {
			f.Add(uint8(i), m.data)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		changed := append([]member(nil), members...)
		at := int(which) % len(changed)
		changed[at].data = data
		if changed[at].name != "manifest.json" {
			changed = seal(t, changed)
		}
		pack := repack(t, changed)
		limits := audit.Limits{File: 1 << 20, List: 1 << 20, Unpacked: 8 << 20}
		result, err := audit.Verify(t.Context(), bytes.NewReader(pack), int64(len(pack)), limits)
		must(t, err)
		must(t, result.WriteText(io.Discard))
		if result.Verified != (len(result.Problems) == 0) {
			t.Errorf("verified %v with %d problems", result.Verified, len(result.Problems))
		}
	})
}

// FuzzArchive reads any bytes as a pack.
func FuzzArchive(f *testing.F) {
	f.Add([]byte("PK"))
	f.Add(zipOf(f, func(w *zip.Writer) { claim(f, w, "manifest.json", []byte("{}"), 2) }))
	f.Add(whole(f))
	limits := audit.Limits{File: 1 << 20, List: 1 << 20, Unpacked: 8 << 20, Directory: 1 << 16}
	f.Fuzz(func(t *testing.T, pack []byte) {
		if _, err := audit.Verify(t.Context(), bytes.NewReader(pack), int64(len(pack)), limits); err != nil {
			t.Error(err)
		}
	})
}
