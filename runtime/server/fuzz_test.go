package server

import (
	"mime/multipart"
	"net/textproto"
	"path"
	"strings"
	"testing"
)

func FuzzDeadline(f *testing.F) {
	for _, seed := range []string{"10m", "2030-01-02T15:04:05Z", "-1s", "1h", "", "9999999h", "2030-01-02T15:04:05+14:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, after, err := parseDeadline(text)
		if err == nil && at.IsZero() != (after > 0) {
			t.Errorf("%q is %v and %v, want one of them", text, at, after)
		}
	})
}

func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"", "*/*", "text/html, */*;q=0.1", "text/*;q=0", "a/b;q=x", ";;;,,,", "text/html;q=1.5"} {
		f.Add(seed)
	}
	offers := []string{"text/markdown", "text/html", "application/json"}
	f.Fuzz(func(t *testing.T, accept string) {
		got, ok := negotiate([]string{accept}, offers)
		if ok != (got == offers[0] || got == offers[1] || got == offers[2]) {
			t.Errorf("%q gives %q, %v", accept, got, ok)
		}
	})
}

func FuzzFileName(f *testing.F) {
	for _, seed := range []string{`form-data; filename="a.md"`, `form-data; filename="../../x"`, `form-data; filename="a\\b"`, `form-data; filename*=UTF-8''%e2%82%ac.md`, `;`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, disposition string) {
		name, err := fileName(&multipart.Part{Header: textproto.MIMEHeader{"Content-Disposition": {disposition}}})
		if err != nil {
			return
		}
		if name == "" || path.IsAbs(name) || path.Clean(name) != name || name == ".." || strings.HasPrefix(name, "../") || strings.Contains(name, "\x00") {
			t.Errorf("%q is named %q", disposition, name)
		}
	})
}

func FuzzCron(f *testing.F) {
	for _, seed := range []string{"0 7 * * 1", "@daily", "TZ=0", "CRON_TZ= ", "@every 1s", "* * * * *", "*/0 * * * *", "1-0 * * * *", "@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var r reading
		if got := r.cron(&line); r.err() == nil && got != strings.Join(strings.Fields(line), " ") {
			t.Errorf("%q became %q", line, got)
		}
	})
}
