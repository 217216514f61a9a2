package activity

import (
	"slices"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools/factcheck"
)

// judge holds sentences of a draft against the evidence of its run.
type judge struct {
	reader *factcheck.Reader
	known  map[string]agents.Evidence
	judged map[string]agents.Claim // by id, those that a model judged
	// patient leaves alone what a model has yet to judge.
	patient bool
}

// newJudge judges by the rules, and by what a model said of earlier claims that
// the rules left open.
func newJudge(known map[string]agents.Evidence, earlier []agents.Claim) judge {
	j := judge{known: known, judged: map[string]agents.Claim{}, reader: factcheck.NewReader(func(id string) (factcheck.Evidence, bool) {
		e, ok := known[id]
		return factcheck.Evidence{ID: e.ID, Citation: e.Citation}, ok
	})}
	for _, claim := range earlier {
		if claim.Judged != nil {
			j.judged[claim.ID] = claim
		}
	}
	return j
}

// Claims lists the claims of a draft: each sentence that cites evidence, and
// each of the findings, with how it stands to what it cites. What a model said of
// the same claims earlier is taken over.
func Claims(draft agents.Draft, evidence []agents.Evidence, earlier ...agents.Claim) []agents.Claim {
	return newJudge(byID(evidence), earlier).claims(draft)
}

// Judge gives the rules by which sentences are held against this evidence, and
// what a model said of claims that the rules leave open: how a sentence of a
// section stands to what it cites.
func Judge(evidence []agents.Evidence, earlier []agents.Claim) func(section agents.Section, s agents.Statement) agents.Claim {
	return newJudge(byID(evidence), earlier).claim
}

func byID(evidence []agents.Evidence) map[string]agents.Evidence {
	known := make(map[string]agents.Evidence, len(evidence))
	for _, e := range evidence {
		known[e.ID] = e
	}
	return known
}

func (j judge) claims(draft agents.Draft) []agents.Claim {
	claims := []agents.Claim{}
	for section, s := range draft.Statements() {
		if len(s.Evidence) > 0 || section.Kind == agents.SectionFindings {
			claims = append(claims, j.claim(section, *s))
		}
	}
	return claims
}

// claim is a sentence of a section as a claim.
func (j judge) claim(section agents.Section, s agents.Statement) agents.Claim {
	claim, _ := j.weigh(section, s)
	return claim
}

// weigh says as well whether the claim is open: the rules found no fault with it,
// could not show it, and no model has judged it.
func (j judge) weigh(section agents.Section, s agents.Statement) (claim agents.Claim, open bool) {
	claim = agents.NewClaim(section.Heading, s.Text, s.Evidence)
	if len(s.Evidence) == 0 {
		claim.Status = agents.ClaimUnsupported
		return claim, false
	}
	verdict := j.reader.Check(asked(section.Kind, s))
	claim.Status = agents.ClaimStatus(verdict.Status)
	for _, p := range verdict.Problems {
		claim.Problems = append(claim.Problems, agents.AtOdds{Kind: p.Kind, Start: p.Start, End: p.End, Text: p.Text, Evidence: p.Evidence, Reason: p.Reason})
	}
	if !verdict.Open() {
		return claim, false // a fault that the rules found is no model's to overrule
	}
	earlier, judged := j.judged[claim.ID]
	if !judged || !slices.Equal(earlier.Evidence, claim.Evidence) {
		return claim, true
	}
	claim.Judged, claim.Rules = earlier.Judged, claim.Status
	if claim.Judged.Verdict.Shown() {
		claim.Status = claim.Judged.Verdict
	}
	return claim, false
}

// maxOpen bounds what a model is asked to judge at once.
const maxOpen = 60

// openClaims lists what a model has to judge, as it is asked.
func (j judge) openClaims(draft agents.Draft) []agents.OpenClaim {
	var list []agents.OpenClaim
	seen := map[string]bool{}
	for section, s := range draft.Statements() {
		claim, open := j.weigh(section, *s)
		if !open || seen[claim.ID] || len(list) == maxOpen {
			continue
		}
		seen[claim.ID] = true
		asked := agents.OpenClaim{ID: claim.ID, Text: claim.Text}
		for _, id := range claim.Evidence {
			e := j.known[id]
			asked.Evidence = append(asked.Evidence, agents.OpenQuote{Title: e.Title, Year: e.Year, Quote: e.Quote})
		}
		list = append(list, asked)
	}
	return list
}

// asked is a sentence as it is held against its evidence.
func asked(kind agents.SectionKind, s agents.Statement) factcheck.Claim {
	return factcheck.Claim{Text: s.Text, Evidence: s.Evidence, Synthesis: kind.Synthesis()}
}

// hold keeps only sound evidence in a draft and lists its claims; with drop, it
// leaves out those that are not shown.
func (j judge) hold(draft agents.Draft, sound map[string]bool, drop bool) (agents.Draft, []agents.Claim) {
	claims := []agents.Claim{}
	for i := range draft.Sections {
		section := &draft.Sections[i]
		for k := range section.Paragraphs {
			paragraph := &section.Paragraphs[k]
			kept := []agents.Statement{}
			for _, s := range paragraph.Sentences {
				isClaim := len(s.Evidence) > 0 || section.Kind == agents.SectionFindings
				s.Evidence = keepSound(s.Evidence, sound)
				if isClaim {
					claim, open := j.weigh(*section, s)
					if drop && !claim.Status.Shown() && (!open || !j.patient) {
						continue
					}
					claims = append(claims, claim)
				}
				kept = append(kept, s)
			}
			paragraph.Sentences = kept
		}
		for k := range section.Tables {
			section.Tables[k].Evidence = keepSound(section.Tables[k].Evidence, sound)
		}
		for k := range section.Charts {
			section.Charts[k].Evidence = keepSound(section.Charts[k].Evidence, sound)
		}
	}
	return draft, claims
}
