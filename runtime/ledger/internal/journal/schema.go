package journal

// statements are the journal's. A row of values has the columns in the order
// they are named in here.
type statements struct {
	selectBudgets, selectAttempts, selectIDsByKey, selectResponses *Query

	insertBudgets, limitBudgets *Statement
	// The same change of budgets in three widths: a statement costs what it sets.
	holdInBudgets, addToBudgets, addAllToBudgets *Statement

	insertAttempts, moveAttempts, settleAttempts *Statement
	insertResponses, addUsage                    *Statement
}

func newStatements() *statements {
	s := &statements{}
	s.ofBudgets()
	s.ofAttempts()
	s.addUsage = insertSums("ledger_usage",
		columnsOf("day text", "client text", "team text", "feature text", "model text"),
		columnsOf("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "nano_usd",
			"calls", "cache_hits", "overage_tokens", "overage_nano_usd"))
	return s
}

func (s *statements) ofBudgets() {
	id := columnsOf("id")
	name := columnsOf("scope_kind text", "scope_id text", "period text", "period_start text")
	limits := columnsOf("limit_tokens", "limit_nano_usd", "ceiling_tokens", "ceiling_nano_usd")
	sums := columnsOf("held_tokens", "held_nano_usd", "settled_tokens", "settled_nano_usd", "overage_tokens", "overage_nano_usd",
		"input_tokens", "output_tokens", "calls", "attempts", "uncertain")

	s.selectBudgets = selection("ledger_budgets", `id, scope_kind, scope_id, period, period_start,
		COALESCE(limit_tokens, 0), COALESCE(limit_nano_usd, 0), held_tokens, held_nano_usd,
		settled_tokens, settled_nano_usd, overage_tokens, overage_nano_usd`,
		name, " ORDER BY scope_kind, scope_id, period, period_start")
	s.insertBudgets = insert("ledger_budgets", join(name, limits, sums), "")
	s.limitBudgets = update("ledger_budgets", limits, id, false)
	s.holdInBudgets = update("ledger_budgets", columnsOf("held_tokens", "held_nano_usd", "calls", "attempts"), id, true)
	s.addToBudgets = update("ledger_budgets", columnsOf("held_tokens", "held_nano_usd", "settled_tokens", "settled_nano_usd",
		"input_tokens", "output_tokens", "calls", "attempts"), id, true)
	s.addAllToBudgets = update("ledger_budgets", sums, id, true)
}

// What the rows of an attempt have room for.
const (
	openingColumns  = 19
	progressColumns = 5
	settledColumns  = 7
)

func (s *statements) ofAttempts() {
	id := columnsOf("id")
	opening := columnsOf("id", "key text", "ordinal", "run text", "client text", "team text", "feature text", "bounded", "cached",
		"hold_tokens", "hold_nano_usd", "provider text", "region text", "model text", "agent text", "agent_version text",
		"wait", "created", "expires")
	progress := columnsOf("state text", "sent", "winner", "reason text", "ended")
	settled := columnsOf("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "nano_usd", "latency", "first_token")

	s.selectAttempts = selection("ledger_attempts",
		`id, key, ordinal, state, sent, winner, cached, bounded, run, client, team, feature, model,
		hold_tokens, hold_nano_usd, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, nano_usd,
		created, expires`, id, " ORDER BY id")
	s.selectIDsByKey = selection("ledger_attempts", "id", columnsOf("key text"), " ORDER BY id")
	s.insertAttempts = insert("ledger_attempts", join(opening, progress), "")
	s.moveAttempts = update("ledger_attempts", progress, id, false)
	s.settleAttempts = update("ledger_attempts", join(progress, settled), id, false)
	s.selectResponses = selection("ledger_responses", "attempt, response", columnsOf("attempt"), "")
	s.insertResponses = insert("ledger_responses", columnsOf("attempt", "response bytes"), "")
}

func join(lists ...columns) columns {
	var all columns
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
