package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/server/client"
)

// api is a server, local or not, as the research command uses it.
type api struct {
	*client.API
	local  bool
	began  time.Time    // before a local server started
	failed <-chan error // of a local server that can no longer work
	known  int          // documents that were not read again
}

func newAPI(base, key string, failed <-chan error) (*api, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" {
		return nil, fmt.Errorf("--server %q: want a URL such as http://127.0.0.1:8080", base)
	}
	connected, err := client.Connect(base, key, nil)
	if err != nil {
		return nil, err
	}
	return &api{API: connected, local: failed != nil, failed: failed}, nil
}

// sources brings the documents to the server and names what the run may read.
// Documents that cannot be read are told and left to the report to name.
func (a *api) sources(ctx context.Context, files []localFile) ([]string, error) {
	if len(files) == 0 {
		if a.local {
			return []string{runtime.SampleCorpus}, nil
		}
		return nil, nil
	}
	corpus := corpusName(files)
	read := 0
	a.known = 0
	for _, batch := range batches(files) {
		n, err := a.upload(ctx, corpus, batch)
		if err != nil {
			return nil, err
		}
		read += n
	}
	if a.known > 0 {
		fmt.Fprintf(os.Stderr, "documents: %d, of which %d read and %d known from before\n", read, read-a.known, a.known)
	}
	if read == 0 {
		return nil, fmt.Errorf("none of the %d files could be read", len(files))
	}
	return []string{corpus}, nil
}

// upload sends a batch and says how many documents could be read. When the
// server refuses a batch, its files go one by one, so that one bad file does
// not keep the others out.
func (a *api) upload(ctx context.Context, corpus string, batch []localFile) (int, error) {
	files := make([]client.File, len(batch))
	for i, file := range batch {
		files[i] = client.File{Name: file.name, Open: func() (io.ReadCloser, error) { return os.Open(file.path) }}
	}
	documents, err := a.Upload(ctx, corpus, files...)
	var refused *client.Problem
	switch {
	case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError && len(batch) > 1:
		read := 0
		for _, file := range batch {
			n, err := a.upload(ctx, corpus, []localFile{file})
			if err != nil {
				return 0, err
			}
			read += n
		}
		return read, nil
	case refused != nil && (refused.Status == http.StatusUnprocessableEntity || refused.Status == http.StatusRequestEntityTooLarge):
		leftOut(batch[0].name, errors.New(strings.TrimPrefix(refused.Detail, batch[0].name+": ")))
		return 0, nil
	case err != nil:
		return 0, err
	}
	read := 0
	for _, document := range documents {
		if document.Unread != "" {
			leftOut(document.URI, errors.New(document.Unread))
			continue
		}
		read++
		if document.Intake == client.IntakeUnchanged || document.Intake == client.IntakeReused {
			a.known++
		}
	}
	return read, nil
}

// start begins the run, or finds the same one that was interrupted: requests
// are numbered under the digest of what is asked, and the first number whose
// run is new or had not ended when this process began is the one. A server that
// others use gets a request of its own every time.
func (a *api) start(ctx context.Context, flags researchFlags, topic string, sources []string) (string, error) {
	request := client.ResearchRequest{
		Topic: topic, Questions: flags.questions, Deadline: flags.deadline, Language: flags.language,
		MaxIterations: flags.maxIterations,
		Sources:       client.Sources{Documents: sources},
		Budget:        client.Budget{Tokens: flags.tokens, USD: json.Number(flags.usd)},
		CitationStyle: client.CitationStyle(flags.citations),
		Published:     client.PublicationWindow{From: flags.from, To: flags.to},
		Template:      flags.template,
	}
	raw, err := json.Marshal(request)
	if err != nil {
		return "", fmt.Errorf("encoding the request: %w", err)
	}
	if !a.local {
		accepted, err := a.create(ctx, request, rand.Text())
		return accepted.ID, err
	}
	digest := sha256.Sum256(raw)
	for number := 0; ; number++ {
		accepted, err := a.create(ctx, request, fmt.Sprintf("cli-%s-%d", hex.EncodeToString(digest[:8]), number))
		if err != nil {
			return "", err
		}
		run, err := a.run(ctx, accepted.ID)
		if err != nil {
			return "", err
		}
		if run.Status == client.StatusRunning || run.Status == client.StatusAwaitingReview {
			if run.Progress.Done > 0 {
				fmt.Fprintf(os.Stderr, "going on with run %s, which was interrupted\n", run.ID)
			}
			return run.ID, nil
		}
		if run.FinishedAt.After(a.began) {
			fmt.Fprintf(os.Stderr, "run %s, which was interrupted, went on at the start and has ended\n", run.ID)
			return run.ID, nil
		}
	}
}

