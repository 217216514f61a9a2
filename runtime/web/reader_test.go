package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/tools/webpage"
	"github.com/quaestor-run/quaestor/tools/websearch"
)

// call calls the tool as a model does.
func call(t testing.TB, w *world, in webpage.Input) (webpage.Output, []tools.Citation, error) {
	t.Helper()
	tool, err := webpage.New(w.reader)
	if err != nil {
		t.Fatal(err)
	}
	args, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	result, err := tool.Call(t.Context(), scope(), args)
	if err != nil {
		return webpage.Output{}, nil, err
	}
	var out webpage.Output
	if err := json.Unmarshal(result.Value, &out); err != nil {
		t.Fatal(err)
	}
	return out, result.Citations, nil
}

func TestQuotesOfAPageStandInItsSnapshot(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.Page("www.reuters.com", "/old", "text/html; charset=utf-8", article)
	out, citations, err := call(t, w, webpage.Input{URL: "http://www.reuters.com/old"})
	if err != nil {
		t.Fatal(err)
	}
	if out.Title != "Night trains and flights" || out.Byline != "Ada Lindqvist" || out.Published != "2024-05-31" || out.Language != "en-gb" ||
		out.Canonical != "http://www.reuters.com/night-trains" || out.Tier != string(web.TierNews) {
		t.Errorf("the page is %+v", out)
	}
	if len(citations) != 5 {
		t.Errorf("%d sentences: %+v", len(citations), citations)
	}
	for _, c := range citations {
		if err := w.corpora.Verify(t.Context(), agents.Evidence{ID: c.ID(), Citation: c}); err != nil {
			t.Error(err)
		}
		if c.Year != 2024 || c.Published != "2024-05-31" || c.Author != "Ada Lindqvist" || c.Tier != "news" || c.URI != "http://www.reuters.com/old" {
			t.Errorf("the citation is %+v", c)
		}
		if strings.Contains(c.Quote, "Copyright") || strings.Contains(c.Quote, "Home") {
			t.Errorf("%q is no text of the page", c.Quote)
		}
	}
	documents, err := w.store.DocumentsIn(t.Context(), web.Corpus("r_1"), "", 10)
	if err != nil || len(documents) != 1 || documents[0].URI != "http://www.reuters.com/old" || documents[0].Snapshot != "sha256:"+citations[0].SHA256 || documents[0].Year != 2024 {
		t.Fatalf("the documents of the run are %+v, %v", documents, err)
	}
	if original, err := w.store.Blob(t.Context(), documents[0].Original); err != nil || string(original) != article {
		t.Errorf("the original is not kept: %v", err)
	}
}

func TestAQueryPicksPassagesAndAsksNobodyAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	long := strings.Replace(article, "</article>", strings.Repeat("<h2>On ferries</h2><p>"+strings.Repeat("Ferries carried more lorries in that year than in the one before it. ", 8)+"</p>", 6)+
		"<h2>On prices</h2><p>Prices of beds rose by three per cent. "+strings.Repeat("The bed is dearer in summer than in winter. ", 8)+"</p></article>", 1)
	w.Page("a.example.com", "/x", "text/html", long)
	out, _, err := call(t, w, webpage.Input{URL: "http://a.example.com/x", Query: "prices of beds", Limit: 1})
	if err != nil || len(out.Hits) != 1 || out.Hits[0].Heading != "On prices" || out.Hits[0].Sentences[0].Text != "Prices of beds rose by three per cent." {
		t.Errorf("found %+v, %v", out.Hits, err)
	}
	asked := len(w.Asked())
	out, _, err = call(t, w, webpage.Input{URL: "http://a.example.com/x#part", Query: "zeppelin", Limit: 1})
	if err != nil || len(out.Hits) != 1 || !strings.Contains(out.Note, "No passage shares a word") {
		t.Errorf("found %+v, %v", out, err)
	}
	if len(w.Asked()) != asked {
		t.Errorf("the page was fetched again: %q", w.Asked())
	}
}

