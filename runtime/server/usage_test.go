package server_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// spend settles a call of one cent and a nano-dollar.
func spend(t *testing.T, book ledger.Ledger, key, client, model string) {
	t.Helper()
	attempt, err := book.Reserve(t.Context(), ledger.Reservation{
		Key: key, Client: client, Feature: "chat", Provider: "double", Model: model, Dispatched: true,
		Hold: ledger.Amount{Tokens: 100, NanoUSD: 1_000_000_000}, Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = book.Settle(t.Context(), attempt.ID, ledger.Settlement{Usage: ledger.Usage{InputTokens: 10, OutputTokens: 5, CacheReadTokens: 1, NanoUSD: 10_000_001}})
	if err != nil {
		t.Fatal(err)
	}
}

type usageReport struct {
	From, To string
	Rows     []struct {
		Client, Model string
		Calls         int64
		CostUSD       float64 `json:"cost_usd"`
	}
	Next string
}

func TestUsage(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.Now = time.Now })
	spend(t, w.ledger, "1", "acme", "small")
	spend(t, w.ledger, "2", "acme", "large")
	spend(t, w.ledger, "3", "zoo", "=cmd()")
	spend(t, w.ledger, "4", "zoo", "=cmd()")
	acme, admin := w.addKey("acme", "ann"), w.addAdmin()
	var report usageReport
	got := acme.call("GET", "/v1/usage", "").want(200)
	if got.into(&report); len(report.Rows) != 1 || report.Rows[0].Calls != 2 || !strings.Contains(string(got.body), `"cost_usd":0.020000002`) {
		t.Errorf("acme sees %s", got.body)
	}
	if today := time.Now().UTC(); report.To != today.Format(time.DateOnly) || report.From != today.Format("2006-01-")+"01" {
		t.Errorf("from %s to %s", report.From, report.To)
	}
	acme.call("GET", "/v1/usage?by=client,model&client=acme", "").want(200).into(&report)
	if len(report.Rows) != 2 || report.Rows[0].Client != "acme" || report.Rows[0].Model != "large" {
		t.Errorf("acme sees %+v", report.Rows)
	}
	acme.call("GET", "/v1/usage?client=zoo", "").wantProblem(403, "not-admin")
	acme.call("GET", "/v1/usage?team=ops", "").wantProblem(403, "not-admin")

	report = usageReport{}
	got = admin.call("GET", "/v1/usage?by=client,model&limit=2", "").want(200)
	if got.into(&report); len(report.Rows) != 2 || report.Next == "" || !strings.Contains(got.header.Get("Link"), `rel="next"`) {
		t.Fatalf("admin sees %s, %v", got.body, got.header)
	}
	next := usageReport{}
	admin.call("GET", "/v1/usage?by=client,model&limit=2&cursor="+url.QueryEscape(report.Next), "").want(200).into(&next)
	if len(next.Rows) != 1 || next.Rows[0].Client != "zoo" || next.Rows[0].Calls != 2 || next.Next != "" {
		t.Errorf("the next page is %+v", next)
	}
	admin.call("GET", "/v1/usage?by=client&cursor="+url.QueryEscape(report.Next), "").wantField(400, "malformed", "query", "cursor")
	admin.call("GET", "/v1/usage?by=colour", "").wantField(400, "malformed", "query", "by")
	admin.call("GET", "/v1/usage?from=2030-01-02&to=2030-01-01", "").wantField(400, "malformed", "query", "to")
	admin.call("GET", "/v1/usage?from=yesterday", "").wantField(400, "malformed", "query", "from")
	report = usageReport{}
	if admin.call("GET", "/v1/usage?from=2001-01-01&to=2001-01-31&by=day", "").want(200).into(&report); len(report.Rows) != 0 {
		t.Errorf("in 2001 there was %+v", report.Rows)
	}
}

func TestUsageAsCSV(t *testing.T) {
	t.Parallel()
	w := setup(t, func(o *server.Options) { o.Now = time.Now })
	spend(t, w.ledger, "1", "zoo", "=cmd()")
	admin := w.addAdmin()
	want := "day,client,team,feature,model,calls,cache_hits,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,cost_usd,overage_usd\n" +
		",zoo,,,'=cmd(),1,0,10,5,1,0,0.010000001,0\n"
	for _, got := range []answer{
		admin.call("GET", "/v1/usage?by=client,model&format=csv", "").want(200),
		admin.call("GET", "/v1/usage?by=client,model", "", withHeader("Accept", "text/csv")).want(200),
	} {
		if string(got.body) != want || !strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
			t.Errorf("got %q as %s", got.body, got.header.Get("Content-Type"))
		}
	}
	if got := admin.call("GET", "/v1/usage?format=json", "", withHeader("Accept", "text/csv")).want(200); got.body[0] != '{' {
		t.Errorf("got %s", got.body)
	}
}
