package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/server/money"
)

// accounts is the ledger, or the problem that there is none.
func (s *Server) accounts() (ledger.Ledger, error) {
	if s.ledger == nil {
		return nil, newProblem(http.StatusNotFound, "This server keeps no accounts.")
	}
	return s.ledger, nil
}

// GetBudgets says what a client or team may spend.
func (o operations) GetBudgets(ctx context.Context, in api.GetBudgetsRequestObject) (api.GetBudgetsResponseObject, error) {
	report, err := o.budgets(ctx, ledger.Scope{Kind: ledger.ScopeKind(in.Scope), ID: in.ID})
	if err != nil {
		return nil, err
	}
	return api.GetBudgets200JSONResponse(report), nil
}

// PutBudget limits it.
func (o operations) PutBudget(ctx context.Context, in api.PutBudgetRequestObject) (api.PutBudgetResponseObject, error) {
	book, err := o.accounts()
	if err != nil {
		return nil, err
	}
	var reading reading
	limit := ledger.Limit{Tokens: in.Body.Tokens, NanoUSD: reading.dollars("/usd", in.Body.USD)}
	if err := reading.err(); err != nil {
		return nil, err
	}
	scope := ledger.Scope{Kind: ledger.ScopeKind(in.Scope), ID: in.ID}
	if err := book.SetLimit(ctx, scope, ledger.Period(in.Period), limit); err != nil {
		return nil, err
	}
	report, err := o.budgets(ctx, scope)
	if err != nil {
		return nil, err
	}
	return api.PutBudget200JSONResponse(report), nil
}

func (s *Server) budgets(ctx context.Context, scope ledger.Scope) (api.BudgetReport, error) {
	book, err := s.accounts()
	if err != nil {
		return api.BudgetReport{}, err
	}
	report := api.BudgetReport{Scope: api.BudgetReportScope(scope.Kind), ID: scope.ID}
	for _, period := range []ledger.Period{ledger.PeriodDay, ledger.PeriodMonth, ledger.PeriodTotal} {
		balance, err := book.Balance(ctx, scope, period)
		if err != nil {
			return api.BudgetReport{}, err
		}
		report.Periods = append(report.Periods, periodOf(period, balance))
	}
	return report, nil
}

func periodOf(period ledger.Period, b ledger.Balance) api.BudgetPeriod {
	answer := api.BudgetPeriod{
		Period: api.BudgetPeriodPeriod(period), Settled: amountOf(b.Settled), Held: amountOf(b.Held), Overage: amountOf(b.Overage),
		Calls: b.Calls, Uncertain: b.Uncertain,
	}
	if b.Limit.Tokens > 0 {
		answer.Limit.Tokens = b.Limit.Tokens
		answer.Left.Tokens = new(max(0, b.Limit.Tokens-b.Settled.Tokens-b.Held.Tokens-b.Overage.Tokens))
	}
	if b.Limit.NanoUSD > 0 {
		answer.Limit.USD = money.Dollars(b.Limit.NanoUSD)
		answer.Left.USD = money.Dollars(max(0, b.Limit.NanoUSD-b.Settled.NanoUSD-b.Held.NanoUSD-b.Overage.NanoUSD))
	}
	return answer
}

func amountOf(a ledger.Amount) api.Amount {
	return api.Amount{Tokens: a.Tokens, USD: money.Dollars(a.NanoUSD)}
}

// ListAttempts lists attempts, those to be reconciled unless another state is
// asked for.
func (o operations) ListAttempts(ctx context.Context, in api.ListAttemptsRequestObject) (api.ListAttemptsResponseObject, error) {
	book, err := o.accounts()
	if err != nil {
		return nil, err
	}
	filter := ledger.AttemptFilter{State: ledger.StateUncertain, Client: given(in.Params.Client), Limit: pageOf(in.Params.Limit)}
	if in.Params.State != nil {
		filter.State = ledger.State(*in.Params.State)
	}
	if cursor := given(in.Params.Cursor); cursor != "" {
		if filter.After, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return nil, ledger.ErrCursor
		}
	}
	attempts, err := book.Attempts(ctx, filter)
	if err != nil {
		return nil, err
	}
	answer := api.ListAttempts200JSONResponse{Attempts: make([]api.Attempt, 0, len(attempts))}
	for _, attempt := range attempts {
		answer.Attempts = append(answer.Attempts, attemptOf(attempt))
	}
	if len(attempts) == filter.Limit {
		answer.Next = strconv.FormatInt(attempts[len(attempts)-1].ID, 10)
	}
	return answer, nil
}

