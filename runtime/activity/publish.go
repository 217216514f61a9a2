package activity

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/citation"
	"github.com/quaestor-run/quaestor/tools/format"
	"github.com/quaestor-run/quaestor/workflows"
)

// Report is the JSON form of a report.
type Report struct {
	Topic     string    `json:"topic"`
	Notice    string    `json:"notice,omitempty"`
	Digest    string    `json:"digest"` // of the draft that was approved or accepted
	Scorecard Scorecard `json:"scorecard"`
	Gaps      Gaps      `json:"gaps"`
	Template  *Template `json:"template,omitempty"` // that it was printed with
	// Instructions are what in the sources tried to instruct an agent.
	Instructions []agents.Instruction `json:"attempted_instructions,omitempty"`

	Markdown string `json:"markdown"`
	format.Document
}

// Publish renders the draft in every form and keeps them. It gives the digest.
func (a *Activities) Publish(ctx context.Context, in workflows.Publication) (string, error) {
	draft, err := load[agents.Draft](ctx, a.Store, in.Draft)
	if err != nil {
		return "", err
	}
	evidence, err := a.Store.Evidence(ctx, in.Run)
	if err != nil {
		return "", fmt.Errorf("reading the evidence: %w", err)
	}
	gaps, err := a.gaps(ctx, in, draft)
	if err != nil {
		return "", err
	}
	planted, err := a.instructions(ctx, in.Run)
	if err != nil {
		return "", err
	}
	template := a.template(in.Request)
	document, score, err := a.compose(ctx, in, Parts{Draft: draft, Evidence: evidence, Gaps: gaps, Instructions: planted, Template: template})
	if err != nil {
		return "", err
	}
	published := store.Report{Digest: in.Draft, Created: a.Now().UTC()}
	markdown := format.Markdown(document)
	page, err := format.HTML(document)
	if err != nil {
		return "", fmt.Errorf("rendering the report as HTML: %w", err)
	}
	whole, err := json.Marshal(Report{
		Topic: in.Request.Topic, Notice: in.Notice, Digest: in.Draft, Scorecard: score, Gaps: gaps, Template: template, Instructions: planted,
		Markdown: string(markdown), Document: document,
	})
	if err != nil {
		return "", fmt.Errorf("encoding the report: %w", err)
	}
	var writes errgroup.Group // at once: they share what makes them durable
	keep := func(ref *string, form []byte) {
		writes.Go(func() (err error) {
			*ref, err = a.Store.PutBlob(ctx, form)
			return err
		})
	}
	keep(&published.Markdown, markdown)
	keep(&published.HTML, page)
	keep(&published.JSON, whole)
	if err := writes.Wait(); err != nil {
		return "", fmt.Errorf("storing the report: %w", err)
	}
	if err := a.Store.PutReport(ctx, in.Run, published); err != nil {
		return "", fmt.Errorf("keeping the report: %w", err)
	}
	return published.Digest, nil
}

// compose measures a draft and lays the whole report out.
func (a *Activities) compose(ctx context.Context, in workflows.Publication, p Parts) (format.Document, Scorecard, error) {
	fail := func(err error) (format.Document, Scorecard, error) { return format.Document{}, Scorecard{}, err }
	claims, err := a.Store.Claims(ctx, in.Run)
	if err != nil {
		return fail(fmt.Errorf("reading the claims: %w", err))
	}
	j := newJudge(byID(p.Evidence), claims) // one for both: it holds each sentence against its evidence once
	score := j.score(p.Draft)
	score.askAgain(ctx, a.Pages, p.Draft, p.Evidence)
	usage, err := a.Gateway.Usage(ctx, in.Run)
	if err != nil {
		return fail(fmt.Errorf("reading what the run cost: %w", err))
	}
	score.CostUSD = float64(usage.CostNanoUSD) / 1e9
	p.Claims, p.Style, p.Notice, p.Scorecard = claims, citation.Style(in.Request.CitationStyle), in.Notice, score
	p.Wanted = in.Request.Template
	document, err := j.compose(ctx, a.Store, p)
	return document, score, err
}

// Parts are what a report is made of, and nothing else.
type Parts struct {
	Draft     agents.Draft
	Evidence  []agents.Evidence // of the run
	Claims    []agents.Claim    // as the draft was checked
	Style     citation.Style    // empty is plain
	Notice    string            // why it is partial
	Scorecard Scorecard
	Gaps      Gaps
	Wanted    string    // name of the template that was asked for, empty for none
	Template  *Template // nil is none
	// Instructions are what in the sources tried to instruct an agent.
	Instructions []agents.Instruction
}

// Snapshots gives the texts of sources, by "sha256:" and their hash.
type Snapshots interface {
	Blob(ctx context.Context, ref string) ([]byte, error)
}

