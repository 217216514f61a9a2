package activity

import (
	"context"
	"fmt"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/workflows"
)

// CheckDraft holds a draft against the evidence. Ids that do not resolve or
// whose quote is not in its snapshot are taken out. An edit that leaves a
// sentence which its evidence does not show, where the one before it was shown,
// is refused. What its evidence does not show, or contradicts, is dropped where
// the run wants it so, else marked when it is published. The draft that results,
// its claims and its changes are kept. Where a model is to judge what the rules
// leave open, nothing is kept yet: that is listed, and the draft is checked again
// with what the model said.
func (a *Activities) CheckDraft(ctx context.Context, in workflows.DraftCheck) (workflows.CheckedDraft, error) {
	draft, err := load[agents.Draft](ctx, a.Store, in.Draft)
	if err != nil {
		return workflows.CheckedDraft{}, err
	}
	var previous agents.Draft
	if in.Previous != "" {
		if previous, err = load[agents.Draft](ctx, a.Store, in.Previous); err != nil {
			return workflows.CheckedDraft{}, err
		}
	}
	known, err := a.evidence(ctx, in.Run)
	if err != nil {
		return workflows.CheckedDraft{}, err
	}
	if err := a.fillTables(ctx, draft, known); err != nil {
		return workflows.CheckedDraft{}, err
	}
	sound := a.soundEvidence(ctx, known, append(draft.CitedEvidence(), previous.CitedEvidence()...))
	j, err := a.judgeOf(ctx, in, known, draft, sound)
	if err != nil {
		return workflows.CheckedDraft{}, err
	}
	refused := j.refuse(previous, draft, sound)
	draft, claims := j.hold(draft, sound, in.Unsupported == workflows.UnsupportedDrop)
	if in.Judge {
		if open := j.openClaims(draft); len(open) > 0 {
			ref, err := a.putJSON(ctx, open)
			return workflows.CheckedDraft{Open: len(open), OpenClaims: ref}, err
		}
	}
	a.tabulate(ctx, j, &draft)
	ref, err := a.putJSON(ctx, draft)
	if err != nil {
		return workflows.CheckedDraft{}, fmt.Errorf("storing the checked draft: %w", err)
	}
	record := store.DraftRecord{Run: in.Run, Round: in.Round, Ref: ref, Digest: ref, Created: a.Now().UTC()}
	if in.Previous != "" {
		if record.Changes, err = a.track(ctx, in, previous, draft, refused); err != nil {
			return workflows.CheckedDraft{}, err
		}
	}
	if err := a.Store.PutDraft(ctx, record); err != nil {
		return workflows.CheckedDraft{}, fmt.Errorf("keeping the draft: %w", err)
	}
	if err := a.Store.PutClaims(ctx, in.Run, claims); err != nil {
		return workflows.CheckedDraft{}, fmt.Errorf("keeping the claims: %w", err)
	}
	checked := workflows.CheckedDraft{Draft: ref, Digest: ref, Claims: len(claims), Changes: len(record.Changes), Refused: len(refused)}
	for _, claim := range claims {
		switch {
		case !claim.Status.Shown():
			checked.Unsupported++
		case claim.Status == agents.ClaimPartly:
			checked.Partly++
		}
	}
	return checked, nil
}

// judgeOf is the judge of a check: with what a model said of the run's claims
// before, and of those it was asked about for this check.
func (a *Activities) judgeOf(
	ctx context.Context, in workflows.DraftCheck, known map[string]agents.Evidence, draft agents.Draft, sound map[string]bool,
) (judge, error) {
	if !in.Judge && in.Judgements == "" {
		return newJudge(known, nil), nil
	}
	earlier, err := a.Store.Claims(ctx, in.Run)
	if err != nil {
		return judge{}, fmt.Errorf("reading the claims: %w", err)
	}
	j := newJudge(known, earlier)
	j.patient = in.Judge
	if in.Judgements == "" {
		return j, nil
	}
	review, err := load[agents.Review](ctx, a.Store, in.Judgements)
	if err != nil {
		return judge{}, err
	}
	said := map[string]*agents.Judgement{}
	for i := range review.Judgements {
		said[review.Judgements[i].Claim] = &review.Judgements[i]
	}
	for section, s := range draft.Statements() {
		id := agents.ClaimID(section.Heading, s.Text)
		if judgement := said[id]; judgement != nil {
			j.judged[id] = agents.Claim{ID: id, Evidence: keepSound(s.Evidence, sound), Judged: judgement}
		}
	}
	return j, nil
}

