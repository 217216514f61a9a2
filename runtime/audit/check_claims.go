package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/tools"
)

// What is held against evidence is bounded, so that the time it takes is: by
// its number and size, and by how many pairs of words have to be looked at.
const (
	maxSentences = 5000
	maxSentence  = 8000 // bytes
	maxIDs       = 100  // that one sentence cites
	maxPairs     = 1e10
	maxDrafts    = 50
)

// effort is an upper bound for the pairs of words that holding a sentence
// against its evidence looks at, and against parts of it for the scorecard.
func (v *verifier) effort(text string, ids []string) float64 {
	const longest = 6000 // words that a sentence is aligned with
	cited := 0
	for _, id := range ids {
		cited += len(v.known[id].Quote)/2 + 1
	}
	return float64(len(text)/2+1) * float64(min(cited, longest)) * float64(1+2*len(ids))
}

// tooLong says why a draft is not held against its evidence at all.
func (v *verifier) tooLong(draft agents.Draft) string {
	count, pairs := 0, 0.0
	for _, s := range draft.Statements() {
		count++
		pairs += v.effort(s.Text, s.Evidence)
		if fault := oversized(s.Text, s.Evidence); fault != "" {
			return fault
		}
	}
	if count > maxSentences || pairs > maxPairs {
		return "it is too long to be held against its evidence"
	}
	return ""
}

func oversized(text string, ids []string) string {
	if len(text) > maxSentence || len(ids) > maxIDs {
		return fmt.Sprintf("a sentence of it has %d bytes and cites %d times; at most %d and %d are looked at", len(text), len(ids), maxSentence, maxIDs)
	}
	return ""
}

// claims holds every claim against its evidence again.
func (v *verifier) claims(ctx context.Context) string {
	says := fmt.Sprintf("%d claims followed to their evidence, and held against it again by fixed rules", len(v.recorded))
	kinds := v.sectionKinds()
	judge := activity.Judge(v.evidence, v.recorded)
	seen := map[string]bool{}
	pairs := 0.0
	for _, c := range v.recorded {
		where := fileClaims + ", claim " + c.ID
		if pairs += v.effort(c.Text, c.Evidence); pairs > maxPairs || len(v.recorded) > maxSentences {
			v.wrong(fileClaims, "there are too many to hold them all against their evidence")
			return says
		}
		if ctx.Err() != nil {
			return ""
		}
		seen[c.ID] = true
		if id := agents.ClaimID(c.Section, c.Text); id != c.ID {
			v.wrong(where, "its section and text make it %s: one of them was changed", id)
		}
		for _, id := range c.Evidence {
			if _, ok := v.known[id]; !ok {
				v.wrong(where, "it cites evidence %s, which does not exist", short(id))
			}
		}
		if fault := oversized(c.Text, c.Evidence); fault != "" {
			v.wrong(where, "%s", fault)
			continue
		}
		if c.Judged != nil {
			v.judged(where, c)
		}
		section := agents.Section{Kind: kinds[sentence{c.Section, c.Text}], Heading: c.Section}
		again := judge(section, agents.Statement{Text: c.Text, Evidence: c.Evidence})
		switch {
		case again.Status != c.Status:
			v.wrong(where, "it is recorded as %q; held against its evidence it is %q%s: %q", short(string(c.Status)), again.Status, reasonOf(again), short(c.Text))
		case !slices.Equal(again.Problems, c.Problems):
			v.wrong(where, "what is recorded to be wrong with it is not what comes out when it is held against its evidence%s: %q", reasonOf(again), short(c.Text))
		}
	}
	v.unrecorded(seen)
	return says
}

// judged follows a model's word on a claim to the answer of the call that it
// names.
func (v *verifier) judged(where string, c agents.Claim) {
	at := slices.IndexFunc(v.calls, func(call Call) bool { return call.Key == c.Judged.Call })
	if at < 0 {
		v.wrong(where, "a model is said to have judged it in call %q, which is none of the run's", short(c.Judged.Call))
		return
	}
	answer, err := decode[provider.Response](v.archive, v.calls[at].Answer)
	if err != nil {
		v.wrong(where, "the answer in which a model judged it cannot be read: %v", err)
		return
	}
	var review agents.Review
	text, err := tools.RepairJSON([]byte(answer.Message.Text))
	if err == nil {
		err = json.Unmarshal(text, &review)
	}
	same := func(j agents.Judgement) bool {
		return j.Claim == c.ID && j.Verdict == c.Judged.Verdict && j.Reason == c.Judged.Reason
	}
	if err != nil || !slices.ContainsFunc(review.Judgements, same) {
		v.wrong(where, "a model is said to have judged it %q; its answer %s does not say so", short(string(c.Judged.Verdict)), v.calls[at].Answer)
	}
}

// sentence is a sentence of a draft by its section.
type sentence struct{ heading, text string }

// sectionKinds gives the kind of section of each sentence: of the published
// draft, or of another one of the run. Findings are held to the strictest rules.
func (v *verifier) sectionKinds() map[sentence]agents.SectionKind {
	kinds := map[sentence]agents.SectionKind{}
	add := func(draft agents.Draft) {
		for section, s := range draft.Statements() {
			if at := (sentence{section.Heading, s.Text}); kinds[at] == "" {
				kinds[at] = section.Kind
			}
		}
	}
	if v.published != nil {
		add(*v.published)
	}
	unknown := func(c agents.Claim) bool { return kinds[sentence{c.Section, c.Text}] == "" }
	for i := len(v.drafts) - 1; i >= max(len(v.drafts)-maxDrafts, 0) && slices.ContainsFunc(v.recorded, unknown); i-- {
		if draft, err := decode[agents.Draft](v.archive, v.drafts[i].File); err == nil {
			add(draft)
		}
	}
	for _, c := range v.recorded {
		if unknown(c) {
			kinds[sentence{c.Section, c.Text}] = agents.SectionFindings
		}
	}
	return kinds
}

// unrecorded names sentences of the published draft that are claims and are not
// recorded as such. Where a later draft was checked and not published, the
// claims are that one's.
func (v *verifier) unrecorded(seen map[string]bool) {
	if v.published == nil || len(v.drafts) == 0 || v.drafts[len(v.drafts)-1].Digest != v.digest {
		return
	}
	for section, s := range v.published.Statements() {
		isClaim := len(s.Evidence) > 0 || section.Kind == agents.SectionFindings
		if id := agents.ClaimID(section.Heading, s.Text); isClaim && !seen[id] {
			v.wrong(fileClaims, "the draft has a claim that is not recorded (%s): %q", id, short(s.Text))
		}
	}
}

func reasonOf(c agents.Claim) string {
	if len(c.Problems) == 0 {
		return ""
	}
	return " (" + strings.TrimRight(c.Problems[0].Reason, ".") + ")"
}