// Compose lays the whole report out: text, references in the style that was
// asked for, notice and scorecard. The same parts give the same document.
func Compose(ctx context.Context, sources Snapshots, p Parts) (format.Document, error) {
	return newJudge(byID(p.Evidence), p.Claims).compose(ctx, sources, p)
}

func (j judge) compose(ctx context.Context, sources Snapshots, p Parts) (format.Document, error) {
	template := Template{}
	if p.Template != nil {
		template = *p.Template
	}
	draft := template.print(p.Gaps.name(p.Draft))
	list, err := number(draft, p.Evidence)
	if err != nil {
		return format.Document{}, err
	}
	if p.Style != "" && p.Style != citation.Plain {
		records, err := sourceRecords(ctx, sources, list.References)
		if err != nil {
			return format.Document{}, err
		}
		list.Print(p.Style, records)
	}
	document := layOut(draft, list, append(j.claims(draft), p.Claims...))
	template.dress(&document, draft)
	if p.Template == nil && p.Wanted != "" {
		document.Meta = append(document.Meta, format.Field{Label: "Template", Value: p.Wanted + ", which is not in the configuration any more"})
	}
	if len(p.Instructions) > 0 {
		document.Sections = append(document.Sections, layOutInstructions(p.Instructions))
	}
	document.Sections = append(document.Sections, p.Scorecard.layOut())
	document.Notice = p.Notice
	return document, nil
}

// Markdown renders a draft as it would be published.
func Markdown(draft agents.Draft, evidence []agents.Evidence) (string, error) {
	list, err := number(draft, evidence)
	if err != nil {
		return "", err
	}
	return string(format.Markdown(layOut(draft, list, Claims(draft, evidence)))), nil
}

// layOut turns a draft and the list of its references into a document: the
// citations of the text are made here and nowhere else. Here is the gate as
// well: what its evidence does not show is marked, whatever was made of it
// before. Claims are how its sentences stand now, and those the draft was checked
// with, some of which cited what is no longer there.
func layOut(draft agents.Draft, list citation.List, claims []agents.Claim) format.Document {
	marked := map[string]bool{}
	for _, claim := range claims {
		marked[claim.ID] = marked[claim.ID] || !claim.Status.Shown()
	}
	document := format.Document{Title: draft.Title}
	for _, section := range draft.Sections {
		laid := format.Section{Heading: section.Heading}
		for _, paragraph := range section.Paragraphs {
			laid.Paragraphs = append(laid.Paragraphs, layOutParagraph(section.Heading, paragraph, list, marked))
		}
		for _, table := range section.Tables {
			laid.Tables = append(laid.Tables, format.Table{
				Caption: table.Caption, Columns: table.Columns, Rows: table.Rows, References: marks(table.Evidence, list),
			})
		}
		for _, chart := range section.Charts {
			laid.Charts = append(laid.Charts, format.Chart{
				Kind: chart.Kind, Title: chart.Title, XLabel: chart.XLabel, YLabel: chart.YLabel,
				X: chart.X, Y: chart.Y, Note: chart.Note, References: marks(chart.Evidence, list),
			})
		}
		document.Sections = append(document.Sections, laid)
	}
	for _, reference := range list.References {
		document.References = append(document.References, layOutReference(reference))
	}
	return document
}

func layOutParagraph(heading string, paragraph agents.Paragraph, list citation.List, marked map[string]bool) format.Paragraph {
	laid := format.Paragraph{List: paragraph.List}
	for _, sentence := range paragraph.Sentences {
		laid.Sentences = append(laid.Sentences, format.Sentence{
			Text: sentence.Text, Evidence: sentence.Evidence, References: marks(sentence.Evidence, list),
			Marked: marked[agents.ClaimID(heading, sentence.Text)],
		})
	}
	return laid
}

func layOutReference(reference citation.Reference) format.Reference {
	laid := format.Reference{
		Number: reference.Number, Text: reference.Text, Label: reference.Label, URI: reference.URI, SHA256: reference.SHA256,
		Title: reference.Title, Year: reference.Year,
		Author: reference.Author, Published: reference.Published, Tier: reference.Tier, Accessed: reference.Accessed,
	}
	for _, passage := range reference.Passages {
		laid.Passages = append(laid.Passages, format.Passage(passage))
	}
	return laid
}

// number gives every source that the draft cites its number, in the order of
// first use.
func number(draft agents.Draft, evidence []agents.Evidence) (citation.List, error) {
	known := byID(evidence)
	var cited []citation.Evidence
	for _, id := range draft.CitedEvidence() {
		if e, ok := known[id]; ok {
			cited = append(cited, citation.Evidence{ID: e.ID, Citation: e.Citation})
		}
	}
	list, err := citation.Number(cited)
	if err != nil {
		return citation.List{}, fmt.Errorf("numbering the references: %w", err)
	}
	return list, nil
}

func marks(ids []string, list citation.List) []int {
	var numbers []int
	for _, id := range ids {
		if n, ok := list.Marks[id]; ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}
