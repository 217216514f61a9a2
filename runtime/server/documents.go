package server

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/store"
)

const snapshotPage = 200 // documents looked through at once

// corpusName is the pattern of CorpusName in openapi.yaml, for uploads, whose
// form the validator does not read.
var corpusName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ListCorpora lists all corpora.
func (o operations) ListCorpora(ctx context.Context, _ api.ListCorporaRequestObject) (api.ListCorporaResponseObject, error) {
	corpora, err := o.store.Corpora(ctx)
	if err != nil {
		return nil, err
	}
	answer := api.ListCorpora200JSONResponse{Corpora: make([]api.Corpus, 0, len(corpora))}
	for _, c := range corpora {
		answer.Corpora = append(answer.Corpora, api.Corpus{Name: c.Name, Documents: c.Documents, Digest: c.Digest})
	}
	return answer, nil
}

// ListDocuments lists one page of a corpus.
func (o operations) ListDocuments(ctx context.Context, in api.ListDocumentsRequestObject) (api.ListDocumentsResponseObject, error) {
	after, err := base64.RawURLEncoding.DecodeString(given(in.Params.Cursor))
	if err != nil {
		return nil, store.ErrCursor
	}
	limit := positive(given(in.Params.Limit), 50)
	documents, err := o.store.DocumentsIn(ctx, in.Params.Corpus, string(after), limit+1)
	if err != nil {
		return nil, err
	}
	if len(documents) == 0 && len(after) == 0 {
		return nil, notFound("corpus", in.Params.Corpus)
	}
	answer := api.ListDocuments200JSONResponse{Documents: make([]api.Document, 0, len(documents))}
	if len(documents) > limit {
		documents = documents[:limit]
		answer.Next = base64.RawURLEncoding.EncodeToString([]byte(documents[limit-1].URI))
	}
	for _, d := range documents {
		answer.Documents = append(answer.Documents, documentOf(d))
	}
	return answer, nil
}

func documentOf(d store.Document) api.Document {
	answer := api.Document{
		ID: d.ID, Corpus: d.Corpus, URI: d.URI, Title: d.Title, MediaType: d.MediaType, Year: d.Year,
		Words: d.Words, Unread: d.Unread, CreatedAt: d.Created.UTC(),
		Author: d.Author, Published: d.Published, URL: d.URL, Intake: api.Intake(d.Intake),
	}
	if sha256, ok := strings.CutPrefix(d.Snapshot, "sha256:"); ok && d.Unread == "" {
		answer.SHA256, answer.Snapshot = sha256, snapshotLink(sha256)
	}
	return answer
}

// documentHas says whether a snapshot is the text of a document.
func (s *Server) documentHas(ctx context.Context, snapshot string) (bool, error) {
	corpora, err := s.store.Corpora(ctx)
	if err != nil {
		return false, err
	}
	for _, corpus := range corpora {
		after := ""
		for {
			page, err := s.store.DocumentsIn(ctx, corpus.Name, after, snapshotPage)
			if err != nil {
				return false, err
			}
			for _, document := range page {
				if document.Snapshot == snapshot {
					return true, nil
				}
				after = document.URI
			}
			if len(page) < snapshotPage {
				break
			}
		}
	}
	return false, nil
}

// RemoveDocument takes a document out of a corpus.
func (o operations) RemoveDocument(ctx context.Context, in api.RemoveDocumentRequestObject) (api.RemoveDocumentResponseObject, error) {
	if o.documents == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "This server takes no documents.")
	}
	err := o.documents.Remove(ctx, in.Params.Corpus, in.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, notFound("document", in.ID)
	case err != nil:
		return nil, err
	}
	return api.RemoveDocument204Response{}, nil
}

// UploadDocuments reads documents into a corpus, one after the other.
func (o operations) UploadDocuments(ctx context.Context, in api.UploadDocumentsRequestObject) (api.UploadDocumentsResponseObject, error) {
	if o.documents == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "This server takes no documents.")
	}
	upload := newUpload(o.Server)
	defer upload.close()
	err := upload.read(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	documents := make([]api.Document, 0, len(upload.documents))
	var unread []api.FieldError
	for _, d := range upload.documents {
		documents = append(documents, documentOf(d))
		if d.Unread != "" {
			unread = append(unread, inBody(d.URI, "%s", d.Unread))
		}
	}
	if len(unread) == len(documents) {
		return nil, invalid(unread...)
	}
	return api.UploadDocuments201JSONResponse{Documents: documents}, nil
}
