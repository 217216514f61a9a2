package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/tools/citation"
	"github.com/quaestor-run/quaestor/tools/format"
)

// Blob gives the snapshots of the pack to what makes a report of them.
func (v *verifier) Blob(_ context.Context, ref string) ([]byte, error) {
	digits, ok := hexDigest(ref)
	if !ok || v.archive.files[folderSnapshots+digits+".txt"] == nil {
		return nil, store.ErrNotFound
	}
	return v.read(folderSnapshots+digits+".txt", v.limits.File)
}

// report resolves the citations of the report, and makes the report again from
// draft and evidence: what differs was changed.
func (v *verifier) report(ctx context.Context) string {
	if v.reported == nil {
		return fmt.Sprintf("the run is %s and published no report", printable(v.run.Status))
	}
	v.heads()
	cited := v.citations()
	document, err := activity.Compose(ctx, v, activity.Parts{
		Draft: *v.published, Evidence: v.evidence, Claims: v.recorded, Style: citation.Style(v.request.CitationStyle),
		Notice: v.reported.Notice, Scorecard: v.reported.Scorecard, Gaps: v.reported.Gaps, Instructions: v.reported.Instructions,
		Wanted: v.request.Template, Template: v.reported.Template,
	})
	if err != nil {
		v.wrong(fileReport, "it cannot be made again from its draft: %v", err)
		return "the report could not be made again"
	}
	v.sameDocument(document)
	v.rendered()
	return fmt.Sprintf("%d citations followed to their evidence; made again from draft and evidence, and compared word by word in 3 forms", cited)
}

// heads holds what stands above the text against the run.
func (v *verifier) heads() {
	r := v.reported
	if r.Topic != v.run.Topic {
		v.wrong(fileReport, "its topic is %q, and that of the run %q", short(r.Topic), short(v.run.Topic))
	}
	if r.Digest != v.publication.Digest {
		v.wrong(fileReport, "it is of draft %q, but %s names %q", short(r.Digest), filePublication, short(v.publication.Digest))
	}
	if partial := v.run.Status == string(store.StatusPartial); partial != (r.Notice != "") {
		v.wrong(fileReport, "the run is %q, and the notice of its report is %q", short(v.run.Status), short(r.Notice))
	}
}

// citations follows each citation of the report to its evidence.
func (v *verifier) citations() (cited int) {
	passages := map[string]int{}
	for i, reference := range v.reported.References {
		where := fmt.Sprintf("%s, reference %d", fileReport, reference.Number)
		for _, p := range reference.Passages {
			e, ok := v.known[p.ID]
			switch {
			case !ok:
				v.wrong(where, "it leads to evidence %s, which does not exist", short(p.ID))
			case e.SHA256 != reference.SHA256 || e.Start != p.Start || e.End != p.End || e.Quote != p.Quote:
				v.wrong(where, "its passage %s is not that of the evidence", p.ID)
			}
			passages[p.ID] = i
		}
	}
	for s, section := range v.reported.Sections {
		for _, paragraph := range section.Paragraphs {
			for _, sentence := range paragraph.Sentences {
				for _, id := range sentence.Evidence {
					cited++
					at, ok := passages[id]
					if ok {
						ok = slices.Contains(sentence.References, v.reported.References[at].Number)
					}
					if !ok {
						v.wrong(fmt.Sprintf("%s, section %d (%s)", fileReport, s+1, section.Heading),
							"its sentence cites evidence %s, which no reference of it leads to: %q", short(id), short(sentence.Text))
					}
				}
			}
		}
	}
	return cited
}

// sameDocument holds the report against the one that draft and evidence make.
func (v *verifier) sameDocument(document format.Document) {
	stated, errStated := json.Marshal(v.reported.Document)
	made, errMade := json.Marshal(document)
	if err := errors.Join(errStated, errMade); err != nil {
		v.wrong(fileReport, "it cannot be compared: %v", err)
		return
	}
	var a, b any
	if json.Unmarshal(stated, &a) != nil || json.Unmarshal(made, &b) != nil {
		return
	}
	told := 0
	walk("", a, b, func(path, stated, made string) bool {
		v.wrong(fileReport+", "+path, "it has %s; draft and evidence make it %s", stated, made)
		told++
		return told < maxDifferences
	})
}

// maxDifferences of one report are told.
const maxDifferences = 20

// rendered holds the other forms of the report against the first.
func (v *verifier) rendered() {
	markdown, err := v.read(fileMarkdown, v.limits.File)
	if err != nil {
		v.wrong(fileMarkdown, "%v", err)
	} else if made := format.Markdown(v.reported.Document); !bytes.Equal(markdown, made) {
		v.wrong(fileMarkdown, "it is not what %s says: %s", fileReport, firstLine(markdown, made))
	} else if v.reported.Markdown != string(markdown) {
		v.wrong(fileReport, "its Markdown is another than %s: %s", fileMarkdown, firstLine([]byte(v.reported.Markdown), markdown))
	}
	page, err := v.read(fileHTML, v.limits.File)
	if err != nil {
		v.wrong(fileHTML, "%v", err)
		return
	}
	made, err := format.HTML(v.reported.Document)
	if err != nil {
		v.wrong(fileReport, "it cannot be rendered as HTML: %v", err)
		return
	}
	if !bytes.Equal(page, made) {
		v.wrong(fileHTML, "it is not what %s says: %s", fileReport, firstLine(page, made))
	}
}

// scorecard measures the published draft again.
func (v *verifier) scorecard(context.Context) string {
	if v.reported == nil {
		return "no report, no scorecard"
	}
	stated := v.reported.Scorecard
	var apart activity.Scorecard
	if load(v, fileScorecard, &apart) && apart != stated {
		v.wrong(fileScorecard, "it is another than that of %s", fileReport)
	}
	again := activity.Score(*v.published, v.evidence, v.recorded...)
	again.CostUSD = stated.CostUSD // held against the calls
	if stated.Dead >= 0 && stated.Live >= 0 && stated.Live+stated.Dead == again.Live {
		again.Live, again.Dead = stated.Live, stated.Dead // which pages answered then cannot be asked again
	}
	for _, d := range differences(stated, again) {
		v.wrong(fileReport+", scorecard", "%s", d)
	}
	return fmt.Sprintf("measured again: %d claims, %d supported, %d partly, %d marked; citation precision %.1f %%, recall %.1f %%",
		again.Claims, again.Supported, again.Partly, again.Marked, 100*again.Precision, 100*again.Recall)
}

// differences tells which measures of two scorecards differ.
func differences(stated, again activity.Scorecard) []string {
	var found []string
	a, b := reflect.ValueOf(stated), reflect.ValueOf(again)
	for i := range a.NumField() {
		if one, other := a.Field(i).Interface(), b.Field(i).Interface(); one != other {
			name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
			found = append(found, fmt.Sprintf("it gives %s as %v; measured again it is %v", name, one, other))
		}
	}
	return found
}
