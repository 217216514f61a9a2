package gatherer

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
)

// The tools that reach the web, where an installation has them.
const (
	toolWebSearch = "websearch"
	toolWebPage   = "webpage"
	toolQuery     = "sqlquery"
)

// What is asked of the web for one question: searches, and pages that are read.
const (
	webSearchesPerQuestion = 2
	webPagesPerQuestion    = 5
)

// webSearch and webPage are the inputs of the tools.
type webSearch struct {
	Query string `json:"query"`
}

type webPage struct {
	URL   string `json:"url"`
	Query string `json:"query,omitempty"`
	Limit int    `json:"limit,omitempty"`
}

// webFound is the part of the search's output that is used here.
type webFound struct {
	Results []struct {
		URL string `json:"url"`
	} `json:"results"`
}

// webSearches looks on the web for the first queries, where that can be done.
func webSearches(turn agents.Turn[Input]) toolCalls {
	if !turn.Has(toolWebSearch) || !turn.Has(toolWebPage) {
		return toolCalls{}
	}
	var searches []webSearch
	for _, query := range turn.Input.Question.Queries {
		if query = strings.TrimSpace(query); query != "" && len(searches) < webSearchesPerQuestion {
			searches = append(searches, webSearch{Query: query})
		}
	}
	return calls(toolWebSearch, searches)
}

// webPages reads the first results of each search, in turns.
func webPages(turn agents.Turn[Input]) []webPage {
	if !turn.Has(toolWebPage) {
		return nil
	}
	var lists [][]string
	longest := 0
	for _, result := range turn.Results {
		var found webFound
		if result.Name != toolWebSearch || json.Unmarshal(agents.Unfence(result.Value), &found) != nil {
			continue
		}
		var list []string
		for _, r := range found.Results {
			list = append(list, r.URL)
		}
		lists, longest = append(lists, list), max(longest, len(list))
	}
	var addresses []string
	for rank := range longest {
		for _, list := range lists {
			if rank < len(list) && !slices.Contains(addresses, list[rank]) {
				addresses = append(addresses, list[rank])
			}
		}
	}
	var pages []webPage
	for _, address := range addresses[:min(len(addresses), webPagesPerQuestion)] {
		pages = append(pages, webPage{URL: address, Query: turn.Input.Question.Text, Limit: passagesPerSearch})
	}
	return pages
}
