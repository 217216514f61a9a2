package audit

import (
	"context"
	"fmt"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server/money"
)

// sums are what the attempts of a run come to.
type sums struct {
	settled   ledger.Amount
	held      ledger.Amount
	uncertain int64
	published int64 // nano-dollars of what had ended when the report was published
	attempts  int
}

// costs adds up the attempts, and holds the account, the scorecard and the budget
// against the sum.
func (v *verifier) costs(context.Context) string {
	sum := v.sum()
	var stated Costs
	if !load(v, fileCosts, &stated) {
		return "the account could not be read"
	}
	same := func(what string, stated, computed int64) {
		if stated != computed {
			v.wrong(fileCosts, "it gives %s as %d; the attempts of %s come to %d", what, stated, fileCalls, computed)
		}
	}
	same("tokens that were settled", stated.SettledTokens+stated.OverageTokens, sum.settled.Tokens)
	same("nano-dollars that were settled", stated.SettledNanoUSD+stated.OverageNanoUSD, sum.settled.NanoUSD)
	same("tokens that are held", stated.HeldTokens, sum.held.Tokens)
	same("nano-dollars that are held", stated.HeldNanoUSD, sum.held.NanoUSD)
	same("attempts whose end is unknown", stated.Uncertain, sum.uncertain)
	v.budget(stated)
	if v.reported != nil {
		cost := v.reported.Scorecard.CostUSD
		if cost != float64(sum.published)/1e9 && cost != float64(sum.settled.NanoUSD)/1e9 {
			v.wrong(fileReport+", scorecard", "it gives the cost as %v USD; the attempts that had ended when it was published come to %s USD", cost, money.Dollars(sum.published))
		}
	}
	return fmt.Sprintf("%d calls in %d attempts add up to %s USD and %d tokens, held against account, budget and report",
		len(v.calls), sum.attempts, money.Dollars(sum.settled.NanoUSD), sum.settled.Tokens)
}

func (v *verifier) sum() sums {
	var sum sums
	ids, keys := map[int64]bool{}, map[string]bool{}
	for _, call := range v.calls {
		where := fileCalls + ", call " + call.Key
		if keys[call.Key] || len(call.Attempts) == 0 {
			v.wrong(where, "it is there twice, or without an attempt")
		}
		keys[call.Key] = true
		settled := 0
		for _, a := range call.Attempts {
			if ids[a.ID] {
				v.wrong(where, "attempt %d is there twice", a.ID)
			}
			ids[a.ID] = true
			sum.attempts++
			settled += v.account(&sum, where, a)
		}
		if ended := string(ledger.StateSettled); (call.Status == ended) != (settled > 0) {
			v.wrong(where, "it is recorded as %q, and %d of its attempts were settled", short(call.Status), settled)
		}
	}
	return sum
}

// account adds an attempt to the sums; of those that were settled it gives 1.
func (v *verifier) account(sum *sums, where string, a Attempt) (settled int) {
	for _, n := range []int64{a.InputTokens, a.OutputTokens, a.CacheReadTokens, a.CacheWriteTokens, a.NanoUSD, a.HoldTokens, a.HoldNanoUSD} {
		const largest = 1 << 50
		if n < 0 || n > largest {
			v.wrong(where, "attempt %d has an amount that cannot be: %d", a.ID, n)
			return 0
		}
	}
	switch ledger.State(a.Status) {
	case ledger.StateSettled:
		used := a.usage()
		sum.settled.Tokens += used.Tokens()
		sum.settled.NanoUSD += used.NanoUSD
		if v.publication != nil && !a.Ended.After(v.publication.Created) {
			sum.published += used.NanoUSD
		}
		return 1
	case ledger.StateUncertain:
		sum.uncertain++
		fallthrough
	case ledger.StateReserved, ledger.StateDispatched:
		sum.held.Tokens += a.HoldTokens
		sum.held.NanoUSD += a.HoldNanoUSD
	case ledger.StateReleased:
	default:
		v.wrong(where, "attempt %d is in no state there is: %q", a.ID, short(a.Status))
	}
	return 0
}

// budget holds the account against the limits of the run's request.
func (v *verifier) budget(c Costs) {
	for _, b := range []struct {
		unit                        string
		asked, limit, settled, held int64
	}{
		{"tokens", v.request.Budget.Tokens, c.LimitTokens, c.SettledTokens, c.HeldTokens},
		{"nano-dollars", v.request.Budget.NanoUSD, c.LimitNanoUSD, c.SettledNanoUSD, c.HeldNanoUSD},
	} {
		if b.asked != b.limit {
			v.wrong(fileCosts, "the limit of the run is %d %s; its request asked for %d", b.limit, b.unit, b.asked)
		}
		if b.limit > 0 && b.settled+b.held > b.limit {
			v.wrong(fileCosts, "%d %s are settled or held, above the limit of %d", b.settled+b.held, b.unit, b.limit)
		}
	}
}
