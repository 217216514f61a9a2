package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/tools/websearch"
)

// The names of the search services.
const (
	ProviderBrave    = "brave"
	ProviderTavily   = "tavily"
	ProviderSearXNG  = "searxng"
	ProviderOpenAlex = "openalex"
)

// firstDay stands for an open beginning where a service wants one.
const firstDay = "1900-01-01"

func dayOr(day time.Time, otherwise string) string {
	if day.IsZero() {
		return otherwise
	}
	return day.Format(time.DateOnly)
}

func windowed(q websearch.Query) bool { return !q.From.IsZero() || !q.To.IsZero() }

// Brave is Brave's Web Search API.
type Brave struct{ service }

// NewBrave makes the service; it needs a key.
func NewBrave(options ServiceOptions) *Brave {
	return &Brave{newService(ProviderBrave, "https://api.search.brave.com", options)}
}

type braveAnswer struct {
	Type string `json:"type"`
	Web  *struct {
		Results []struct {
			Title       string `json:"title"`
			URL         string `json:"url"`
			Description string `json:"description"`
			PageAge     string `json:"page_age"`
		} `json:"results"`
	} `json:"web"`
}

// Search implements [Provider].
func (b *Brave) Search(ctx context.Context, q websearch.Query) ([]websearch.Hit, error) {
	params := url.Values{"q": {q.Text}, "count": {strconv.Itoa(q.Limit)}, "text_decorations": {"false"}}
	if windowed(q) {
		params.Set("freshness", dayOr(q.From, firstDay)+"to"+dayOr(q.To, time.Now().UTC().Format(time.DateOnly)))
	}
	var answer answerOf[braveAnswer]
	if err := b.get(ctx, "/res/v1/web/search", params, http.Header{"X-Subscription-Token": {b.key}}, &answer); err != nil {
		return nil, err
	}
	if answer.value.Web == nil {
		if answer.value.Type == "search" { // nothing found has no list
			return nil, nil
		}
		return nil, b.noResults(answer.raw)
	}
	var hits []websearch.Hit
	for _, r := range answer.value.Web.Results {
		hits = append(hits, websearch.Hit{Title: r.Title, URL: r.URL, Snippet: r.Description, Date: dateOf(r.PageAge), Provider: b.name})
	}
	return hits, nil
}

// Tavily is Tavily's search API.
type Tavily struct{ service }

// NewTavily makes the service; it needs a key.
func NewTavily(options ServiceOptions) *Tavily {
	return &Tavily{newService(ProviderTavily, "https://api.tavily.com", options)}
}

type tavilyQuestion struct {
	Query      string `json:"query"`
	MaxResults int    `json:"max_results"`
	StartDate  string `json:"start_date,omitempty"`
	EndDate    string `json:"end_date,omitempty"`
}

type tavilyAnswer struct {
	Results *[]struct {
		Title     string `json:"title"`
		URL       string `json:"url"`
		Content   string `json:"content"`
		Published string `json:"published_date"`
	} `json:"results"`
}

// Search implements [Provider].
func (t *Tavily) Search(ctx context.Context, q websearch.Query) ([]websearch.Hit, error) {
	question := tavilyQuestion{Query: q.Text, MaxResults: q.Limit, StartDate: dayOr(q.From, ""), EndDate: dayOr(q.To, "")}
	var answer answerOf[tavilyAnswer]
	if err := t.post(ctx, "/search", http.Header{"Authorization": {"Bearer " + t.key}}, question, &answer); err != nil {
		return nil, err
	}
	if answer.value.Results == nil {
		return nil, t.noResults(answer.raw)
	}
	var hits []websearch.Hit
	for _, r := range *answer.value.Results {
		hits = append(hits, websearch.Hit{Title: r.Title, URL: r.URL, Snippet: r.Content, Date: dateOf(r.Published), Provider: t.name})
	}
	return hits, nil
}

// SearXNG is a SearXNG server of one's own, with its JSON format turned on.
type SearXNG struct{ service }

// NewSearXNG makes the service; it needs a base URL. A key is sent as a bearer
// token, for servers behind one that asks for it.
func NewSearXNG(options ServiceOptions) *SearXNG {
	return &SearXNG{newService(ProviderSearXNG, "", options)}
}

type searxngAnswer struct {
	Results *[]struct {
		Title     string `json:"title"`
		URL       string `json:"url"`
		Content   string `json:"content"`
		Published string `json:"publishedDate"`
	} `json:"results"`
	Unresponsive [][]string `json:"unresponsive_engines"`
}

