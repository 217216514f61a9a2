package websearch_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/websearch"
)

type searcher struct {
	found websearch.Found
	asked websearch.Query
}

func (s *searcher) Search(_ context.Context, _ tools.Scope, q websearch.Query) (websearch.Found, error) {
	s.asked = q
	return s.found, nil
}

func call(t *testing.T, s *searcher, args string) (websearch.Output, error) {
	t.Helper()
	tool, err := websearch.New(s)
	if err != nil {
		t.Fatal(err)
	}
	result, err := tool.Call(t.Context(), tools.Scope{}, json.RawMessage(args))
	if err != nil {
		return websearch.Output{}, err
	}
	if result.Citations != nil {
		t.Error("a result of a search is no evidence")
	}
	var out websearch.Output
	if err := json.Unmarshal(result.Value, &out); err != nil {
		t.Fatal(err)
	}
	return out, nil
}

func on(day string) time.Time {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return at
}

func TestTheWindowOfDatesHolds(t *testing.T) {
	t.Parallel()
	s := &searcher{found: websearch.Found{Hits: []websearch.Hit{
		{Title: "before", URL: "https://a.example.com/1", Date: on("2022-12-31")},
		{Title: "first", URL: "https://a.example.com/2", Date: on("2023-01-01")},
		{Title: "last", URL: "https://a.example.com/3", Date: on("2023-06-30").Add(23 * time.Hour)},
		{Title: "after", URL: "https://a.example.com/4", Date: on("2023-07-01")},
		{Title: "undated", URL: "https://a.example.com/5"},
	}, Failures: []string{"brave: its rate limit is reached"}}}
	out, err := call(t, s, `{"query":" night   trains ","from":"2023-01-01","to":"2023-06-30"}`)
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, r := range out.Results {
		titles = append(titles, r.Title+" "+r.Date)
	}
	if got := strings.Join(titles, ", "); got != "first 2023-01-01, last 2023-06-30, undated " || !strings.Contains(out.Note, "without a date") || len(out.Failures) != 1 {
		t.Errorf("got %s: %+v", got, out)
	}
	if s.asked.Text != "night trains" || s.asked.Limit != websearch.DefaultLimit {
		t.Errorf("asked for %+v", s.asked)
	}
	if out, err = call(t, &searcher{}, `{"query":"x"}`); err != nil || out.Results == nil || !strings.Contains(out.Note, "Nothing was found") {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestWrongArgumentsAreTold(t *testing.T) {
	t.Parallel()
	for args, wanted := range map[string]string{
		`{"query":"  "}`: "is empty", `{"query":"x","from":"31.05.2024"}`: "write it like", `{"query":"x","from":"2024-02-01","to":"2024-01-01"}`: "before from",
		`{"query":"x","limit":50}`: "limit", `{"query":"x","url":"y"}`: "url",
	} {
		_, err := call(t, &searcher{}, args)
		var told *tools.InputError
		if !errors.As(err, &told) || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestCopiesOfOneTextAreOneSource(t *testing.T) {
	t.Parallel()
	const text = "Night trains reduced short flights in the region by eight per cent, the ministry reported on Friday after a year of counting on forty routes."
	const other = "The city council debates whether the new tram line should stop at the hospital, as residents and doctors of the ward have asked for years."
	for name, c := range map[string]struct {
		hits   []websearch.Hit
		groups int
		speaks string // address of the first group
		copies int
	}{
		"one address in several forms": {[]websearch.Hit{
			{URL: "https://www.example.com/a/?utm_source=x&id=1", Snippet: text}, {URL: "http://example.com/a?id=1&fbclid=2#top", Snippet: other}, {URL: "https://amp.example.com/a/amp?id=1"},
		}, 1, "https://www.example.com/a/?utm_source=x&id=1", 0},
		"another parameter is another page": {[]websearch.Hit{{URL: "https://example.com/a?id=1", Snippet: text}, {URL: "https://example.com/a?id=2", Snippet: other}}, 2, "https://example.com/a?id=1", 0},
		"nearly the same words": {[]websearch.Hit{
			{Title: "Fewer flights", URL: "https://b.example.com/1", Snippet: text}, {Title: "Trains win", URL: "https://a.example.com/1", Snippet: "BERLIN (AP) " + text + " More soon."},
		}, 1, "https://b.example.com/1", 1},
		"syndicated under one title": {[]websearch.Hit{
			{Title: "Night trains reduce flights, says ministry | The Courier", URL: "https://courier.example.com/1", Snippet: text[:90], Date: on("2024-06-02"), Tier: "other"},
			{Title: "Night trains reduce flights, says ministry", URL: "https://agency.example.com/1", Snippet: text[20:], Date: on("2024-05-31"), Tier: "news"},
		}, 1, "https://agency.example.com/1", 1},
		"one title, years apart": {[]websearch.Hit{
			{Title: "Night trains reduce flights, says ministry", URL: "https://a.example.com/1", Snippet: text[:70] + other, Date: on("2020-01-01")},
			{Title: "Night trains reduce flights, says ministry", URL: "https://b.example.com/1", Snippet: text[:70] + strings.ToUpper(other[40:]) + " and then something new was said by somebody", Date: on("2024-01-01")},
		}, 2, "https://a.example.com/1", 0},
		"one title, other words": {[]websearch.Hit{
			{Title: "Report of the year on all things", URL: "https://a.example.com/1", Snippet: text}, {Title: "Report of the year on all things", URL: "https://b.example.com/1", Snippet: other},
		}, 2, "https://a.example.com/1", 0},
		"snippets too short to tell": {[]websearch.Hit{{Title: "A", URL: "https://a.example.com/1", Snippet: "Read more here."}, {Title: "B", URL: "https://b.example.com/1", Snippet: "Read more here."}}, 2, "https://a.example.com/1", 0},
		"nothing":                    {nil, 0, "", 0},
	} {
		groups := websearch.Collapse(c.hits)
		if len(groups) != c.groups {
			t.Errorf("%s: %d groups: %+v", name, len(groups), groups)
			continue
		}
		if c.groups > 0 && (groups[0].URL != c.speaks || len(groups[0].Copies) != c.copies) {
			t.Errorf("%s: %+v", name, groups[0])
		}
	}
}

func FuzzCollapse(f *testing.F) {
	f.Add("Night trains reduce flights | The Courier", "https://www.example.com/a/?utm_source=x&id=1#top", "some words of a snippet")
	f.Add("", "http://m./", "")
	f.Fuzz(func(t *testing.T, title, address, snippet string) {
		hits := []websearch.Hit{{Title: title, URL: address, Snippet: snippet}, {Title: title + "x", URL: address, Snippet: ""}, {URL: "https://a.example.com/"}}
		groups := websearch.Collapse(hits)
		if len(groups) == 0 || len(groups) > 2 {
			t.Errorf("%d groups: %+v", len(groups), groups)
		}
	})
}
