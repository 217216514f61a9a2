package activity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/tools/factcheck"
	"github.com/quaestor-run/quaestor/tools/format"
)

// Scorecard is how a report stands to its evidence.
//
// Citation recall and precision are those of ALCE (Gao, Yen, Yu, Chen: Enabling
// Large Language Models to Generate Text with Citations, EMNLP 2023, section 4),
// with the rules of the tool factcheck in the place of its entailment model.
// Recall is the share of claims that all they cite, taken together, supports.
// Precision is the share of citations that are needed for such a claim: one
// counts unless its claim is not supported, or it does not support the claim by
// itself and the others do without it.
type Scorecard struct {
	Claims    int     `json:"claims"`
	Supported int     `json:"supported"`
	Partly    int     `json:"partly"`
	Marked    int     `json:"marked"`           // as not shown by what they cite, or contradicted
	Judged    int     `json:"judged,omitempty"` // of these, by a model, since the rules had left them open
	Citations int     `json:"citations"`
	Precision float64 `json:"citation_precision"`
	Recall    float64 `json:"citation_recall"`
	Sources   int     `json:"sources"`
	// Of the sources, live are pages of the web that answered when they were last
	// asked, for this run; dead are those that are there no more. Archived are the
	// others: documents that were given. The snapshots of all are kept.
	Live     int     `json:"live"`
	Archived int     `json:"archived"`
	Dead     int     `json:"dead"`
	CostUSD  float64 `json:"cost_usd"`
}

// Score measures a draft. What a model said of its claims earlier counts where the
// rules leave them open.
func Score(draft agents.Draft, evidence []agents.Evidence, earlier ...agents.Claim) Scorecard {
	return newJudge(byID(evidence), earlier).score(draft)
}

func (j judge) score(draft agents.Draft) Scorecard {
	var score Scorecard
	needed := 0
	snapshots := map[string]bool{} // by hash, whether it is a page of the web
	for section, s := range draft.Statements() {
		for _, id := range s.Evidence {
			snapshots[j.known[id].SHA256] = isPage(j.known[id])
		}
		if len(s.Evidence) == 0 && section.Kind != agents.SectionFindings {
			continue
		}
		score.Claims++
		score.Citations += len(s.Evidence)
		claim := j.claim(section, *s)
		if claim.Judged != nil {
			score.Judged++
		}
		switch claim.Status {
		case agents.ClaimSupported:
			score.Supported++
			needed += j.needed(section.Kind, *s)
		case agents.ClaimPartly:
			score.Partly++
		default:
			score.Marked++
		}
	}
	score.Sources = len(snapshots)
	for _, page := range snapshots {
		if page {
			score.Live++
		} else {
			score.Archived++
		}
	}
	score.Recall = share(score.Supported, score.Claims)
	score.Precision = share(needed, score.Citations)
	return score
}

// isPage says that evidence is from a page that was read on the web.
func isPage(e agents.Evidence) bool {
	return e.Accessed != "" && (strings.HasPrefix(e.URI, "https://") || strings.HasPrefix(e.URI, "http://"))
}

// What asking again for the pages of one report takes at most.
const (
	askedAgain = 60
	atOnce     = 8
	patience   = 20 * time.Second
)

// askAgain counts as dead what is there no more of the pages that a draft cites.
func (s *Scorecard) askAgain(ctx context.Context, pages Pages, draft agents.Draft, evidence []agents.Evidence) {
	if pages == nil || s.Live == 0 {
		return
	}
	known := byID(evidence)
	addresses := map[string]string{} // by snapshot
	for _, statement := range draft.Statements() {
		for _, id := range statement.Evidence {
			if e := known[id]; isPage(e) && len(addresses) < askedAgain {
				addresses[e.SHA256] = e.URI
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var gone atomic.Int64
	var asking errgroup.Group
	asking.SetLimit(atOnce)
	for _, address := range addresses {
		asking.Go(func() error {
			if pages.Gone(ctx, address) {
				gone.Add(1)
			}
			return nil
		})
	}
	_ = asking.Wait() // none of them fails
	s.Dead = int(gone.Load())
	s.Live -= s.Dead
}

// needed counts the citations of a supported sentence that it needs.
func (j judge) needed(kind agents.SectionKind, s agents.Statement) int {
	if len(s.Evidence) == 1 {
		return 1
	}
	supports := func(ids []string) bool {
		return j.reader.Check(asked(kind, agents.Statement{Text: s.Text, Evidence: ids})).Status == factcheck.Supported
	}
	count := 0
	for i := range s.Evidence {
		if supports(s.Evidence[i:i+1]) || !supports(slices.Concat(s.Evidence[:i], s.Evidence[i+1:])) {
			count++
		}
	}
	return count
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// layOut is the scorecard as the last section of a report.
func (s Scorecard) layOut() format.Section {
	how := "Every sentence of the findings and every sentence that cites was held against its evidence by fixed rules: quotations, figures, names, negation, direction and wording."
	if s.Judged > 0 {
		how += " Where the rules found nothing wrong but too few shared words, a model judged whether the evidence entails the sentence."
	}
	percent := func(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" }
	section := format.Section{
		Heading: "Scorecard",
		Paragraphs: []format.Paragraph{{Sentences: []format.Sentence{{
			Text: how,
		}}}},
		Tables: []format.Table{{
			Caption: "How this report stands to its evidence",
			Columns: []string{"Measure", "Value"},
			Rows: [][]string{
				{"Claims", strconv.Itoa(s.Claims)},
				{"Supported", strconv.Itoa(s.Supported)},
				{"Partly supported", strconv.Itoa(s.Partly)},
				{"Marked as not supported", strconv.Itoa(s.Marked)},
				{"Citation precision", percent(s.Precision)},
				{"Citation recall", percent(s.Recall)},
				{"Sources cited", strconv.Itoa(s.Sources)},
				{"Sources live, archived, dead", fmt.Sprintf("%d, %d, %d", s.Live, s.Archived, s.Dead)},
				{"Cost of model calls", fmt.Sprintf("%.4f USD", s.CostUSD)},
			},
		}},
	}
	if rows := &section.Tables[0].Rows; s.Judged > 0 {
		*rows = slices.Insert(*rows, 4, []string{"Of these, judged by a model", strconv.Itoa(s.Judged)})
	}
	return section
}