func TestPagesOfEveryCharsetAreReadRight(t *testing.T) {
	t.Parallel()
	const russian = "Ночные поезда сократили число коротких перелётов на восемь процентов за один год наблюдений в регионе."
	const japaneseText = "夜行列車は一年間で短距離の航空便を八パーセント減らしたと報告書は述べている。寝台車の需要も増えている。"
	const french = "Les trains de nuit ont réduit de huit pour cent les vols courts de la région après une année d’été très chargée."
	for name, c := range map[string]struct {
		text        string
		encoding    encoding.Encoding
		contentType string
		meta        string
	}{
		"header":                {russian, charmap.Windows1251, "text/html; charset=windows-1251", ""},
		"meta":                  {russian, charmap.KOI8R, "text/html", `<meta charset="koi8-r">`},
		"header lies, is UTF-8": {russian, encoding.Nop, "text/html; charset=iso-8859-1", `<meta charset="iso-8859-1">`},
		"header says UTF-8":     {french, charmap.Windows1252, "text/html; charset=utf-8", ""},
		"shift JIS":             {japaneseText, japanese.ShiftJIS, "text/html", `<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">`},
		"seven bits":            {japaneseText, japanese.ISO2022JP, "text/html; charset=ISO-2022-JP", ""},
		"UTF-16":                {russian, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "text/html", ""},
		"no such charset":       {french, encoding.Nop, "text/html; charset=klingon", `<meta charset="">`},
		"plain":                 {russian, charmap.Windows1251, "text/plain; charset=windows-1251", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			body, err := c.encoding.NewEncoder().String("<html><head>" + c.meta + "</head><body><p>" + c.text + "</p></body></html>")
			if strings.HasPrefix(c.contentType, "text/plain") {
				body, err = c.encoding.NewEncoder().String(c.text)
			}
			if err != nil {
				t.Fatal(err)
			}
			w.Page("a.example.com", "/x", c.contentType, body)
			page, err := w.read(t, "http://a.example.com/x")
			if err != nil {
				t.Fatal(err)
			}
			snapshot, err := w.corpora.Snapshot(t.Context(), "sha256:"+page.SHA256)
			if err != nil || !strings.Contains(snapshot, c.text) {
				t.Errorf("the snapshot is %q, %v", snapshot, err)
			}
		})
	}
}

func TestAPDFOfTheWebIsReadWithItsPages(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(toolstest.Data(t, "invoices"), "*.pdf"))
	if err != nil || len(files) == 0 {
		t.Skipf("no PDF is there: %v", err)
	}
	body, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	w := setup(t)
	w.Page("a.example.com", "/file", "application/octet-stream", string(body))
	page, err := w.read(t, "http://a.example.com/file")
	if err != nil || page.Words == 0 {
		t.Errorf("%d words, %v", page.Words, err)
	}
	small := setup(t, func(o *web.PageOptions) { o.Bytes = 1000 })
	small.Page("a.example.com", "/file", "application/pdf", string(body))
	_, err = small.read(t, "http://a.example.com/file")
	refusedAs(t, err, "larger than is read")
}

// A text cannot talk an agent into an address that nobody found.
func TestOnlyFoundAddressesAreRead(t *testing.T) {
	t.Parallel()
	found := web.NewAddresses()
	w := setup(t, func(o *web.PageOptions) { o.Found = found })
	w.Page("a.example.com", "/x", "text/html", article)
	searcher := web.NewSearcher(web.SearchOptions{Found: found, Providers: []web.Provider{fixed{hits: []websearch.Hit{{Title: "x", URL: "http://A.example.com/x#1"}}}}})
	_, err := w.read(t, "http://a.example.com/x")
	refusedAs(t, err, "was not among the results")
	if _, err := searcher.Search(t.Context(), scope(), websearch.Query{Text: "x", Limit: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.read(t, "http://a.example.com/x"); err != nil {
		t.Error(err)
	}
	_, err = w.read(t, "http://a.example.com/x?secret=42")
	refusedAs(t, err, "was not among the results")
	_, err = w.reader.Read(t.Context(), tools.Scope{Run: "r_2"}, webpage.Query{URL: "http://a.example.com/x", Limit: 1})
	refusedAs(t, err, "was not among the results")
	if n := len(w.Asked()); n != 2 {
		t.Errorf("asked for %q", w.Asked())
	}
}

func TestAReaderThatIsNotAskedAsksNobody(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, address := range []string{"http://localhost/", "http://10.0.0.1/", "ftp://a.example.com/", "x", "http://a.example.com:81/"} {
		if _, err := w.read(t, address); err == nil {
			t.Errorf("%s is read", address)
		}
	}
	if n := len(w.Looked()) + len(w.Dialled()) + len(w.Asked()); n > 0 {
		t.Errorf("resolved %q, dialled %q", w.Looked(), w.Dialled())
	}
}

func BenchmarkRead(b *testing.B) {
	w := setup(b)
	w.Host("a.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(rw, r)
			return
		}
		fmt.Fprint(rw, article)
	}))
	for i := range b.N {
		if _, err := w.read(b, fmt.Sprintf("http://a.example.com/%d", i)); err != nil {
			b.Fatal(err)
		}
	}
}
