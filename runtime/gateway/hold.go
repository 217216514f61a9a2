package gateway

import (
	"context"
	"math"
	"math/bits"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

// What a provider may add to the text of a request, in tokens: marks around each
// message, and its own instructions where there are tools or a schema.
const (
	requestOverhead  = 64
	machineOverhead  = 1024
	messageOverhead  = 16
	toolOverhead     = 64
	jsonRerendering  = 3
	tokensPerPricing = 1_000_000
)

// inputBound is an upper bound of the input tokens of a request: as the provider
// counts them, or by bytes. A token of a byte-level tokenizer covers at least one
// byte, so text has at most as many tokens as bytes. JSON that travels as JSON
// may be written anew on the other side: at worst with a space after every mark
// and \uXXXX for every character beyond ASCII, three times its bytes.
func inputBound(ctx context.Context, server provider.Provider, r provider.Request) (int64, error) {
	if counter, ok := server.(provider.InputCounter); ok {
		return counter.CountInput(ctx, r)
	}
	return textBound(r), nil
}

func textBound(r provider.Request) int64 {
	bound := requestOverhead + len(r.System)
	if len(r.Tools) > 0 || len(r.Output) > 0 {
		bound += machineOverhead + jsonRerendering*len(r.Output)
	}
	for _, tool := range r.Tools {
		bound += toolOverhead + len(tool.Name) + len(tool.Description) + jsonRerendering*len(tool.Input)
	}
	for _, message := range r.Messages {
		bound += messageOverhead + len(message.Text)
		for _, call := range message.ToolCalls {
			bound += messageOverhead + len(call.ID) + len(call.Name) + jsonRerendering*len(call.Arguments)
		}
		for _, result := range message.ToolResults {
			bound += messageOverhead + len(result.CallID) + len(result.Name) + len(result.Value) + len(result.Error)
		}
	}
	return int64(bound)
}

// dearest are the highest rates that can apply to a request of at most input
// tokens: of the model, and of the price tiers that it can reach.
func (m Model) dearest(input int64) (in, out int64) {
	in, out = max(m.Input, m.CacheRead, m.CacheWrite), m.Output
	for _, tier := range m.Tiers {
		if input > int64(tier.Above) {
			in, out = max(in, tier.Input, tier.CacheRead, tier.CacheWrite), max(out, tier.Output)
		}
	}
	return in, out
}

// hold is an upper bound of what a call can consume: every input token at the
// dearest rate that can apply, and all the output it may have.
func (m Model) hold(input int64, maxTokens int) ledger.Amount {
	in, out := m.dearest(input)
	return ledger.Amount{
		Tokens:  input + int64(maxTokens),
		NanoUSD: nanoUSD(part{input, in}, part{int64(maxTokens), out}),
	}
}

// affordable is how many output tokens fit into what a budget leaves.
func (m Model) affordable(refusal *ledger.ExceededError, input int64) int64 {
	if refusal.Unit == "tokens" {
		return refusal.Remaining - input
	}
	in, out := m.dearest(input)
	if out == 0 || nanoUSD(part{input, in}) > refusal.Remaining {
		return 0
	}
	// floor((remaining × 1e6 - input × in) / out), in 128 bits.
	haveHigh, haveLow := bits.Mul64(uint64(refusal.Remaining), tokensPerPricing)
	spentHigh, spentLow := bits.Mul64(uint64(input), uint64(in))
	low, borrow := bits.Sub64(haveLow, spentLow, 0)
	high, _ := bits.Sub64(haveHigh, spentHigh, borrow)
	if high >= uint64(out) {
		return math.MaxInt64
	}
	fits, _ := bits.Div64(high, low, uint64(out))
	return int64(min(fits, math.MaxInt64))
}

// cost is what usage costs, at the prices of the tier that its input reaches.
func (m Model) cost(u provider.Tokens) int64 {
	price := PriceTier{Input: m.Input, Output: m.Output, CacheRead: m.CacheRead, CacheWrite: m.CacheWrite}
	for _, tier := range m.Tiers {
		if u.Input+u.CacheRead+u.CacheWrite > int64(tier.Above) {
			price = tier
		}
	}
	return nanoUSD(part{u.Input, price.Input}, part{u.Output, price.Output}, part{u.CacheRead, price.CacheRead}, part{u.CacheWrite, price.CacheWrite})
}

// part is a number of tokens and their price in nano-dollars per million.
type part struct {
	tokens, price int64
}

// nanoUSD is the cost of parts in integer nano-dollars, rounded up once, and the
// largest integer where it would pass that.
func nanoUSD(parts ...part) int64 {
	var high, low uint64
	for _, p := range parts {
		h, l := bits.Mul64(uint64(p.tokens), uint64(p.price))
		var carry uint64
		low, carry = bits.Add64(low, l, 0)
		high, carry = bits.Add64(high, h, carry)
		if carry != 0 {
			return math.MaxInt64
		}
	}
	low, carry := bits.Add64(low, tokensPerPricing-1, 0)
	high += carry
	if high >= tokensPerPricing {
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(high, low, tokensPerPricing)
	return int64(min(quotient, math.MaxInt64))
}