// track lists the changes since the round before, each with its author, the
// claims it touched, and the issue or the comment that asked for it.
func (a *Activities) track(ctx context.Context, in workflows.DraftCheck, previous, draft agents.Draft, refused []agents.Change) ([]agents.Change, error) {
	var review agents.Review
	if in.Review != "" {
		var err error
		if review, err = load[agents.Review](ctx, a.Store, in.Review); err != nil {
			return nil, err
		}
	}
	changes := append(agents.Changes(previous, draft), refused...)
	for i := range changes {
		c := &changes[i]
		c.Author, c.Version = in.Author, in.Version
		for _, text := range []string{c.Before, c.After} {
			if text != "" {
				c.Claims = append(c.Claims, agents.ClaimID(c.Section, text))
			}
		}
		if c.Reason == "" {
			c.Reason = reasonOf(*c, review, in.Comments)
		}
	}
	return changes, nil
}

// reasonOf is the issue that names the sentence of a change, or else its
// section, or else what a person asked for.
func reasonOf(c agents.Change, review agents.Review, comments string) string {
	ofSection := ""
	for _, issue := range review.Issues {
		switch {
		case issue.Sentence != "" && (issue.Sentence == c.Before || issue.Sentence == c.After):
			return issue.Problem
		case issue.Sentence == "" && issue.Section == c.Section && ofSection == "":
			ofSection = issue.Problem
		}
	}
	if ofSection == "" && comments != "" {
		return "comments: " + comments
	}
	return ofSection
}

// refuse takes back, in draft, edits of sentences that were shown by their
// evidence and would no longer be. It gives them as changes.
func (j judge) refuse(previous, draft agents.Draft, sound map[string]bool) []agents.Change {
	before := map[string]agents.Statement{}
	shown := func(section agents.Section, s agents.Statement) bool {
		s.Evidence = keepSound(s.Evidence, sound)
		if len(s.Evidence) == 0 {
			return false
		}
		claim, open := j.weigh(section, s)
		return claim.Status.Shown() || open && j.patient
	}
	kinds := map[string]agents.Section{}
	for section, s := range previous.Statements() {
		before[section.Heading+"\x00"+s.Text] = *s
		kinds[section.Heading] = section
	}
	replaced := map[string]string{}
	for _, c := range agents.Changes(previous, draft) {
		if c.Kind == agents.ChangeReplaced {
			replaced[c.Section+"\x00"+c.After] = c.Section + "\x00" + c.Before
		}
	}
	var refused []agents.Change
	for section, s := range draft.Statements() {
		key := section.Heading + "\x00" + s.Text
		old, kept := before[key]
		if from, edited := replaced[key]; edited {
			old, kept = before[from], true
		}
		if !kept || len(s.Evidence) == 0 && len(old.Evidence) == 0 || shown(section, *s) || !shown(kinds[section.Heading], old) {
			continue
		}
		edit := j.claim(section, agents.Statement{Text: s.Text, Evidence: keepSound(s.Evidence, sound)})
		reason := "it cites nothing that holds"
		if len(edit.Problems) > 0 {
			reason = edit.Problems[0].Reason
		}
		refused = append(refused, agents.Change{Kind: agents.ChangeRefused, Section: section.Heading, Before: old.Text, After: s.Text, Reason: reason})
		*s = old
	}
	return refused
}
