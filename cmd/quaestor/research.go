package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime"
	"github.com/quaestor-run/quaestor/runtime/devserver"
	"github.com/quaestor-run/quaestor/runtime/server/client"
	"github.com/quaestor-run/quaestor/workflows"
)

// researchFlags are what a user asks of one run.
type researchFlags struct {
	docs          []string
	out           string
	format        string
	asJSON        bool
	server        string
	questions     []string
	maxIterations *int // nil leaves it to the server
	tokens        int64
	usd           string
	deadline      string
	language      string
	model         string
	citations     string
	template      string
	track         bool
	from, to      string
	audit         string
}

func researchCommand(s *settings) *cobra.Command {
	var flags researchFlags
	var maxIterations int
	cmd := &cobra.Command{
		Use:   "research TOPIC",
		Short: "Research a topic in documents and write a cited report",
		Long: "Researches a topic in your own documents (--docs) or in the sample documents that ship with\n" +
			"the program, and writes the report. Uses the server at --server, or starts everything for this one run.\n\n" +
			"Exit codes: 0 completed, 2 bad usage, 3 failed, 4 partial (budget or deadline), 130 cancelled.",
		Example: "  quaestor research --docs ./papers \"How is AI changing medical devices and care?\"",
		Args:    oneTopic,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("max-iterations") {
				flags.maxIterations = &maxIterations
			}
			return research(cmd.Context(), s, flags, strings.TrimSpace(args[0]))
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&flags.docs, "docs", nil, "`DIR` of documents to research, or one file; may be repeated")
	f.StringVar(&flags.out, "out", "", "`FILE` to write the report to (default: standard output)")
	f.StringVar(&flags.format, "format", "", "md, html, json, pdf, docx, or its references as csl, bibtex or ris (default: by the ending of --out, else md)")
	f.BoolVar(&flags.track, "track-changes", false, "show in a docx what was changed since the first draft")
	f.StringVar(&flags.audit, "audit", "", "`FILE` to write the audit pack of the run to; see quaestor verify")
	f.StringVar(&flags.template, "template", "", "template of the report, one of the configuration (default: as configured)")
	f.StringVar(&flags.citations, "citation-style", "", "plain, apa, chicago, ieee, vancouver or harvard (default: as configured)")
	f.BoolVar(&flags.asJSON, "json", false, "print the run with report, evidence, claims and usage as one JSON object")
	f.StringVar(&flags.server, "server", "", "`URL` of a running server; its key comes from QUAESTOR_API_KEY")
	f.StringArrayVar(&flags.questions, "question", nil, "a `QUESTION` to answer before others; may be repeated")
	f.IntVar(&maxIterations, "max-iterations", 3, "rounds of refinement, 0 to 3")
	f.Int64Var(&flags.tokens, "budget-tokens", 0, "end as partial when this many tokens are used up")
	f.StringVar(&flags.usd, "budget-usd", "", "end as partial when this many dollars are spent, such as 1.50")
	f.StringVar(&flags.deadline, "deadline", "", "end as partial at this time (RFC 3339) or after this long, such as 10m")
	f.StringVar(&flags.language, "language", "", "language of the report (BCP 47; default en)")
	f.StringVar(&flags.from, "from", "", "leave out sources published before this `DAY`, such as 2020-01-01")
	f.StringVar(&flags.to, "to", "", "leave out sources published after this `DAY`")
	f.StringVar(&flags.model, "model", "", "model of every agent (default: as configured)")
	return cmd
}

// maxTopic is what the API takes, in characters.
const maxTopic = 2000

func oneTopic(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 || strings.TrimSpace(args[0]) == "":
		return usage(fmt.Errorf("a topic is required: %s \"How is AI changing medical devices?\"", cmd.CommandPath()))
	case utf8.RuneCountInString(args[0]) > maxTopic:
		return usage(fmt.Errorf("the topic has %d characters, and at most %d are taken: ask for less, or put the rest into documents",
			utf8.RuneCountInString(args[0]), maxTopic))
	case len(args) > 1:
		return usage(fmt.Errorf("one topic is wanted, got %d arguments: put the topic in quotes", len(args)))
	}
	return nil
}

// check finds what is wrong with the flags before anything is started, and
// lists the documents.
func (f *researchFlags) check() ([]localFile, error) {
	if f.format == "" {
		f.format = map[string]string{".html": "html", ".htm": "html", ".json": "json", ".pdf": "pdf", ".docx": "docx", ".bib": "bibtex", ".ris": "ris"}[strings.ToLower(filepath.Ext(f.out))]
	}
	switch f.format {
	case "":
		f.format = "md"
	case "md", "html", "json", "pdf", "docx", "csl", "bibtex", "ris":
	default:
		return nil, fmt.Errorf("--format %q: want md, html, json, pdf, docx, csl, bibtex or ris", f.format)
	}
	if f.track && f.format != "docx" {
		return nil, fmt.Errorf("--track-changes is for --format docx, not %s", f.format)
	}
	if !slices.Contains([]string{"", "plain", "apa", "chicago", "ieee", "vancouver", "harvard"}, f.citations) {
		return nil, fmt.Errorf("--citation-style %q: want plain, apa, chicago, ieee, vancouver or harvard", f.citations)
	}
	if f.out == "" && (f.format == "pdf" || f.format == "docx") && term.IsTerminal(int(os.Stdout.Fd())) {
		return nil, fmt.Errorf("--format %s gives bytes that a terminal cannot show: name a file with --out", f.format)
	}
	if f.model != "" && f.server != "" {
		return nil, errors.New("--model cannot be used with --server: which models serve is the server's configuration")
	}
	for flag, file := range map[string]string{"--out": f.out, "--audit": f.audit} {
		if info, err := os.Stat(filepath.Dir(file)); file != "" && (err != nil || !info.IsDir()) {
			return nil, fmt.Errorf("%s %s: the folder %s does not exist", flag, file, filepath.Dir(file))
		}
	}
	if err := f.checkLimits(); err != nil {
		return nil, err
	}
	return findDocuments(f.docs)
}

