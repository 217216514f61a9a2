package server

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	openapitypes "github.com/oapi-codegen/runtime/types"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/server/money"
)

// usagePage is how many rows a page of usage has unless another number is asked
// for.
const usagePage = 100

// GetUsage sums what was consumed. A client sees its own.
func (o operations) GetUsage(ctx context.Context, in api.GetUsageRequestObject) (api.GetUsageResponseObject, error) {
	book, err := o.accounts()
	if err != nil {
		return nil, err
	}
	query, err := o.usageQuery(ctx, in.Params)
	if err != nil {
		return nil, err
	}
	rows, err := book.Usage(ctx, query)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(query.By) > 0 && len(rows) == query.Limit {
		next = rows[len(rows)-1].Cursor
	}
	header, link := http.Header{}, ""
	if next != "" {
		link = nextPage(exchangeOf(ctx).request.URL, next)
		header.Set("Link", link)
	}
	if wantsCSV(exchangeOf(ctx).request, in.Params.Format) {
		text, err := usageCSV(rows)
		if err != nil {
			return nil, err
		}
		header.Set("Content-Type", "text/csv; charset=utf-8")
		header.Set("Content-Disposition", `attachment; filename="usage.csv"`)
		return usageFile{respond{status: http.StatusOK, header: header, body: text}}, nil
	}
	report := api.UsageReport{
		From: openapitypes.Date{Time: query.From}, To: openapitypes.Date{Time: query.To}, Next: next, Rows: make([]api.UsageRow, 0, len(rows)),
	}
	for _, row := range rows {
		report.Rows = append(report.Rows, usageRowOf(row))
	}
	return api.GetUsage200JSONResponse{Body: report, Headers: api.GetUsage200ResponseHeaders{Link: link}}, nil
}

// usageFile is usage as CSV.
type usageFile struct{ respond }

// VisitGetUsageResponse implements api.GetUsageResponseObject.
func (u usageFile) VisitGetUsageResponse(w http.ResponseWriter) error { return u.write(w) }

func (o operations) usageQuery(ctx context.Context, params api.GetUsageParams) (ledger.UsageQuery, error) {
	now := o.now().UTC()
	query := ledger.UsageQuery{
		From: time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC), To: time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC),
		Client: given(params.Client), Team: given(params.Team), After: given(params.Cursor), Limit: usagePage,
	}
	if params.From != nil {
		query.From = params.From.Time
	}
	if params.To != nil {
		query.To = params.To.Time
	}
	if query.To.Before(query.From) {
		return query, atFields(http.StatusBadRequest, inQuery("to", "is before from (%s)", query.From.Format(time.DateOnly)))
	}
	if params.Limit != nil {
		query.Limit = *params.Limit
	}
	for _, by := range given(params.By) {
		query.By = append(query.By, ledger.Dimension(by))
	}
	who := principalOf(ctx)
	if who.all {
		return query, nil
	}
	if query.Client != "" && query.Client != who.client || query.Team != "" {
		return query, notAdmin()
	}
	query.Client = who.client
	return query, nil
}

// nextPage is a Link header to the page after this one (RFC 8288).
func nextPage(here *url.URL, cursor string) string {
	query := here.Query()
	query.Set("cursor", cursor)
	return fmt.Sprintf("<%s?%s>; rel=\"next\"", here.Path, query.Encode())
}

func wantsCSV(r *http.Request, format *api.GetUsageParamsFormat) bool {
	if format != nil {
		return string(*format) == "csv"
	}
	media, _ := negotiate(r.Header.Values("Accept"), []string{"application/json", "text/csv"})
	return media == "text/csv"
}

func usageRowOf(row ledger.UsageRow) api.UsageRow {
	return api.UsageRow{
		Day: row.Day, Client: row.Client, Team: row.Team, Feature: row.Feature, Model: row.Model,
		Calls: row.Calls, CacheHits: row.CacheHits, InputTokens: row.Usage.InputTokens, OutputTokens: row.Usage.OutputTokens,
		CacheReadTokens: row.Usage.CacheReadTokens, CacheWriteTokens: row.Usage.CacheWriteTokens,
		CostUSD: money.Dollars(row.Usage.NanoUSD), OverageUSD: money.Dollars(row.Overage.NanoUSD),
	}
}

// usageCSV writes all columns, those that were not summed by empty.
func usageCSV(rows []ledger.UsageRow) ([]byte, error) {
	var text bytes.Buffer
	file := csv.NewWriter(&text)
	lines := [][]string{{
		"day", "client", "team", "feature", "model", "calls", "cache_hits", "input_tokens", "output_tokens",
		"cache_read_tokens", "cache_write_tokens", "cost_usd", "overage_usd",
	}}
	for _, row := range rows {
		count := func(n int64) string { return strconv.FormatInt(n, 10) }
		line := []string{row.Day, row.Client, row.Team, row.Feature, row.Model}
		for i, name := range line {
			line[i] = inert(name)
		}
		lines = append(lines, slices.Concat(line, []string{
			count(row.Calls), count(row.CacheHits), count(row.Usage.InputTokens), count(row.Usage.OutputTokens),
			count(row.Usage.CacheReadTokens), count(row.Usage.CacheWriteTokens),
			money.Dollars(row.Usage.NanoUSD).String(), money.Dollars(row.Overage.NanoUSD).String(),
		}))
	}
	if err := file.WriteAll(lines); err != nil {
		return nil, fmt.Errorf("writing usage as CSV: %w", err)
	}
	return text.Bytes(), nil
}

// inert keeps a spreadsheet from taking a name for a formula.
func inert(name string) string {
	if name != "" && strings.ContainsRune("=+-@\t\r", rune(name[0])) {
		return "'" + name
	}
	return name
}
