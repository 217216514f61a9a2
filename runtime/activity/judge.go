package activity

import (
	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools/factcheck"
)

// judge holds sentences of a draft against the evidence of its run.
type judge struct {
	reader *factcheck.Reader
}

func newJudge(known map[string]agents.Evidence) judge {
	return judge{factcheck.NewReader(func(id string) (factcheck.Evidence, bool) {
		e, ok := known[id]
		return factcheck.Evidence{ID: e.ID, Citation: e.Citation}, ok
	})}
}

// Claims lists the claims of a draft: each sentence that cites evidence, and
// each of the findings, with how it stands to what it cites.
func Claims(draft agents.Draft, evidence []agents.Evidence) []agents.Claim {
	return newJudge(byID(evidence)).claims(draft)
}

// Judge gives the rules by which sentences are held against this evidence: how
// a sentence of a section stands to what it cites.
func Judge(evidence []agents.Evidence) func(section agents.Section, s agents.Statement) agents.Claim {
	return newJudge(byID(evidence)).claim
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
	claim := agents.NewClaim(section.Heading, s.Text, s.Evidence)
	if len(s.Evidence) == 0 {
		claim.Status = agents.ClaimUnsupported
		return claim
	}
	verdict := j.reader.Check(asked(section.Kind, s))
	claim.Status = agents.ClaimStatus(verdict.Status)
	for _, p := range verdict.Problems {
		claim.Problems = append(claim.Problems, agents.AtOdds{Kind: p.Kind, Start: p.Start, End: p.End, Text: p.Text, Evidence: p.Evidence, Reason: p.Reason})
	}
	return claim
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
					claim := j.claim(*section, s)
					if drop && !claim.Status.Shown() {
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