// Search implements [Provider]. SearXNG knows no window of dates; what bears a
// date is held to it afterwards.
func (s *SearXNG) Search(ctx context.Context, q websearch.Query) ([]websearch.Hit, error) {
	params := url.Values{"q": {q.Text}, "format": {"json"}}
	header := http.Header{}
	if s.key != "" {
		header.Set("Authorization", "Bearer "+s.key)
	}
	var answer answerOf[searxngAnswer]
	if err := s.get(ctx, "/search", params, header, &answer); err != nil {
		return nil, err
	}
	if answer.value.Results == nil {
		return nil, s.noResults(answer.raw)
	}
	if len(*answer.value.Results) == 0 && len(answer.value.Unresponsive) > 0 {
		var names []string
		for _, engine := range answer.value.Unresponsive {
			names = append(names, strings.Join(engine, " "))
		}
		return nil, s.failed("none of its engines answered: %s", plainText(strings.Join(names, ", "), 200))
	}
	var hits []websearch.Hit
	for _, r := range (*answer.value.Results)[:min(len(*answer.value.Results), q.Limit)] {
		hits = append(hits, websearch.Hit{Title: r.Title, URL: r.URL, Snippet: r.Content, Date: dateOf(r.Published), Provider: s.name})
	}
	return hits, nil
}

// OpenAlex is OpenAlex's catalogue of scholarly works.
type OpenAlex struct{ service }

// NewOpenAlex makes the service; a key is optional.
func NewOpenAlex(options ServiceOptions) *OpenAlex {
	return &OpenAlex{newService(ProviderOpenAlex, "https://api.openalex.org", options)}
}

type openAlexWork struct {
	ID       string           `json:"id"`
	DOI      string           `json:"doi"`
	Title    string           `json:"display_name"`
	Date     string           `json:"publication_date"`
	Type     string           `json:"type"`
	Abstract map[string][]int `json:"abstract_inverted_index"`
	Primary  struct {
		Landing string `json:"landing_page_url"`
	} `json:"primary_location"`
	Open struct {
		URL string `json:"oa_url"`
	} `json:"open_access"`
}

type openAlexAnswer struct {
	Results *[]openAlexWork `json:"results"`
}

// Search implements [Provider]. The address is where a work is open to all, else
// its publisher's page.
func (o *OpenAlex) Search(ctx context.Context, q websearch.Query) ([]websearch.Hit, error) {
	params := url.Values{"search": {q.Text}, "per-page": {strconv.Itoa(q.Limit)}}
	var filters []string
	if !q.From.IsZero() {
		filters = append(filters, "from_publication_date:"+q.From.Format(time.DateOnly))
	}
	if !q.To.IsZero() {
		filters = append(filters, "to_publication_date:"+q.To.Format(time.DateOnly))
	}
	if filters != nil {
		params.Set("filter", strings.Join(filters, ","))
	}
	if o.key != "" {
		params.Set("api_key", o.key)
	}
	var answer answerOf[openAlexAnswer]
	if err := o.get(ctx, "/works", params, http.Header{}, &answer); err != nil {
		return nil, err
	}
	if answer.value.Results == nil {
		return nil, o.noResults(answer.raw)
	}
	var hits []websearch.Hit
	for _, work := range *answer.value.Results {
		hit := websearch.Hit{
			Title: work.Title, URL: cmp.Or(work.Open.URL, work.Primary.Landing, work.DOI), Snippet: abstractOf(work.Abstract),
			Date: dateOf(work.Date), Provider: o.name,
		}
		switch work.Type {
		case "article", "review", "preprint", "letter", "editorial":
			hit.Tier = string(TierJournal)
		}
		hits = append(hits, hit)
	}
	return hits, nil
}

// abstractWords bounds the beginning of an abstract that is put together.
const abstractWords = 150

// abstractOf puts an abstract together from where each of its words stands.
func abstractOf(index map[string][]int) string {
	type placed struct {
		word string
		at   int
	}
	var words []placed
	for word, places := range index {
		for _, at := range places {
			if at >= 0 && at < abstractWords {
				words = append(words, placed{word, at})
			}
		}
	}
	slices.SortFunc(words, func(a, b placed) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.word, b.word)) })
	var text strings.Builder
	for i, w := range words {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(w.word)
	}
	return text.String()
}
