package modelapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/gateway"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/server/access"
	"github.com/quaestor-run/quaestor/runtime/server/money"
	"github.com/quaestor-run/quaestor/tools"
)

// featureChat is what the calls of this package are for.
const featureChat = "chat"

// chat serves POST /v1/chat/completions.
func (a *API) chat(w http.ResponseWriter, r *http.Request, caller access.Caller) error {
	body, err := a.body(w, r)
	if err != nil {
		return err
	}
	calls, err := a.prepare(r.Context(), caller, askedBy(r), body)
	if err != nil {
		return err
	}
	if calls.request.stream {
		return a.stream(w, r, caller, calls)
	}
	ctx, cancel := Patient(r.Context())
	defer cancel()
	answers, err := a.answers(ctx, calls)
	if err != nil {
		return err
	}
	text, err := encode(calls.completion(answers))
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	tellResult(header, answers)
	a.write(w, http.StatusOK, text)
	return nil
}

// chatCalls is a request and the calls it comes to, one for each choice.
type chatCalls struct {
	request chatRequest
	calls   []gateway.Call
	id      string
	created int64
}

// asked is what a request says beside its body.
type asked struct {
	path  string
	key   string // to find the answer again
	cache string
}

func askedBy(r *http.Request) asked {
	return asked{path: r.URL.Path, key: r.Header.Get("Idempotency-Key"), cache: r.Header.Get("X-Quaestor-Cache")}
}

// prepare reads a request and says what calls it makes.
func (a *API) prepare(ctx context.Context, caller access.Caller, asked asked, body []byte) (chatCalls, error) {
	request, err := decodeChat(body, &a.schemas)
	if err != nil {
		return chatCalls{}, err
	}
	if err := a.model(caller, request.model, false); err != nil {
		return chatCalls{}, err
	}
	cache, err := cachePolicy(asked.cache, caller.Client.Cache)
	if err != nil {
		return chatCalls{}, err
	}
	key, transient, err := a.key(ctx, caller, asked, body)
	if err != nil {
		return chatCalls{}, err
	}
	if request.choices > 1 { // one answer for all of them is not what was asked for
		cache = gateway.CacheNever
	}
	made := chatCalls{request: request, id: "chatcmpl-" + rand.Text(), created: a.options.Now().Unix()}
	for i := range request.choices {
		call := request.call(caller)
		call.Key, call.Transient, call.Cache = key+"/"+strconv.Itoa(i), transient, cache
		made.calls = append(made.calls, call)
	}
	return made, nil
}

// call is what a request asks of the gateway, without its name.
func (r chatRequest) call(caller access.Caller) gateway.Call {
	system := r.system
	if prompt := caller.Client.SystemPrompt; prompt != "" {
		system = strings.TrimSpace(prompt + "\n\n" + system)
	}
	return gateway.Call{
		Client: caller.Client.ID, Team: caller.Client.Team, Feature: featureChat, Model: r.model,
		System: system, Messages: r.messages, Tools: r.tools, Output: r.output,
		MaxTokens: r.maxTokens, Temperature: r.temperature, TopP: r.topP, Stop: r.stop, ToolChoice: r.toolChoice,
		Shape: true, BlockInjections: caller.Client.Block,
	}
}

// cachePolicy is what a request asks for, else what the client is set to.
func cachePolicy(asked, standard string) (gateway.CachePolicy, error) {
	policy := standard
	if asked != "" {
		policy = asked
	}
	switch policy {
	case "exact":
		return gateway.CacheExact, nil
	case "always":
		return gateway.CacheAlways, nil
	case "off", "":
		return gateway.CacheNever, nil
	}
	return gateway.CacheNever, invalid("", "The X-Quaestor-Cache header must be exact, always or off.")
}

// answer is what came of one choice.
type answer struct {
	result       gateway.Result
	tokens       provider.Tokens // of all calls it took
	usageMissing bool
}

// answers makes all calls of a request at once. The first error is the
// request's; the others are waited for, so that nothing goes on behind it.
func (a *API) answers(ctx context.Context, calls chatCalls) ([]answer, error) {
	if len(calls.calls) == 1 {
		only, err := a.answer(ctx, calls.request, calls.calls[0])
		return []answer{only}, err
	}
	answers, errs := make([]answer, len(calls.calls)), make([]error, len(calls.calls))
	var under sync.WaitGroup
	for i, call := range calls.calls {
		under.Go(func() { answers[i], errs[i] = a.answer(ctx, calls.request, call) })
	}
	under.Wait()
	if failed := slices.IndexFunc(errs, func(err error) bool { return err != nil }); failed >= 0 {
		return nil, errs[failed]
	}
	return answers, nil
}

