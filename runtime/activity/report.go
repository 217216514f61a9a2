package activity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/format"
)

// The forms of a report that are rendered when they are asked for.
const (
	FormPDF  = "pdf"
	FormDOCX = "docx"
)

// RenderReport renders a published report as [FormPDF] or [FormDOCX], or its
// references as [FormCSL], [FormBibTeX] or [FormRIS]. With
// changes, a DOCX shows what became of the first draft, and what people said
// about it.
func RenderReport(ctx context.Context, s store.Store, run, form string, changes bool) ([]byte, error) {
	document, published, err := publishedDocument(ctx, s, run)
	if err != nil {
		return nil, err
	}
	switch form {
	case FormPDF:
		return format.PDF(document)
	case FormCSL, FormBibTeX, FormRIS:
		return exportReferences(ctx, s, run, form, document)
	case FormDOCX:
		if changes {
			if err := track(ctx, s, run, published.Digest, &document); err != nil {
				return nil, err
			}
		}
		return format.DOCX(document)
	}
	return nil, fmt.Errorf("rendering the report of run %s: there is no form %q", run, form)
}

// The forms of a chart.
const (
	FormSVG = "svg"
	FormPNG = "png"
)

// RenderChart draws a chart of a published report, as the report counts its
// figures from 1, as [FormSVG] or [FormPNG]. Where there is none with the number
// the error is [store.ErrNotFound].
func RenderChart(ctx context.Context, s store.Store, run string, number int, form string) ([]byte, error) {
	document, _, err := publishedDocument(ctx, s, run)
	if err != nil {
		return nil, err
	}
	var style format.Style
	if document.Style != nil {
		style = *document.Style
	}
	for _, section := range document.Sections {
		if number > len(section.Charts) {
			number -= len(section.Charts)
			continue
		}
		switch chart := section.Charts[number-1]; form {
		case FormSVG:
			return style.SVG(chart), nil
		case FormPNG:
			return style.PNG(chart)
		}
		return nil, fmt.Errorf("drawing a chart of run %s: there is no form %q", run, form)
	}
	return nil, fmt.Errorf("the report of run %s has no chart of that number: %w", run, store.ErrNotFound)
}

// track adds to a document how it came from the first draft of its run, and
// the comments of people on the drafts between.
func track(ctx context.Context, s store.Store, run, digest string, document *format.Document) error {
	drafts, err := s.Drafts(ctx, run)
	if err != nil {
		return fmt.Errorf("reading the drafts of run %s: %w", run, err)
	}
	if err := addComments(ctx, s, run, drafts, document); err != nil {
		return err
	}
	if len(drafts) < 2 || drafts[0].Ref == digest {
		return nil
	}
	first, err := load[agents.Draft](ctx, s, drafts[0].Ref)
	if err != nil {
		return err
	}
	last, err := load[agents.Draft](ctx, s, digest)
	if err != nil {
		return err
	}
	for _, change := range agents.Changes(first, last) {
		document.Changes = append(document.Changes, format.Change{
			Kind: change.Kind, Section: change.Section, Before: change.Before, After: change.After,
			Author: changeAuthor, Date: changedAt(drafts, change), Reason: reasonOfChange(drafts, change),
		})
	}
	retitle(document)
	return nil
}

// changeAuthor signs the changes of refinement: the writer makes them all.
const changeAuthor = "Quaestor writer"

// changedAt is when the text of a change came, or went, for the last time.
func changedAt(drafts []store.DraftRecord, wanted agents.Change) time.Time {
	for _, draft := range slices.Backward(drafts) {
		for _, change := range draft.Changes {
			if wanted.After != "" && change.After == wanted.After || wanted.After == "" && change.Before == wanted.Before {
				return draft.Created
			}
		}
	}
	return drafts[len(drafts)-1].Created
}

func addComments(ctx context.Context, s store.Store, run string, drafts []store.DraftRecord, document *format.Document) error {
	for _, draft := range drafts {
		review, err := s.Review(ctx, ReviewID(run, draft.Round))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the reviews of run %s: %w", run, err)
		}
		if d := review.Decision; d != nil && d.Comments != "" {
			document.Comments = append(document.Comments, format.Comment{Author: d.By, Date: d.At, Text: d.Comments})
		}
	}
	return nil
}