// SettleAttempt ends an uncertain attempt at what it cost.
func (o operations) SettleAttempt(ctx context.Context, in api.SettleAttemptRequestObject) (api.SettleAttemptResponseObject, error) {
	var reading reading
	usage := ledger.Usage{
		InputTokens: in.Body.InputTokens, OutputTokens: in.Body.OutputTokens,
		CacheReadTokens: in.Body.CacheReadTokens, CacheWriteTokens: in.Body.CacheWriteTokens, NanoUSD: reading.dollars("/usd", in.Body.USD),
	}
	if err := reading.err(); err != nil {
		return nil, err
	}
	attempt, err := o.reconcile(ctx, in.ID, func(book ledger.Ledger) error {
		_, err := book.Settle(ctx, in.ID, ledger.Settlement{Usage: usage})
		return err
	})
	if err != nil {
		return nil, err
	}
	return api.SettleAttempt200JSONResponse(attemptOf(attempt)), nil
}

// ReleaseAttempt gives the hold of an uncertain attempt back.
func (o operations) ReleaseAttempt(ctx context.Context, in api.ReleaseAttemptRequestObject) (api.ReleaseAttemptResponseObject, error) {
	var reading reading
	reason := reading.text("/reason", in.Body.Reason)
	if err := reading.err(); err != nil {
		return nil, err
	}
	attempt, err := o.reconcile(ctx, in.ID, func(book ledger.Ledger) error {
		return book.Release(ctx, in.ID, "reconciled by "+principalOf(ctx).name+": "+reason)
	})
	if err != nil {
		return nil, err
	}
	return api.ReleaseAttempt200JSONResponse(attemptOf(attempt)), nil
}

// reconcile ends an attempt whose outcome is unknown; one that is under way is
// not for people to end.
func (s *Server) reconcile(ctx context.Context, id int64, end func(ledger.Ledger) error) (ledger.Attempt, error) {
	book, err := s.accounts()
	if err != nil {
		return ledger.Attempt{}, err
	}
	attempt, err := attemptByID(ctx, book, id)
	if err != nil {
		return ledger.Attempt{}, err
	}
	if attempt.State != ledger.StateUncertain {
		return ledger.Attempt{}, conflict("Attempt %d is %s; only what is uncertain can be reconciled.", id, attempt.State)
	}
	err = end(book)
	if errors.Is(err, ledger.ErrState) {
		return ledger.Attempt{}, conflict("Attempt %d has just been ended by somebody else.", id)
	}
	if err != nil {
		return ledger.Attempt{}, err
	}
	return attemptByID(ctx, book, id)
}

func attemptByID(ctx context.Context, book ledger.Ledger, id int64) (ledger.Attempt, error) {
	found, err := book.Attempts(ctx, ledger.AttemptFilter{After: id - 1, Limit: 1})
	if err != nil {
		return ledger.Attempt{}, err
	}
	if len(found) == 0 || found[0].ID != id {
		return ledger.Attempt{}, notFound("attempt", strconv.FormatInt(id, 10))
	}
	return found[0], nil
}

func attemptOf(a ledger.Attempt) api.Attempt {
	answer := api.Attempt{
		ID: a.ID, Call: a.Key, Ordinal: a.Ordinal, State: api.AttemptState(a.State), Run: a.Run, Client: a.Client, Team: a.Team,
		Feature: a.Feature, Provider: a.Provider, Region: a.Region, Model: a.Model, Hold: amountOf(a.Hold), Reason: a.Reason,
		CreatedAt: a.Created.UTC(), EndedAt: utc(a.Ended),
	}
	if a.State == ledger.StateSettled {
		answer.Usage = api.AttemptUsage{
			InputTokens: a.Usage.InputTokens, OutputTokens: a.Usage.OutputTokens,
			CacheReadTokens: a.Usage.CacheReadTokens, CacheWriteTokens: a.Usage.CacheWriteTokens, USD: money.Dollars(a.Usage.NanoUSD),
		}
	}
	return answer
}
