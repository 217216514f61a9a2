package journal

// The journal's statements. A row of values has the columns in this order.
var (
	keyOfBudget = columnsOf("scope_kind text", "scope_id text", "period text", "period_start text")
	idOfBudget  = columnsOf("id")
	heldColumns = columnsOf("held_tokens", "held_nano_usd", "calls", "attempts")
	mostColumns = columnsOf("held_tokens", "held_nano_usd", "settled_tokens", "settled_nano_usd",
		"input_tokens", "output_tokens", "calls", "attempts")
	sumsOfUse = columnsOf(
		"held_tokens", "held_nano_usd", "settled_tokens", "settled_nano_usd", "overage_tokens", "overage_nano_usd",
		"input_tokens", "output_tokens", "calls", "attempts", "uncertain")
	limits = columnsOf("limit_tokens", "limit_nano_usd", "ceiling_tokens", "ceiling_nano_usd")

	selectBudgets = selection("ledger_budgets", `id, scope_kind, scope_id, period, period_start,
		COALESCE(limit_tokens, 0), COALESCE(limit_nano_usd, 0), held_tokens, held_nano_usd,
		settled_tokens, settled_nano_usd, overage_tokens, overage_nano_usd`,
		keyOfBudget, " ORDER BY scope_kind, scope_id, period, period_start")
	insertBudgets = insert("ledger_budgets", join(keyOfBudget, limits, sumsOfUse), "")
	limitBudgets  = update("ledger_budgets", limits, idOfBudget, false)
	// The same change in three widths: a statement costs what it sets.
	holdInBudgets   = update("ledger_budgets", heldColumns, idOfBudget, true)
	addToBudgets    = update("ledger_budgets", mostColumns, idOfBudget, true)
	addAllToBudgets = update("ledger_budgets", sumsOfUse, idOfBudget, true)

	idOfAttempt  = columnsOf("id")
	keyOfAttempt = columnsOf("key text")
	opening      = columnsOf("key text", "ordinal", "run text", "client text", "team text", "feature text", "bounded", "cached",
		"hold_tokens", "hold_nano_usd", "provider text", "region text", "model text", "agent text", "agent_version text",
		"wait", "created", "expires")
	progress   = columnsOf("state text", "sent", "winner", "reason text", "ended")
	settlement = columnsOf("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "nano_usd", "latency", "first_token")

	selectAttempts = selection("ledger_attempts", lockedColumns, idOfAttempt, " ORDER BY id")
	selectIDsByKey = selection("ledger_attempts", "id", keyOfAttempt, " ORDER BY id")
	insertAttempts = insert("ledger_attempts", join(idOfAttempt, opening, progress), "")
	moveAttempts   = update("ledger_attempts", progress, idOfAttempt, false)
	settleAttempts = update("ledger_attempts", join(progress, settlement), idOfAttempt, false)

	selectResponses = selection("ledger_responses", "attempt, response", columnsOf("attempt"), "")
	insertResponses = insert("ledger_responses", columnsOf("attempt", "response bytes"), "")

	keyOfUsage  = columnsOf("day text", "client text", "team text", "feature text", "model text")
	sumsOfUsage = columnsOf("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "nano_usd",
		"calls", "cache_hits", "overage_tokens", "overage_nano_usd")
	addUsage = insertSums("ledger_usage", keyOfUsage, sumsOfUsage)
)

// lockedColumns is what is read of an attempt to judge a change of it.
const lockedColumns = `id, key, ordinal, state, sent, winner, cached, bounded, run, client, team, feature, model,
	hold_tokens, hold_nano_usd, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, nano_usd,
	created, expires`

func join(lists ...columns) columns {
	var all columns
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
