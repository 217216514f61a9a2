package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/server/money"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/workflows"
)

// reading collects what is wrong with a body, beyond what the specification
// can say. Prefix is the JSON Pointer of the part that is read.
type reading struct {
	prefix string
	fields []api.FieldError
}

func (r *reading) blame(pointer, format string, args ...any) {
	r.fields = append(r.fields, inBody(r.prefix+pointer, format, args...))
}

func (r *reading) err() error {
	if len(r.fields) == 0 {
		return nil
	}
	return invalid(r.fields...)
}

// text drops space around a text that must say something.
func (r *reading) text(pointer, text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		r.blame(pointer, "must not be empty")
	}
	r.printable(pointer, text)
	return text
}

// printable refuses characters that no document shows and not every database
// keeps.
func (r *reading) printable(pointer, text string) {
	control := func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f }
	if at := strings.IndexFunc(text, control); at >= 0 {
		r.blame(pointer, "has the control character %q at byte %d", text[at], at)
	}
}

// citationStyle leaves the plain style out, as requests do that know of no
// other.
func citationStyle(style string) string {
	if style == string(api.CitationStylePlain) {
		return ""
	}
	return style
}

// plainTemplate is the name of no template.
const plainTemplate = "plain"

// template wants the name of one that there is; none is empty.
func (s *Server) template(r *reading, pointer, name string) string {
	if name == "" || name == plainTemplate {
		return ""
	}
	if _, known := s.templates[name]; !known {
		names := append([]string{plainTemplate}, slices.Sorted(maps.Keys(s.templates))...)
		r.blame(pointer, "there is no template %q; there are %s", name, strings.Join(names, ", "))
	}
	return name
}

// research reads a body as the request of a run. A deadline that is a time is
// refused where the run starts again and again.
func (s *Server) research(ctx context.Context, r *reading, body api.ResearchRequest, repeated bool) (workflows.ResearchRequest, error) {
	who := principalOf(ctx)
	request := workflows.ResearchRequest{
		Topic: r.text("/topic", body.Topic), Client: who.client, Team: who.settings.Team, Sources: body.Sources.Documents,
		MaxIterations: *s.defaults.Iterations, Review: cmp.Or(string(body.Review), workflows.ReviewNone),
		Budget: s.defaults.Budget, Unsupported: cmp.Or(string(body.Unsupported), s.defaults.Unsupported),
		Template: s.template(r, "/template", cmp.Or(body.Template, s.defaults.Template)),
		Language: r.language("/language", cmp.Or(body.Language, s.defaults.Language)),
	}
	request.CitationStyle = citationStyle(cmp.Or(string(body.CitationStyle), s.templates[request.Template], s.defaults.CitationStyle))
	if body.MaxIterations != nil {
		request.MaxIterations = *body.MaxIterations
	}
	request.Published = r.window("/published", body.Published.From, body.Published.To)
	for i, question := range body.Questions {
		request.Questions = append(request.Questions, r.text(fmt.Sprintf("/questions/%d", i), question))
	}
	if body.Budget.Tokens > 0 {
		request.Budget.Tokens = body.Budget.Tokens
	}
	if nano := r.dollars("/budget/usd", body.Budget.USD); nano > 0 {
		request.Budget.NanoUSD = nano
	}
	s.setDeadline(r, &request, body.Deadline, repeated)
	if len(request.Sources) == 0 && !repeated {
		sources, err := s.sourcesWhereNoneAreNamed(ctx)
		if err != nil {
			return workflows.ResearchRequest{}, err
		}
		request.Sources = sources
	}
	if err := s.checkSources(ctx, r, "/sources/documents/", body.Sources.Documents); err != nil {
		return workflows.ResearchRequest{}, err
	}
	return request, nil
}

// window reads two days, either of which may be left out.
func (r *reading) window(pointer, from, to string) tools.Window {
	for name, day := range map[string]string{"/from": from, "/to": to} {
		if day != "" {
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				r.blame(pointer+name, "%q is no day; write it like 2024-05-31", day)
			}
		}
	}
	if from != "" && to != "" && to < from {
		r.blame(pointer+"/to", "is before from; exchange them")
	}
	return tools.Window{From: from, To: to}
}

