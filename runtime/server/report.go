package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// reportPolicy keeps a page that quotes strangers from running anything.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"

const (
	mediaPDF  = "application/pdf"
	mediaDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

	mediaCSL    = "application/vnd.citationstyles.csl+json"
	mediaBibTeX = "application/x-bibtex"
	mediaRIS    = "application/x-research-info-systems"
)

// VisitGetReportResponse implements api.GetReportResponseObject.
func (a respond) VisitGetReportResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitGetSnapshotResponse implements api.GetSnapshotResponseObject.
func (a respond) VisitGetSnapshotResponse(w http.ResponseWriter) error { return a.write(w) }

// published gives a run that the caller may see, and its report.
func (o operations) published(ctx context.Context, id api.RunID) (store.Run, store.Report, error) {
	run, err := o.visibleRun(ctx, id)
	if err != nil {
		return run, store.Report{}, err
	}
	report, err := o.store.Report(ctx, run.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = notPublished(run)
	}
	return run, report, err
}

// GetReport gives the published report in one of its forms.
func (o operations) GetReport(ctx context.Context, in api.GetReportRequestObject) (api.GetReportResponseObject, error) {
	run, report, err := o.published(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	form := given(in.Params.Format)
	if form == "" {
		form = acceptedForm(ctx)
	}
	ref, header := report.Markdown, http.Header{"Content-Type": {"text/markdown; charset=utf-8"}}
	switch form {
	case api.GetReportParamsFormatHTML:
		ref, header = report.HTML, http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Content-Security-Policy": {reportPolicy}}
	case api.GetReportParamsFormatJSON:
		ref, header = report.JSON, http.Header{"Content-Type": {"application/json"}}
	case api.GetReportParamsFormatPdf:
		header = http.Header{"Content-Type": {mediaPDF}, "Content-Disposition": {fmt.Sprintf("inline; filename=%q", run.ID+".pdf")}}
	case api.GetReportParamsFormatCsl, api.GetReportParamsFormatBibtex, api.GetReportParamsFormatRis:
		header = http.Header{"Content-Type": {libraryMedia(form)}}
	case api.GetReportParamsFormatDocx:
		header = http.Header{"Content-Type": {mediaDOCX}, "Content-Disposition": {fmt.Sprintf("attachment; filename=%q", run.ID+".docx")}}
	}
	tracked := form == api.GetReportParamsFormatDocx && given(in.Params.Changes) == api.GetReportParamsChangesTracked
	tag := report.Digest + "." + string(form)
	if tracked {
		tag += ".tracked"
	}
	etag := fmt.Sprintf("%q", tag)
	header["Etag"], header["Vary"] = []string{etag}, []string{"Accept"}
	if sameTag(given(in.Params.IfNoneMatch), etag) {
		return respond{status: http.StatusNotModified, header: header}, nil
	}
	var body []byte
	if kept := form == api.GetReportParamsFormatMd || form == api.GetReportParamsFormatHTML || form == api.GetReportParamsFormatJSON; !kept {
		if o.renderReport == nil {
			return nil, newProblem(http.StatusNotAcceptable, "This server renders no %s.", form)
		}
		body, err = o.renderReport(ctx, run.ID, string(form), tracked)
	} else {
		body, err = o.store.Blob(ctx, ref)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the report of run %s: %v", run.ID, err) //nolint:errorlint // a lost blob is a fault, not a 404
	}
	return respond{status: http.StatusOK, header: header, body: body}, nil
}

func libraryMedia(form api.GetReportParamsFormat) string {
	switch form {
	case api.GetReportParamsFormatBibtex:
		return mediaBibTeX + "; charset=utf-8"
	case api.GetReportParamsFormatRis:
		return mediaRIS + "; charset=utf-8"
	}
	return mediaCSL
}

// acceptedForm is the form the Accept header likes best.
func acceptedForm(ctx context.Context) api.GetReportParamsFormat {
	media, _ := negotiate(exchangeOf(ctx).request.Header.Values("Accept"), []string{"text/markdown", "text/html", "application/json", mediaPDF, mediaDOCX, mediaCSL, mediaBibTeX, mediaRIS})
	switch media {
	case "text/html":
		return api.GetReportParamsFormatHTML
	case "application/json":
		return api.GetReportParamsFormatJSON
	case mediaPDF:
		return api.GetReportParamsFormatPdf
	case mediaDOCX:
		return api.GetReportParamsFormatDocx
	case mediaCSL:
		return api.GetReportParamsFormatCsl
	case mediaBibTeX:
		return api.GetReportParamsFormatBibtex
	case mediaRIS:
		return api.GetReportParamsFormatRis
	default:
		return api.GetReportParamsFormatMd
	}
}

// sameTag says whether If-None-Match names the tag (RFC 9110, section 13.1.2).
func sameTag(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

func notPublished(run store.Run) *problem {
	var p *problem
	links := runLinks(run.ID)
	switch {
	case run.Status == store.StatusAwaitingReview:
		p = newProblem(http.StatusNotFound, "The draft waits for a person; see /v1/reviews.")
	case run.Status.Final():
		p = newProblem(http.StatusNotFound, "The run ended as %q and published no report; %s has what was gathered.", run.Status, links.Evidence)
	default:
		p = newProblem(http.StatusNotFound, "The run is in phase %q (%d of %d steps). Follow %s and ask again when it ends.",
			run.Phase, run.Done, run.Total, links.Events)
	}
	p.kind = kind{"not-published", "The report is not published"}
	return p
}

// GetEvidence gives the evidence of a run and the claims that cite it.
func (o operations) GetEvidence(ctx context.Context, in api.GetEvidenceRequestObject) (api.GetEvidenceResponseObject, error) {
	run, err := o.visibleRun(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	evidence, err := o.store.Evidence(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	claims, err := o.store.Claims(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	answer := api.GetEvidence200JSONResponse{
		Evidence: make([]api.Evidence, 0, len(evidence)), Claims: make([]api.Claim, 0, len(claims)),
	}
	for _, e := range evidence {
		answer.Evidence = append(answer.Evidence, evidenceOf(run.ID, e))
	}
	for _, c := range claims {
		answer.Claims = append(answer.Claims, claimOf(c))
	}
	return answer, nil
}

func claimOf(c agents.Claim) api.Claim {
	claim := api.Claim{
		ID: c.ID, Section: c.Section, Text: c.Text, Evidence: present(c.Evidence), Status: api.ClaimStatus(c.Status),
	}
	for _, p := range c.Problems {
		claim.Problems = append(claim.Problems, api.AtOdds{
			Kind: p.Kind, Start: p.Start, End: p.End, Text: p.Text, Evidence: p.Evidence, Reason: p.Reason,
		})
	}
	if j := c.Judged; j != nil {
		claim.Rules = api.ClaimRules(c.Rules)
		claim.Judged = api.Judgement{Verdict: api.JudgementVerdict(j.Verdict), Reason: j.Reason, Model: j.Model, Call: j.Call}
	}
	return claim
}

func evidenceOf(run string, e agents.Evidence) api.Evidence {
	answer := api.Evidence{
		ID: e.ID, Quote: e.Quote, Start: e.Start, End: e.End, Page: e.Page, Heading: e.Heading,
		Source: api.Source{
			URI: e.URI, Title: e.Title, SHA256: e.SHA256, Year: e.Year, Snapshot: snapshotLink(e.SHA256) + "?run=" + run,
		},
	}
	if c := e.Computation; c != nil {
		answer.Computation = api.Computation{Tool: c.Tool, Input: c.Input, Result: c.Result}
	}
	return answer
}

func snapshotLink(sha256 string) string { return "/v1/snapshots/" + sha256 }

// ListDrafts lists the drafts of a run.
func (o operations) ListDrafts(ctx context.Context, in api.ListDraftsRequestObject) (api.ListDraftsResponseObject, error) {
	run, err := o.visibleRun(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	drafts, err := o.store.Drafts(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	answer := api.ListDrafts200JSONResponse{Drafts: make([]api.Draft, 0, len(drafts))}
	for _, d := range drafts {
		changes := make([]api.Change, 0, len(d.Changes))
		for _, c := range d.Changes {
			changes = append(changes, api.Change{
				Kind: c.Kind, Section: c.Section, Before: c.Before, After: c.After,
				Reason: c.Reason, Author: c.Author, Version: c.Version, Claims: c.Claims,
			})
		}
		answer.Drafts = append(answer.Drafts, api.Draft{
			Round: d.Round, Digest: d.Digest, CreatedAt: d.Created.UTC(), Changes: changes,
		})
	}
	return answer, nil
}

// GetSnapshot gives the text that offsets refer to.
func (o operations) GetSnapshot(ctx context.Context, in api.GetSnapshotRequestObject) (api.GetSnapshotResponseObject, error) {
	served, err := o.snapshotServed(ctx, in.SHA256, given(in.Params.Run))
	if err != nil {
		return nil, err
	}
	ref := "sha256:" + in.SHA256
	if !served {
		return nil, notFound("snapshot", in.SHA256)
	}
	text, err := o.store.Blob(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		return nil, notFound("snapshot", in.SHA256)
	}
	if err != nil {
		return nil, err
	}
	return respond{status: http.StatusOK, body: text, header: http.Header{
		"Content-Type": {"text/plain; charset=utf-8"}, "Etag": {`"` + in.SHA256 + `"`},
	}}, nil
}

// snapshotServed says whether a blob is a snapshot the caller may read: the
// store holds others, such as transcripts.
func (s *Server) snapshotServed(ctx context.Context, sha256, run string) (bool, error) {
	if run == "" {
		return s.documentHas(ctx, "sha256:"+sha256)
	}
	seen, err := s.visibleRun(ctx, run)
	if err != nil {
		return false, err
	}
	evidence, err := s.store.Evidence(ctx, seen.ID)
	if err != nil {
		return false, err
	}
	for _, e := range evidence {
		if e.SHA256 == sha256 {
			return true, nil
		}
	}
	return false, nil
}
