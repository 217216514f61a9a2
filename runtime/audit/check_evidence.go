package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/sqlquery"
	"github.com/quaestor-run/quaestor/tools/statistics"
	"github.com/quaestor-run/quaestor/tools/trend"
)

// What is made again is bounded, and so is what is shown of results.
const (
	maxComputations = 5000
	maxQueryTables  = 500
)

// maxResultRows is more than a result of a query has.
const maxResultRows = 100_000

// maxQuote is the longest quote that claims are held against, in bytes.
const maxQuote = 1 << 20

// quotes holds each piece of evidence against the bytes it quotes.
func (v *verifier) quotes(ctx context.Context) string {
	v.sound = make(map[string]bool, len(v.evidence))
	groups := map[string][]int{}
	var order []string
	for i, e := range v.evidence {
		if groups[e.SHA256] == nil {
			order = append(order, e.SHA256)
		}
		groups[e.SHA256] = append(groups[e.SHA256], i)
	}
	for _, sha256 := range order { // one snapshot in memory at a time
		if ctx.Err() != nil {
			return ""
		}
		text, fault := v.snapshot(sha256)
		for _, i := range groups[sha256] {
			e := v.evidence[i]
			if fault != "" {
				v.wrong(place(e), "its snapshot cannot be read: %s", fault)
				continue
			}
			v.sound[e.ID] = v.quote(e, text)
		}
	}
	return fmt.Sprintf("%d quotes looked up at their byte offsets in %d snapshots", len(v.evidence), len(order))
}

func place(e agents.Evidence) string { return fileEvidence + ", evidence " + e.ID }

func (v *verifier) snapshot(sha256 string) (text []byte, fault string) {
	if !isDigest(sha256) {
		return nil, fmt.Sprintf("%q is no SHA-256", short(sha256))
	}
	text, err := v.read(folderSnapshots+sha256+".txt", v.limits.File)
	if err != nil {
		return nil, err.Error()
	}
	return text, ""
}

// quote says whether a piece of evidence stands where it says.
func (v *verifier) quote(e agents.Evidence, text []byte) bool {
	id := e.Citation.ID()
	switch {
	case e.Start < 0 || e.Start >= e.End || e.End > len(text):
		v.wrong(place(e), "bytes %d to %d do not lie in the snapshot, which has %d", e.Start, e.End, len(text))
	case string(text[e.Start:e.End]) != e.Quote:
		v.wrong(place(e), "the snapshot %s has %q at bytes %d to %d, and not the quote %q",
			e.SHA256, short(string(text[e.Start:e.End])), e.Start, e.End, short(e.Quote))
	case id != e.ID:
		v.wrong(place(e), "its place and computation make it %s: one of them was changed", id)
	case len(e.Quote) > maxQuote:
		v.wrong(place(e), "its quote has %d bytes, too many to hold a claim against", len(e.Quote))
	default:
		return true
	}
	return false
}

// computations computes again what can be computed from what is in the pack.
func (v *verifier) computations(ctx context.Context) string {
	var stated []Computation
	if !load(v, fileComputations, &stated) {
		return "the computations could not be read"
	}
	derived, _ := derive(v.evidence)
	if at, same := sameJSON(stated, derived); !same {
		v.wrong(fileComputations, "it is not what the evidence says, beginning with number %d", at+1)
	}
	var sources []Source
	if !load(v, fileSources, &sources) {
		return "the sources could not be read"
	}
	if len(derived) > maxComputations {
		v.wrong(fileComputations, "it has %d computations, and at most %d are made again", len(derived), maxComputations)
		return "there are too many computations"
	}
	slices.SortStableFunc(derived, func(a, b Computation) int { return strings.Compare(a.Snapshot, b.Snapshot) }) // so that each table is read once
	shelf := tableShelf{verifier: v, sources: map[string]Source{}}
	for _, s := range sources {
		shelf.sources[s.SHA256] = s
	}
	again, left := 0, 0
	for _, c := range derived {
		if ctx.Err() != nil {
			return ""
		}
		where := "evidence " + c.Evidence[0] + ", computed by " + short(c.Tool)
		result, err := shelf.compute(c)
		var foreign unknownTool
		switch {
		case errors.As(err, &foreign):
			left++
		case err != nil:
			v.wrong(where, "it cannot be computed again: %v", err)
		case !bytes.Equal(result, c.Result):
			v.wrong(where, "computed again it gives something else: %s", difference(c.Result, result))
		default:
			again++
		}
	}
	says := fmt.Sprintf("%d of %d computations made again from the tables in the pack, with the same result", again, len(derived))
	if left > 0 {
		says += fmt.Sprintf("; %d are of tools that this program does not have", left)
	}
	return says
}

// unknownTool says that a computation is of a tool of somebody's own.
type unknownTool string

func (u unknownTool) Error() string { return "there is no tool " + string(u) }

// tableShelf gives the tables in the pack, the last of them from memory.
type tableShelf struct {
	*verifier
	sources map[string]Source
	last    *tools.Table
}