// answer makes one call. An answer that is not what its schema wants is told to
// the model once.
func (a *API) answer(ctx context.Context, request chatRequest, call gateway.Call) (answer, error) {
	result, err := a.options.Models.Invoke(ctx, call)
	if err != nil {
		return answer{}, err
	}
	out := answer{result: result, tokens: result.Response.Usage, usageMissing: result.Response.UsageMissing}
	problem := request.mend(&out.result.Response)
	if problem == nil {
		return out, nil
	}
	again := call
	again.Key += "/again"
	again.Messages = append(slices.Clone(call.Messages),
		agents.Message{Role: agents.RoleAssistant, Text: result.Response.Message.Text},
		agents.Message{Role: agents.RoleUser, Text: fmt.Sprintf(
			"That answer cannot be used: %v\nAnswer again, with nothing but JSON that fits the schema.", problem)})
	if result, err = a.options.Models.Invoke(ctx, again); err != nil {
		return answer{}, err
	}
	out.result = result
	out.tokens = addTokens(out.tokens, result.Response.Usage)
	out.usageMissing = out.usageMissing || result.Response.UsageMissing
	if problem := request.mend(&out.result.Response); problem != nil {
		return answer{}, &Failure{
			Status: http.StatusInternalServerError, Type: typeServer, Code: "invalid_model_output", Param: "response_format", Final: true,
			Message: "The model gave no answer that fits the response_format, in two tries.", Err: problem,
		}
	}
	return out, nil
}

// mend holds a final answer against the format that was asked for: repaired
// where nothing is lost, else an error for the model. What was cut off or calls
// tools is not final.
func (r chatRequest) mend(response *provider.Response) error {
	if r.schema == nil || finishReason(*response) != "stop" {
		return nil
	}
	repaired, err := tools.RepairJSON([]byte(response.Message.Text))
	if err != nil {
		return err
	}
	if err := r.schema.check(repaired); err != nil {
		return err
	}
	response.Message.Text = string(repaired)
	return nil
}

func addTokens(a, b provider.Tokens) provider.Tokens {
	return provider.Tokens{
		Input: a.Input + b.Input, Output: a.Output + b.Output,
		CacheRead: a.CacheRead + b.CacheRead, CacheWrite: a.CacheWrite + b.CacheWrite,
	}
}

func (c chatCalls) completion(answers []answer) completion {
	out := completion{
		ID: c.id, Object: "chat.completion", Created: c.created, Model: answers[0].result.Model, Usage: usageOf(answers...),
	}
	for i, answer := range answers {
		response := answer.result.Response
		out.Choices = append(out.Choices, choice{Index: i, Message: messageOf(response.Message), FinishReason: finishReason(response)})
	}
	return out
}

// The headers, or trailers of a stream, that tell more than OpenAI's API does.
const (
	headerModel   = "X-Quaestor-Model"
	headerCache   = "X-Quaestor-Cache"
	headerOmitted = "X-Quaestor-Omitted-Messages"
	headerTokens  = "X-Quaestor-Remaining-Tokens" //nolint:gosec // G101: the name of a header
	headerDollars = "X-Quaestor-Remaining-Usd"
)

// tellResult writes what the answers of one request leave and how they came to
// be.
func tellResult(header http.Header, answers []answer) {
	first := answers[0].result
	header.Set(headerModel, first.Model)
	left := ledger.Left{Tokens: -1, NanoUSD: -1}
	omitted, hits := 0, 0
	for _, answer := range answers {
		if answer.result.Cached {
			hits++
		}
		omitted = max(omitted, answer.result.Omitted.Messages)
		left = tighter(left, answer.result)
	}
	if hits == len(answers) {
		header.Set(headerCache, "hit")
	}
	if omitted > 0 {
		header.Set(headerOmitted, strconv.Itoa(omitted))
	}
	tellLeft(header, left)
}

func tellLeft(header http.Header, left ledger.Left) {
	if left.Tokens >= 0 {
		header.Set(headerTokens, strconv.FormatInt(left.Tokens, 10))
	}
	if left.NanoUSD >= 0 {
		header.Set(headerDollars, money.Dollars(left.NanoUSD).String())
	}
}

// tighter is the lower of two remainders. What was not paid for now tells none.
func tighter(left ledger.Left, result gateway.Result) ledger.Left {
	if (result.Cached || result.Replayed || result.Unsettled) && result.Left == (ledger.Left{}) {
		return left
	}
	lower := func(a, b int64) int64 {
		if a < 0 || b >= 0 && b < a {
			return b
		}
		return a
	}
	return ledger.Left{Tokens: lower(left.Tokens, result.Left.Tokens), NanoUSD: lower(left.NanoUSD, result.Left.NanoUSD)}
}