func (f *researchFlags) checkLimits() error {
	if n := f.maxIterations; n != nil && (*n < 0 || *n > workflows.DefaultRounds) {
		return fmt.Errorf("--max-iterations %d: want 0 to %d", *n, workflows.DefaultRounds)
	}
	if f.tokens < 0 {
		return fmt.Errorf("--budget-tokens %d: want a number above 0", f.tokens)
	}
	if usd, err := strconv.ParseFloat(f.usd, 64); f.usd != "" && (err != nil || !(usd > 0) || !json.Valid([]byte(f.usd))) {
		return fmt.Errorf("--budget-usd %q: want an amount of dollars such as 1.50", f.usd)
	}
	for name, day := range map[string]string{"--from": f.from, "--to": f.to} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return fmt.Errorf("%s %q: want a day such as 2024-05-31", name, day)
		}
	}
	if f.deadline == "" {
		return nil
	}
	if after, err := time.ParseDuration(f.deadline); err == nil && after > 0 {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, f.deadline); err != nil {
		return fmt.Errorf("--deadline %q: want a duration such as 10m, or a time such as 2030-01-02T15:04:05Z", f.deadline)
	}
	return nil
}

func research(ctx context.Context, s *settings, flags researchFlags, topic string) error {
	files, err := flags.check()
	if err != nil {
		return usage(err)
	}
	base, began := flags.server, time.Now()
	var failed <-chan error
	if base == "" {
		local, err := startLocal(ctx, s, flags)
		if err != nil {
			return err
		}
		defer func() {
			if err := local.Close(); err != nil {
				fmt.Fprintln(os.Stderr, "quaestor: stopping:", err)
			}
		}()
		base, failed = local.URL(), local.Failed()
	}
	api, err := newAPI(base, os.Getenv("QUAESTOR_API_KEY"), failed)
	if err != nil {
		return usage(err)
	}
	api.began = began
	sources, err := api.sources(ctx, files)
	if err != nil {
		return err
	}
	id, err := api.start(ctx, flags, topic, sources)
	if err != nil {
		return err
	}
	shown := newProgress()
	run, err := api.follow(ctx, id, shown)
	shown.finish()
	if err != nil {
		return err
	}
	return api.deliver(context.WithoutCancel(ctx), run, flags)
}

// startLocal starts everything for one run. The data folder keeps it, so that a
// run that was killed goes on at the next start.
func startLocal(ctx context.Context, s *settings, flags researchFlags) (*runtime.Runtime, error) {
	config, err := s.load()
	if err != nil {
		return nil, err
	}
	config.Server.Addr = "127.0.0.1:0"
	config.Temporal.UIAddr = ""
	if flags.model != "" {
		config.Models.Default, config.Models.Agents = flags.model, nil
		if _, known := config.Catalog[flags.model]; !known {
			return nil, usage(fmt.Errorf("--model %q is not in the catalog; `models.catalog` in the configuration adds models", flags.model))
		}
	}
	log, err := logFile(config)
	if err != nil {
		return nil, err
	}
	return openLocal(ctx, s, config, log)
}

// openLocal starts everything in this process.
func openLocal(ctx context.Context, s *settings, config configs.Config, log io.Writer) (*runtime.Runtime, error) {
	local, err := runtime.New(ctx, runtime.Options{Config: config, Embedded: true, Providers: s.providers, Version: version, LogOutput: log})
	if errors.Is(err, devserver.ErrInUse) {
		return nil, fmt.Errorf("%w; or have that one do the research with --server URL", err)
	}
	return local, err
}

// logFile keeps the log out of the progress: it is research.log in the data
// folder, that of the last run. Who asks for another level than the default
// gets the log on standard error.
func logFile(config configs.Config) (io.Writer, error) {
	if config.Telemetry.LogLevel != "info" {
		return os.Stderr, nil
	}
	data, err := runtime.DataFolder(config)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w; choose another with --data", err)
	}
	// It stays open as long as the process: what closes last still logs.
	file, err := os.OpenFile(filepath.Join(data, "research.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return file, nil
}

func newProgress() *progress {
	p := &progress{out: os.Stderr, now: time.Now, started: time.Now(), width: func() int { return 100 }}
	if fd := int(os.Stderr.Fd()); term.IsTerminal(fd) {
		p.live = true
		p.width = func() int {
			if width, _, err := term.GetSize(fd); err == nil {
				return width
			}
			return 100
		}
	}
	return p
}

// codeOf is the exit code for a run's final status.
func codeOf(status client.Status, reason string) error {
	switch status {
	case client.StatusCompleted:
		return nil
	case client.StatusPartial:
		return &exit{exitPartial, errors.New("the report is partial: " + reason)}
	case client.StatusCancelled:
		return &exit{exitCancelled, errors.New("cancelled; what was gathered is kept")}
	}
	return &exit{exitFailed, fmt.Errorf("the run %s: %s", status, reason)}
}
