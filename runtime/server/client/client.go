// Package client calls a Quaestor server. Types and calls are generated from
// the server's openapi.yaml; [API] adds the key, errors, uploads and live
// events.
package client

import (
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"
)

// API is a server. Make one with [Connect].
type API struct {
	*ClientWithResponses
}

// Connect prepares calls to the server at a URL such as http://127.0.0.1:8080.
// The key may be empty, for a server on this machine that has none; http may
// be nil.
func Connect(url, key string, httpClient *http.Client) (*API, error) {
	if httpClient == nil {
		httpClient = http.DefaultClient
	}
	withKey := func(_ context.Context, request *http.Request) error {
		if key != "" {
			request.Header.Set("Authorization", "Bearer "+key)
		}
		return nil
	}
	calls, err := NewClientWithResponses(strings.TrimSuffix(url, "/"), WithHTTPClient(httpClient), WithRequestEditorFn(withKey))
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", url, err)
	}
	return &API{calls}, nil
}

// Error implements error: what was wrong, and each field that is to blame
// where the detail does not say so already.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, field := range p.Errors {
		if !strings.Contains(text, field.Message) {
			text += fmt.Sprintf("; %s: %s", field.Field, field.Message)
		}
	}
	return fmt.Sprintf("%s (%d)", text, p.Status)
}

// Response is what every call of [API] gives.
type Response interface {
	StatusCode() int
	GetBody() []byte
	GetApplicationProblemJSONDefault() *Problem
}

// Check makes an answer that is no success an error: a [*Problem] where the
// server gave one. It takes what a call gives:
//
//	run, err := api.GetResearchWithResponse(ctx, id)
//	if err := client.Check(run, err); err != nil { … }
func Check(response Response, err error) error {
	switch {
	case err != nil:
		return err
	case response.StatusCode() < http.StatusBadRequest:
		return nil
	case response.GetApplicationProblemJSONDefault() != nil:
		return response.GetApplicationProblemJSONDefault()
	}
	return fmt.Errorf("the server answered %d: %.200s", response.StatusCode(), response.GetBody())
}

// File is a document to upload. Name may hold folders; Open is called once.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Upload sends documents into a corpus, as a stream.
func (a *API) Upload(ctx context.Context, corpus string, files ...File) ([]Document, error) {
	body, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() { writer.CloseWithError(writeForm(form, corpus, files)) }()
	defer func() { _ = body.Close() }() // the writer learns that nobody reads; it never fails
	answer, err := a.UploadDocumentsWithBodyWithResponse(ctx, form.FormDataContentType(), body)
	if err := Check(answer, err); err != nil {
		return nil, fmt.Errorf("uploading into corpus %q: %w", corpus, err)
	}
	if answer.JSON201 == nil {
		return nil, fmt.Errorf("uploading into corpus %q: the server answered %d", corpus, answer.StatusCode())
	}
	return answer.JSON201.Documents, nil
}

func writeForm(form *multipart.Writer, corpus string, files []File) error {
	if corpus != "" {
		if err := form.WriteField("corpus", corpus); err != nil {
			return err
		}
	}
	for _, file := range files {
		if err := writeFile(form, file); err != nil {
			return fmt.Errorf("sending %q: %w", file.Name, err)
		}
	}
	return form.Close()
}

func writeFile(form *multipart.Writer, file File) error {
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	part, err := form.CreateFormFile("file", file.Name)
	if err != nil {
		return err
	}
	_, err = io.Copy(part, content)
	return err
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