// sourcesWhereNoneAreNamed is the default corpus, or what stands in for it while
// nobody has uploaded anything into it.
func (s *Server) sourcesWhereNoneAreNamed(ctx context.Context) ([]string, error) {
	corpora, err := s.store.Corpora(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for the default corpus: %w", err)
	}
	filled := func(c store.Corpus) bool { return c.Name == s.defaults.Corpus && c.Documents > 0 }
	if len(s.defaults.Sources) == 0 || slices.ContainsFunc(corpora, filled) {
		return []string{s.defaults.Corpus}, nil
	}
	return slices.Clone(s.defaults.Sources), nil
}

func (s *Server) setDeadline(r *reading, request *workflows.ResearchRequest, text string, repeated bool) {
	now := s.now()
	at, after := time.Time{}, s.defaults.Timeout
	if text != "" {
		var err error
		if at, after, err = parseDeadline(text); err != nil {
			r.blame("/deadline", "%v", err)
			return
		}
	}
	switch {
	case repeated && !at.IsZero():
		r.blame("/deadline", "must be a duration such as 10m: a time would pass once and for all")
	case !at.IsZero() && !at.After(now):
		r.blame("/deadline", "%s has passed; it is %s", at.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case repeated:
		request.Timeout = after
	case !at.IsZero():
		request.Deadline = at
	case after > 0:
		request.Deadline = now.UTC().Add(after)
	}
}

// parseDeadline reads a time or a duration.
func parseDeadline(text string) (at time.Time, after time.Duration, err error) {
	if after, err := time.ParseDuration(text); err == nil {
		if after <= 0 {
			return time.Time{}, 0, errors.New("must be longer than nothing")
		}
		return time.Time{}, after, nil
	}
	at, err = time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() { // the zero time is none to everybody else
		return time.Time{}, 0, errors.New("must be a time such as 2030-01-02T15:04:05Z, or a duration such as 10m")
	}
	return at.UTC(), 0, nil
}

func (r *reading) language(pointer, text string) string {
	tag, err := language.Parse(text)
	if err != nil {
		r.blame(pointer, "%q is not a BCP 47 language tag such as en or de-CH", text)
		return ""
	}
	return tag.String()
}

// dollars reads a decimal number as nano-dollars, exactly.
func (r *reading) dollars(pointer string, amount json.Number) int64 {
	if amount == "" {
		return 0
	}
	nano, err := money.Nano(amount)
	if err != nil {
		r.blame(pointer, "%v", err)
	}
	return nano
}

// checkSources refuses names that are neither a corpus nor a document.
func (s *Server) checkSources(ctx context.Context, r *reading, pointer string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	corpora, err := s.store.Corpora(ctx)
	if err != nil {
		return fmt.Errorf("listing corpora: %w", err)
	}
	for i, name := range names {
		r.printable(pointer+strconv.Itoa(i), name)
		known, err := s.sourceExists(ctx, corpora, name)
		if err != nil {
			return err
		}
		if !known {
			r.blame(pointer+strconv.Itoa(i),
				"there is no corpus or document %q; GET /v1/corpora lists what there is", name)
		}
	}
	return nil
}

func (s *Server) sourceExists(ctx context.Context, corpora []store.Corpus, name string) (bool, error) {
	if slices.ContainsFunc(corpora, func(c store.Corpus) bool { return c.Name == name }) {
		return true, nil
	}
	if !strings.HasPrefix(name, "d_") {
		return false, nil
	}
	for _, corpus := range corpora {
		_, err := s.store.Document(ctx, corpus.Name, name)
		switch {
		case err == nil:
			return true, nil
		case !errors.Is(err, store.ErrNotFound):
			return false, fmt.Errorf("looking for document %q: %w", name, err)
		}
	}
	return false, nil
}
