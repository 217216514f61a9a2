package journal

import (
	"cmp"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// name is that of a budget row. The start is the first day of the period, empty
// for the total and for the row that keeps the limit of every day or month.
type name struct {
	scope  ledger.Scope
	period ledger.Period
	start  string
}

func compareNames(a, b name) int {
	if order := cmp.Compare(a.scope.Kind, b.scope.Kind); order != 0 {
		return order
	}
	if order := cmp.Compare(a.scope.ID, b.scope.ID); order != 0 {
		return order
	}
	if order := cmp.Compare(a.period, b.period); order != 0 {
		return order
	}
	return cmp.Compare(a.start, b.start)
}

func (n name) row() []any {
	return []any{string(n.scope.Kind), n.scope.ID, string(n.period), n.start}
}

// template is the row whose limit n takes over.
func (n name) template() name { return name{n.scope, n.period, ""} }

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func startOf(p ledger.Period, day string) string {
	switch p {
	case ledger.PeriodDay:
		return day
	case ledger.PeriodMonth:
		return day[:len("2006-01-")] + "01"
	}
	return ""
}

// namesOf gives the budgets an attempt is charged to.
func namesOf(a *ledger.Attempt, bounded bool, day string) []name {
	names := make([]name, 0, 8)
	if bounded {
		names = append(names, name{ledger.Scope{Kind: ledger.ScopeRequest, ID: a.Key}, ledger.PeriodTotal, ""})
	}
	if a.Run != "" {
		names = append(names, name{ledger.Scope{Kind: ledger.ScopeRun, ID: a.Run}, ledger.PeriodTotal, ""})
	}
	month := startOf(ledger.PeriodMonth, day)
	for _, scope := range [...]ledger.Scope{{Kind: ledger.ScopeClient, ID: a.Client}, {Kind: ledger.ScopeTeam, ID: a.Team}} {
		if scope.ID != "" {
			names = append(names, name{scope, ledger.PeriodDay, day}, name{scope, ledger.PeriodMonth, month}, name{scope, ledger.PeriodTotal, ""})
		}
	}
	return names
}

// use is what a budget row sums up, or what a transaction adds to that.
type use struct {
	held, settled, overage     ledger.Amount
	input, output              int64
	calls, attempts, uncertain int64
}

func (u *use) add(d use) {
	u.held, u.settled, u.overage = plus(u.held, d.held), plus(u.settled, d.settled), plus(u.overage, d.overage)
	u.input += d.input
	u.output += d.output
	u.calls += d.calls
	u.attempts += d.attempts
	u.uncertain += d.uncertain
}

// hold and usual are what most changes consist of.
func (u *use) hold() use {
	return use{held: u.held, calls: u.calls, attempts: u.attempts}
}

func (u *use) usual() use {
	return use{held: u.held, settled: u.settled, input: u.input, output: u.output, calls: u.calls, attempts: u.attempts}
}

func (u *use) row() []any {
	return []any{
		u.held.Tokens, u.held.NanoUSD, u.settled.Tokens, u.settled.NanoUSD, u.overage.Tokens, u.overage.NanoUSD,
		u.input, u.output, u.calls, u.attempts, u.uncertain,
	}
}

func plus(a, b ledger.Amount) ledger.Amount {
	return ledger.Amount{Tokens: a.Tokens + b.Tokens, NanoUSD: a.NanoUSD + b.NanoUSD}
}

func minus(a, b ledger.Amount) ledger.Amount {
	return ledger.Amount{Tokens: a.Tokens - b.Tokens, NanoUSD: a.NanoUSD - b.NanoUSD}
}

// budget is a row as the transaction found it, and what it adds.
type budget struct {
	id      int64
	name    name
	asked   bool // for the row, in this transaction or one before
	kept    bool // the row is in the database
	touched bool // by this transaction
	relimit bool // its limit is another now
	limit   ledger.Limit
	found   use // held, settled and overage alone
	added   use
}

// used is what stands against the limit.
func (b *budget) used() ledger.Amount {
	return plus(plus(plus(b.found.held, b.added.held), plus(b.found.settled, b.added.settled)),
		plus(b.found.overage, b.added.overage))
}

// left is what new holds may have; -1 where there is no limit.
func (b *budget) left(limit ledger.Limit) ledger.Left {
	used, left := b.used(), ledger.Left{Tokens: -1, NanoUSD: -1}
	if limit.Tokens > 0 {
		left.Tokens = max(0, limit.Tokens-used.Tokens)
	}
	if limit.NanoUSD > 0 {
		left.NanoUSD = max(0, limit.NanoUSD-used.NanoUSD)
	}
	return left
}

// refuse says why a hold does not fit, or nothing. Freed is what the call gives
// back in the same step; what takes no more than that always fits.
func (b *budget) refuse(limit ledger.Limit, hold, freed ledger.Amount) error {
	used := minus(b.used(), freed)
	refusal := &ledger.ExceededError{Scope: b.name.scope, Period: b.name.period}
	switch {
	case limit.Tokens > 0 && hold.Tokens > freed.Tokens && hold.Tokens > limit.Tokens-used.Tokens:
		refusal.Unit, refusal.Limit, refusal.Asked = "tokens", limit.Tokens, hold.Tokens
		refusal.Remaining = max(0, limit.Tokens-used.Tokens)
	case limit.NanoUSD > 0 && hold.NanoUSD > freed.NanoUSD && hold.NanoUSD > limit.NanoUSD-used.NanoUSD:
		refusal.Unit, refusal.Limit, refusal.Asked = "nano-dollars", limit.NanoUSD, hold.NanoUSD
		refusal.Remaining = max(0, limit.NanoUSD-used.NanoUSD)
	default:
		return nil
	}
	return refusal
}

// limitRow gives the limit of the row and the ceiling that the database
// enforces: the limit, or what is used already where that is more.
func (b *budget) limitRow() []any {
	after := plus(plus(b.found.held, b.found.settled), plus(b.added.held, b.added.settled))
	before := plus(b.found.held, b.found.settled)
	row := []any{nil, nil, nil, nil}
	if b.limit.Tokens > 0 {
		row[0], row[2] = b.limit.Tokens, max(b.limit.Tokens, before.Tokens, after.Tokens)
	}
	if b.limit.NanoUSD > 0 {
		row[1], row[3] = b.limit.NanoUSD, max(b.limit.NanoUSD, before.NanoUSD, after.NanoUSD)
	}
	return row
}

// tightest is the smaller of what two budgets leave.
func tightest(a, b int64) int64 {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}