func (a *api) create(ctx context.Context, request client.ResearchRequest, key string) (client.Accepted, error) {
	answer, err := a.CreateResearchWithResponse(ctx, &client.CreateResearchParams{IdempotencyKey: &key}, request)
	if err := client.Check(answer, err); err != nil {
		var refused *client.Problem
		if errors.As(err, &refused) && (refused.Status == http.StatusBadRequest || refused.Status == http.StatusUnprocessableEntity) {
			return client.Accepted{}, usage(err)
		}
		var unreachable *net.OpError
		if errors.As(err, &unreachable) {
			return client.Accepted{}, fmt.Errorf("reaching the server: %w; is `quaestor up` running there?", err)
		}
		return client.Accepted{}, fmt.Errorf("starting the run: %w", err)
	}
	return *answer.JSON202, nil
}

func (a *api) run(ctx context.Context, id string) (client.Run, error) {
	answer, err := a.GetResearchWithResponse(ctx, id)
	if err := client.Check(answer, err); err != nil {
		return client.Run{}, fmt.Errorf("reading run %s: %w", id, err)
	}
	return *answer.JSON200, nil
}

// cancelPatience is how long an interrupted command waits for its run to stop.
const cancelPatience = 5 * time.Second

// follow shows the run until it ends. An interruption cancels the run first; when
// the local server fails, the run is left to the next start.
func (a *api) follow(ctx context.Context, id string, shown *progress) (client.Run, error) {
	watch, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	unhook := context.AfterFunc(ctx, func() {
		_, _ = a.CancelResearchWithResponse(watch, id)
		time.AfterFunc(cancelPatience, func() { stop(&exit{exitCancelled, errors.New("interrupted; the run goes on at the next start")}) })
	})
	defer unhook()
	go func() {
		select {
		case err := <-a.failed:
			stop(fmt.Errorf("%w. The run goes on at the next start of the same command", err))
		case <-watch.Done():
		}
	}()
	for event, err := range a.Events(watch, id, 0) {
		if cause := context.Cause(watch); cause != nil {
			return client.Run{}, cause
		}
		if err != nil {
			return client.Run{}, fmt.Errorf("following run %s: %w", id, err)
		}
		shown.event(event.Type, event.Data)
	}
	return a.run(context.WithoutCancel(ctx), id)
}

// result is what --json prints: the shapes of the API in one object.
type result struct {
	ID     string        `json:"id"`
	Status client.Status `json:"status"`
	Topic  string        `json:"topic"`
	Error  string        `json:"error,omitempty"`
	Report struct {
		Markdown string `json:"markdown"`
	} `json:"report"`
	Evidence []client.Evidence `json:"evidence"`
	Claims   []client.Claim    `json:"claims"`
	Usage    client.Usage      `json:"usage"`
}

// deliver writes what the run came to, and gives the exit code for it.
func (a *api) deliver(ctx context.Context, run client.Run, flags researchFlags) error {
	if flags.asJSON {
		if err := a.printJSON(ctx, run); err != nil {
			return err
		}
	}
	if run.Status == client.StatusCompleted || run.Status == client.StatusPartial {
		if flags.out != "" || !flags.asJSON {
			if err := a.writeReport(ctx, run.ID, flags); err != nil {
				return err
			}
		}
	}
	if flags.audit != "" {
		if err := saveAudit(ctx, run.ID, flags.audit, a.fetchAudit); err != nil {
			return err
		}
	}
	return codeOf(run.Status, run.Error)
}

func (a *api) printJSON(ctx context.Context, run client.Run) error {
	printed := result{ID: run.ID, Status: run.Status, Topic: run.Topic, Error: run.Error, Usage: run.Usage}
	if run.Status == client.StatusCompleted || run.Status == client.StatusPartial {
		report, err := a.report(ctx, run.ID, "md", false)
		if err != nil {
			return err
		}
		printed.Report.Markdown = string(report)
	}
	found, err := a.GetEvidenceWithResponse(ctx, run.ID)
	if err := client.Check(found, err); err != nil {
		return fmt.Errorf("reading the evidence: %w", err)
	}
	printed.Evidence, printed.Claims = found.JSON200.Evidence, found.JSON200.Claims
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(printed); err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	_, err = os.Stdout.Write(text.Bytes())
	return err
}

func (a *api) writeReport(ctx context.Context, id string, flags researchFlags) error {
	report, err := a.report(ctx, id, flags.format, flags.track)
	if err != nil {
		return err
	}
	if flags.out == "" {
		_, err = os.Stdout.Write(report)
		return err
	}
	if err := os.WriteFile(flags.out, report, 0o644); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	fmt.Fprintf(os.Stderr, "The report is in %s.\n", flags.out)
	return nil
}

func (a *api) report(ctx context.Context, id, format string, tracked bool) ([]byte, error) {
	form := client.GetReportParamsFormat(format)
	params := client.GetReportParams{Format: &form}
	if tracked {
		changes := client.GetReportParamsChangesTracked
		params.Changes = &changes
	}
	answer, err := a.GetReportWithResponse(ctx, id, &params)
	if err := client.Check(answer, err); err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	return answer.Body, nil
}
