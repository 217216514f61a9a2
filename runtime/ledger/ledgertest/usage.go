package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// spend makes calls by two clients of one team, for two features.
func spend(t *testing.T, l ledger.Ledger) {
	t.Helper()
	for i := range 12 {
		r := reservation(fmt.Sprint("k", i), 10, 100, client(fmt.Sprint("c", i%2)), team("t"))
		r.Feature, r.Model, r.Dispatched = []string{"chat", "agent", "embeddings"}[i%3], fmt.Sprint("m", i%4), true
		a := reserve(t, l, r)
		s := settlement(int64(i), 1, 50, "x")
		s.Usage.CacheReadTokens, s.Usage.CacheWriteTokens = 2, 3
		settle(t, l, a.ID, s)
	}
	r := reservation("hit", 0, 0, client("c0"), team("t"))
	r.Feature, r.Model = "chat", "m0"
	must(t, l.RecordHit(t.Context(), r))
}

func usage(t *testing.T, l ledger.Ledger, query ledger.UsageQuery) []ledger.UsageRow {
	t.Helper()
	rows, err := l.Usage(t.Context(), query)
	must(t, err)
	return rows
}

func testUsage(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	if rows := usage(t, l, ledger.UsageQuery{}); len(rows) != 0 {
		t.Errorf("usage of nobody: %+v", rows)
	}
	spend(t, l)
	all := usage(t, l, ledger.UsageQuery{})
	if len(all) != 1 {
		t.Fatalf("%d rows", len(all))
	}
	all[0].Cursor = ""
	equal(t, "everything", all[0], ledger.UsageRow{
		Usage: ledger.Usage{InputTokens: 66, OutputTokens: 12, CacheReadTokens: 24, CacheWriteTokens: 36, NanoUSD: 600},
		// 6 and more of input pass a hold of 10: what is above 4 each.
		Calls: 12, CacheHits: 1, Overage: ledger.Amount{Tokens: 1 + 2 + 3 + 4 + 5 + 6 + 7},
	})
	today := time.Now()
	rows := usage(t, l, ledger.UsageQuery{From: today, To: today, Client: "c0", Team: "t", By: []ledger.Dimension{ledger.ByFeature, ledger.ByClient}})
	var text string
	for _, r := range rows {
		text += fmt.Sprintf("%s/%s:%d+%d ", r.Feature, r.Client, r.Calls, r.CacheHits)
	}
	equal(t, "by feature", text, "agent/c0:2+0 chat/c0:2+1 embeddings/c0:2+0 ")
	equal(t, "before", len(usage(t, l, ledger.UsageQuery{To: today.AddDate(0, 0, -1)})), 0)
	equal(t, "after", len(usage(t, l, ledger.UsageQuery{From: today.AddDate(0, 0, 1)})), 0)
	equal(t, "of nobody", len(usage(t, l, ledger.UsageQuery{Team: "nobody", By: []ledger.Dimension{ledger.ByDay}})), 0)
	for _, bad := range []ledger.UsageQuery{
		{By: []ledger.Dimension{"colour"}},
		{By: []ledger.Dimension{ledger.ByDay, ledger.ByDay}},
		{By: []ledger.Dimension{ledger.ByDay}, After: "???"},
		{By: []ledger.Dimension{ledger.ByDay, ledger.ByModel}, After: usage(t, l, ledger.UsageQuery{By: []ledger.Dimension{ledger.ByDay}})[0].Cursor},
	} {
		if _, err := l.Usage(t.Context(), bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func testUsagePages(t *testing.T, open func(*testing.T) ledger.Ledger) {
	l := open(t)
	spend(t, l)
	by := []ledger.Dimension{ledger.ByModel, ledger.ByFeature, ledger.ByClient, ledger.ByDay, ledger.ByTeam}
	whole := usage(t, l, ledger.UsageQuery{By: by})
	if len(whole) != 12 {
		t.Fatalf("%d rows", len(whole))
	}
	var paged []ledger.UsageRow
	query := ledger.UsageQuery{By: by, Limit: 5}
	for {
		page := usage(t, l, query)
		if len(page) == 0 {
			break
		}
		if len(page) > 5 {
			t.Fatalf("%d rows on a page of 5", len(page))
		}
		paged = append(paged, page...)
		query.After = page[len(page)-1].Cursor
	}
	equal(t, "pages", fmt.Sprint(paged), fmt.Sprint(whole))
}