func (s *tableShelf) compute(c Computation) (json.RawMessage, error) {
	var in struct {
		Table string `json:"table"`
	}
	if c.Tool != statistics.Name && c.Tool != trend.Name {
		return nil, unknownTool(c.Tool)
	}
	if err := decodeInto(c.Input, &in); err != nil {
		return nil, err
	}
	table, err := s.table(c.Snapshot, in.Table)
	if err != nil {
		return nil, err
	}
	var citations []tools.Citation
	if c.Tool == statistics.Name {
		var input statistics.Input
		if err := decodeInto(c.Input, &input); err != nil {
			return nil, err
		}
		output, err := statistics.Compute(table, input)
		if err != nil {
			return nil, err
		}
		citations = output.Citations()
	} else {
		var input trend.Input
		if err := decodeInto(c.Input, &input); err != nil {
			return nil, err
		}
		output, err := trend.Compute(table, input)
		if err != nil {
			return nil, err
		}
		citations = output.Citations()
	}
	if len(citations) == 0 || citations[0].Computation == nil {
		return nil, errors.New("it is not from a table")
	}
	return citations[0].Computation.Result, nil
}

// table reads a snapshot as the table with an id.
func (s *tableShelf) table(sha256, id string) (*tools.Table, error) {
	if s.last != nil && s.last.SHA256 == sha256 {
		named := *s.last
		named.ID = id
		return &named, nil
	}
	source, ok := s.sources[sha256]
	if !ok {
		return nil, fmt.Errorf("%s does not name the source with the snapshot %s", fileSources, sha256)
	}
	text, fault := s.snapshot(sha256)
	if fault != "" {
		return nil, errors.New(fault)
	}
	mediaType := source.MediaType
	if mediaType == "" && strings.HasSuffix(strings.ToLower(source.URI), ".tsv") {
		mediaType = documents.TSV
	}
	table, err := documents.ReadTable(documents.TableSource{
		ID: id, Title: source.Title, URI: source.URI, MediaType: mediaType, Text: string(text),
	}, documents.Limits{Bytes: s.limits.File})
	if err != nil {
		return nil, err
	}
	s.last = table
	return table, nil
}

// queries holds the results of queries against their hashes and their rows.
func (v *verifier) queries(ctx context.Context) string {
	var stated []Query
	if !load(v, fileQueries, &stated) {
		return "the queries could not be read"
	}
	_, derived := derive(v.evidence)
	if at, same := sameJSON(stated, derived); !same {
		v.wrong(fileQueries, "it is not what the evidence says, beginning with number %d", at+1)
	}
	for _, e := range v.evidence {
		if c := e.Computation; c != nil && c.Tool == sqlquery.Name && queryOf(e).SHA256 != e.SHA256 {
			v.wrong(place(e), "the result of its query is said to have the SHA-256 %q; its snapshot has %s", short(queryOf(e).SHA256), e.SHA256)
		}
	}
	counted := map[string]int{}
	for _, q := range derived {
		if ctx.Err() != nil {
			return ""
		}
		where := "evidence " + q.Evidence[0] + ", from database " + short(q.Database)
		if q.Database == "" || q.Query == "" {
			v.wrong(where, "it does not say which query it is the result of")
		}
		rows, known := counted[q.SHA256]
		if !known {
			text, fault := v.snapshot(q.SHA256)
			if fault != "" {
				v.wrong(where, "its result cannot be read: %s", fault)
				continue
			}
			var err error
			if _, _, rows, err = activity.QueryRows(string(text), 0); err != nil {
				v.wrong(where, "its result is none of a query: %v", err)
			}
			counted[q.SHA256] = rows
		}
		if rows != q.Rows {
			v.wrong(where, "its result has %d rows, and not %d", rows, q.Rows)
		}
	}
	v.queryTables()
	return fmt.Sprintf("%d results of queries held against their hashes, their numbers of rows, and the tables that show them", len(derived))
}

// queryTables holds the tables of the published draft against the results that
// they cite, those with the columns of the result: each of their rows is one of it.
func (v *verifier) queryTables() {
	if v.published == nil {
		return
	}
	count := 0
	for _, section := range v.published.Sections {
		if count += len(section.Tables); count > maxQueryTables {
			v.wrong("the draft", "it has more than %d tables", maxQueryTables)
			return
		}
		for _, table := range section.Tables {
			if result, ok := activity.QueryOf(table, v.known); ok {
				v.queryTable(table, result)
			}
		}
	}
}

func (v *verifier) queryTable(table agents.DataTable, result agents.Evidence) {
	text, fault := v.snapshot(result.SHA256)
	if fault != "" {
		return // it was told
	}
	columns, rows, _, err := activity.QueryRows(string(text), maxResultRows)
	if err != nil || !slices.Equal(columns, table.Columns) {
		return
	}
	there := make(map[string]bool, len(rows))
	for _, row := range rows {
		there[strings.Join(row, "\x00")] = true
	}
	for i, row := range table.Rows {
		if !there[strings.Join(row, "\x00")] {
			v.wrong(fmt.Sprintf("the draft, table %q, row %d", short(table.Caption), i+1),
				"the result of the query that it cites (%s) has no such row: %s", result.ID, short(strings.Join(row, ", ")))
		}
	}
}
