package mock

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// rules are a script made ready.
type rules struct {
	models []string
	strict bool // there are no models but these
	list   []*rule
}

type rule struct {
	Rule
	model   *regexp.Regexp // nil when the name has no *
	message *regexp.Regexp // nil for any
	matched atomic.Int64
}

// The models that are listed where a script names none.
func defaultModels() []string {
	return []string{"gpt-4o-mini", "text-embedding-3-small", "anthropic.claude-sonnet-4-20250514-v1:0", "amazon.titan-embed-text-v2:0"}
}

// compile makes a script ready. It checks the rules again: those of a program
// were not read from a file.
func compile(script *Script) (*rules, error) {
	out := &rules{models: script.Models, strict: len(script.Models) > 0}
	if !out.strict {
		out.models = defaultModels()
	}
	for i := range script.Rules {
		r := &rule{Rule: script.Rules[i]}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("rules[%d].%w", i, err)
		}
		if strings.Contains(r.Match.Model, "*") {
			text := strings.ReplaceAll(regexp.QuoteMeta(r.Match.Model), `\*`, ".*")
			r.model = regexp.MustCompile("^(?s:" + text + ")$") // quoted, so it is always one
		}
		var err error
		if r.message, err = pattern(r.Match.Message); err != nil {
			return nil, err
		}
		out.list = append(out.list, r)
	}
	return out, nil
}

// pattern reads a regular expression; nil for the empty one.
func pattern(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no expression is no error
	}
	return regexp.Compile(text)
}

// find gives the first rule that is for a request, nil when none is. It counts
// the request at each rule that it meets on the way and that matches otherwise.
func (r *rules) find(req *Request) *rule {
	for _, rule := range r.list {
		if !rule.matches(req) {
			continue
		}
		nth := rule.matched.Add(1)
		if rule.Match.Times > 0 && nth > rule.Match.Times {
			continue
		}
		if len(rule.Match.Nth) > 0 && !slices.Contains(rule.Match.Nth, nth) {
			continue
		}
		return rule
	}
	return nil
}

func (r *rule) matches(req *Request) bool {
	m := &r.Match
	switch {
	case m.Protocol != "" && m.Protocol != req.Protocol,
		m.Operation != "" && m.Operation != req.Operation,
		m.Operation == "" && req.Operation == OpModels, // a list is asked for by name only
		m.Region != "" && m.Region != req.Region,
		m.Stream != nil && *m.Stream != req.Stream:
		return false
	case r.model != nil:
		if !r.model.MatchString(req.Model) {
			return false
		}
	case m.Model != "" && m.Model != req.Model:
		return false
	}
	return r.message == nil || r.message.MatchString(req.asked())
}

// asked is what a rule's message is looked for in.
func (r *Request) asked() string {
	if len(r.Texts) > 0 {
		return strings.Join(r.Texts, "\n")
	}
	return r.LastUser()
}

// or gives what a rule says, or what holds without one.
func or(told *time.Duration, otherwise time.Duration) time.Duration {
	if told != nil {
		return *told
	}
	return otherwise
}

// unknown refuses a model that is not among those of the script.
func (r *rules) unknown(req *Request) *refusal {
	if !r.strict || slices.Contains(r.models, req.Model) || req.Operation == OpModels && req.Model == "" {
		return nil
	}
	if req.Protocol == Bedrock {
		return invalid("The provided model identifier is invalid.")
	}
	return &refusal{
		status: 404, kind: "invalid_request_error", code: "model_not_found",
		message: "The model `" + req.Model + "` does not exist or you do not have access to it.",
	}
}
