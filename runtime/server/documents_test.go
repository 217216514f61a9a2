package server_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// upload posts a form of name=content pairs; a name that begins with @ is a
// file of that name.
func (w *world) upload(fields ...string) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range fields {
		name, content, _ := strings.Cut(field, "=")
		header := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf("form-data; name=%q", name)}}
		if file, ok := strings.CutPrefix(name, "@"); ok {
			header.Set("Content-Disposition", fmt.Sprintf("form-data; name=\"file\"; filename=%q", file))
		}
		part, err := form.CreatePart(header)
		if err == nil {
			_, err = io.WriteString(part, content)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		w.t.Fatal(err)
	}
	return w.call("POST", "/v1/documents", body.String(), withHeader("Content-Type", form.FormDataContentType()))
}

type document struct {
	ID, Corpus, URI, Title, SHA256, Snapshot, Unread string
	Words                                            int
}

func TestUploadDocuments(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var got struct{ Documents []document }
	// The files come before, around and after the name of their corpus.
	w.upload("@a.md=one two", "corpus=c1", "@2024/b.md=three", "@empty.md=").want(201).into(&got)
	if len(got.Documents) != 3 {
		t.Fatalf("documents %+v", got)
	}
	a, b, empty := got.Documents[0], got.Documents[1], got.Documents[2]
	if a.URI != "a.md" || a.Corpus != "c1" || a.Words != 2 || b.URI != "2024/b.md" || empty.Unread != "the file is empty" || empty.SHA256 != "" {
		t.Errorf("documents %+v", got.Documents)
	}
	if text := w.call("GET", a.Snapshot, "").want(200); string(text.body) != "one two" {
		t.Errorf("snapshot %q", text.body)
	}
	w.upload("@a.md=x").want(201).into(&got)
	if got.Documents[0].Corpus != "default" {
		t.Errorf("without a corpus it went into %q", got.Documents[0].Corpus)
	}
	var corpora struct {
		Corpora []struct {
			Name      string
			Documents int
		}
	}
	w.call("GET", "/v1/corpora", "").want(200).into(&corpora)
	if len(corpora.Corpora) != 2 || corpora.Corpora[0].Name != "c1" || corpora.Corpora[0].Documents != 3 {
		t.Errorf("corpora %+v", corpora)
	}
}

func TestUploadRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.Limits = server.Limits{File: 1000, Files: 3} })
	for name, test := range map[string]struct {
		fields []string
		status int
		kind   string
		field  string
	}{
		"nothing":              {[]string{"corpus=c1"}, 422, "invalid", "/file"},
		"only unreadable":      {[]string{"corpus=c1", "@empty.md="}, 422, "invalid", "empty.md"},
		"bad corpus":           {[]string{"corpus=a/b", "@a.md=x"}, 422, "invalid", "/corpus"},
		"corpus as a document": {[]string{"corpus=d_1", "@a.md=x"}, 422, "invalid", "/corpus"},
		"two corpora":          {[]string{"corpus=a", "corpus=b", "@a.md=x"}, 422, "invalid", "/corpus"},
		"unknown field":        {[]string{"corpsu=a", "@a.md=x"}, 422, "invalid", "/corpsu"},
		"no filename":          {[]string{"file=x"}, 422, "invalid", "/file"},
		"too large":            {[]string{"corpus=c1", "@big.md=" + strings.Repeat("a", 1001)}, 413, "too-large", "big.md"},
		"too large, held":      {[]string{"@big.md=" + strings.Repeat("a", 100_001), "corpus=c1"}, 413, "too-large", "big.md"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := *w
			w.t = t
			w.upload(test.fields...).wantField(test.status, test.kind, "body", test.field)
		})
	}
	w.upload("@1=a", "@2=b", "@3=c", "@4=d").wantProblem(413, "too-large")
	many := setup(t, func(o *server.Options) { o.Limits = server.Limits{File: 10} })
	waiting := strings.Fields(strings.Repeat("@x=0123456789 ", 17))
	many.upload(append([]string{"corpus=c1"}, waiting...)...).want(201)
	if p := many.upload(append(waiting, "corpus=c1")...).wantProblem(413, "too-large"); !strings.Contains(p.Detail, "before the files") {
		t.Errorf("%q does not say what to do", p.Detail)
	}
	w.upload("corpus=full", "@just.md="+strings.Repeat("a", 1000)).want(201)
	form := withHeader("Content-Type", "multipart/form-data; boundary=b")
	w.call("POST", "/v1/documents", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.md\"\r\n\r\ncut off", form).
		wantProblem(400, "malformed")
	w.call("POST", "/v1/documents", "x", withHeader("Content-Type", "multipart/form-data")).wantProblem(400, "malformed")
	w.call("POST", "/v1/documents", `{}`).wantProblem(415, "unsupported-media-type")
}

func TestUploadKeepsNamesInTheCorpus(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var got struct{ Documents []document }
	w.upload("@../../etc/passwd=x", `@C:\docs\a.md=y`, "@./b//c.md=z").want(201).into(&got)
	for i, want := range []string{"etc/passwd", "C:/docs/a.md", "b/c.md"} {
		if got.Documents[i].URI != want {
			t.Errorf("document %d is named %q, want %q", i, got.Documents[i].URI, want)
		}
	}
}

func TestUploadWithoutIngester(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.Documents = nil })
	w.upload("@a.md=x").wantProblem(http.StatusServiceUnavailable, "unavailable")
}

func TestListDocuments(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, uri := range []string{"a.md", "b.md", "c.md"} {
		if err := w.store.PutDocument(t.Context(), store.Document{ID: "d_" + uri, Corpus: "c1", URI: uri}); err != nil {
			t.Fatal(err)
		}
	}
	type page struct {
		Documents []document
		Next      string
	}
	var first, second page
	w.call("GET", "/v1/documents?corpus=c1&limit=2", "").want(200).into(&first)
	w.call("GET", "/v1/documents?corpus=c1&limit=2&cursor="+first.Next, "").want(200).into(&second)
	if len(first.Documents) != 2 || len(second.Documents) != 1 || second.Documents[0].URI != "c.md" || second.Next != "" {
		t.Errorf("pages %+v and %+v", first, second)
	}
	w.call("GET", "/v1/documents?corpus=c2", "").wantProblem(404, "not-found")
	w.call("GET", "/v1/documents", "").wantField(400, "malformed", "query", "corpus")
	w.call("GET", "/v1/documents?corpus=c1&cursor=%25", "").wantField(400, "malformed", "query", "cursor")
}

// counted is a body that counts what is read of it.
type counted struct {
	io.Reader
	read int
}

func (c *counted) Read(into []byte) (int, error) {
	n, err := c.Reader.Read(into)
	c.read += n
	return n, err
}

// An upload goes to disk and is not read further than it may be: nobody holds it
// in memory to look at its form.
func TestAnUploadIsNotReadAhead(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.Limits = server.Limits{File: 1000} })
	body := &counted{Reader: io.MultiReader(
		strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"corpus\"\r\n\r\nc1\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"huge.md\"\r\n\r\n"),
		io.LimitReader(zeros{}, 50<<20), strings.NewReader("\r\n--b--\r\n"))}
	request := httptest.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1/v1/documents", body)
	request.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(answer, request)
	if answer.Code != http.StatusRequestEntityTooLarge || body.read > 64<<10 {
		t.Errorf("status %d after %d bytes: %s", answer.Code, body.read, answer.Body)
	}
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) { clear(into); return len(into), nil }
