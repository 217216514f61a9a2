package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/telemetry"
)

// blob copies a blob into the pack and says whether there is one.
func (g *gathered) blob(ctx context.Context, p *pack, name, ref string) (bool, error) {
	if p.there[name] {
		return true, nil
	}
	data, err := g.Store.Blob(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, p.add(name, data)
}

func (g *gathered) putReport(ctx context.Context, p *pack) error {
	if g.report == nil {
		return nil
	}
	for _, form := range []struct{ path, ref string }{
		{fileMarkdown, g.report.Markdown}, {fileHTML, g.report.HTML}, {fileReport, g.report.JSON},
	} {
		if there, err := g.blob(ctx, p, form.path, form.ref); err != nil || !there {
			return fmt.Errorf("reading %s: %w", form.path, cmp.Or(err, store.ErrNotFound))
		}
	}
	whole, err := g.Store.Blob(ctx, g.report.JSON)
	if err != nil {
		return err
	}
	var report activity.Report
	if err := json.Unmarshal(whole, &report); err != nil {
		return fmt.Errorf("decoding the report: %w", err)
	}
	return errors.Join(
		p.object(filePublication, Publication{Digest: g.report.Digest, Created: g.report.Created.UTC()}),
		p.object(fileScorecard, report.Scorecard))
}

func (g *gathered) putEvidence(ctx context.Context, p *pack) error {
	for i := range g.sources {
		s := &g.sources[i]
		there, err := g.blob(ctx, p, s.Snapshot, "sha256:"+s.SHA256)
		if err != nil {
			return fmt.Errorf("reading the snapshot of %q: %w", s.URI, err)
		}
		if !there {
			s.Snapshot = "" // the verifier says what is missing
		}
		digits, ok := hexDigest(s.Original)
		s.Original = ""
		if !ok || digits == s.SHA256 { // the snapshot is the original
			continue
		}
		name := folderOriginals + digits + ending(s.URI)
		if there, err = g.blob(ctx, p, name, "sha256:"+digits); err != nil {
			return fmt.Errorf("reading the original of %q: %w", s.URI, err)
		}
		if there {
			s.Original = name
		}
	}
	computations, queries := derive(g.evidence)
	return errors.Join(
		list(p, fileSources, g.sources), list(p, fileEvidence, g.evidence), list(p, fileClaims, g.claims),
		list(p, fileComputations, computations), list(p, fileQueries, queries))
}

// ending is that of a source's name, as far as it says how to open the file.
func ending(uri string) string {
	const longest = 6
	found := strings.ToLower(path.Ext(uri))
	if len(found) > longest || strings.Trim(found, ".abcdefghijklmnopqrstuvwxyz0123456789") != "" || len(found) < 2 {
		return ".bin"
	}
	return found
}

func (g *gathered) putDrafts(ctx context.Context, p *pack) error {
	drafts := []Draft{}
	versions := []AgentVersion{}
	for _, d := range g.drafts {
		digits, ok := hexDigest(d.Ref)
		if !ok {
			return fmt.Errorf("draft %d is kept as %q, which is no digest", d.Round, d.Ref)
		}
		name := folderDrafts + digits + ".json"
		if there, err := g.blob(ctx, p, name, d.Ref); err != nil || !there {
			return fmt.Errorf("reading draft %d: %w", d.Round, cmp.Or(err, store.ErrNotFound))
		}
		drafts = append(drafts, Draft{Round: d.Round, Digest: d.Digest, File: name, Created: d.Created.UTC(), Changes: d.Changes})
		for _, c := range d.Changes {
			versions = append(versions, AgentVersion{Agent: c.Author, Version: c.Version})
		}
	}
	for _, a := range g.attempts {
		versions = append(versions, AgentVersion{Agent: a.Agent, Version: a.AgentVersion})
	}
	slices.SortFunc(versions, func(a, b AgentVersion) int {
		return cmp.Or(strings.Compare(a.Agent, b.Agent), strings.Compare(a.Version, b.Version))
	})
	versions = slices.DeleteFunc(slices.Compact(versions), func(v AgentVersion) bool { return v.Version == "" })
	for i, v := range versions {
		digits, ok := hexDigest(v.Version)
		if !ok {
			continue
		}
		name := folderAgents + digits + ".json"
		there, err := g.blob(ctx, p, name, v.Version)
		if err != nil {
			return fmt.Errorf("reading version %s of agent %s: %w", v.Version, v.Agent, err)
		}
		if there {
			versions[i].File = name
		}
	}
	return errors.Join(list(p, fileDrafts, drafts), list(p, fileReviews, g.reviews), list(p, fileAgents, versions))
}

func (g *gathered) putCalls(ctx context.Context, p *pack) error {
	calls := []Call{}
	placed := map[string]int{}
	for _, a := range g.attempts {
		at, known := placed[a.Key]
		if !known {
			at = len(calls)
			placed[a.Key] = at
			calls = append(calls, Call{Key: a.Key, Feature: a.Feature, Agent: a.Agent, Version: a.AgentVersion})
		}
		call := &calls[at]
		call.Attempts = append(call.Attempts, attemptOf(a))
		if call.Status != string(ledger.StateSettled) {
			call.Status = string(a.State)
		}
	}
	for i := range calls {
		if calls[i].Status != string(ledger.StateSettled) {
			continue
		}
		found, ok, err := g.Ledger.Find(ctx, calls[i].Key)
		if err != nil {
			return err
		}
		if !ok || len(found.Response) == 0 {
			continue
		}
		name := folderAnswers + digestOf(found.Response) + ".json"
		if err := p.add(name, found.Response); err != nil {
			return err
		}
		calls[i].Answer = name
	}
	balance, err := g.Ledger.Balance(ctx, ledger.Scope{Kind: ledger.ScopeRun, ID: g.run.ID}, ledger.PeriodTotal)
	if err != nil {
		return err
	}
	return errors.Join(list(p, fileCalls, calls), p.object(fileCosts, Costs{
		SettledTokens: balance.Settled.Tokens, SettledNanoUSD: balance.Settled.NanoUSD,
		OverageTokens: balance.Overage.Tokens, OverageNanoUSD: balance.Overage.NanoUSD,
		HeldTokens: balance.Held.Tokens, HeldNanoUSD: balance.Held.NanoUSD,
		LimitTokens: balance.Limit.Tokens, LimitNanoUSD: balance.Limit.NanoUSD,
		Attempts: balance.Attempts, Uncertain: balance.Uncertain,
	}))
}

func attemptOf(a ledger.Attempt) Attempt {
	return Attempt{
		ID: a.ID, Status: string(a.State), Model: a.Model, Provider: a.Provider, Region: a.Region, Cached: a.Cached,
		HoldTokens: a.Hold.Tokens, HoldNanoUSD: a.Hold.NanoUSD,
		InputTokens: a.Usage.InputTokens, OutputTokens: a.Usage.OutputTokens,
		CacheReadTokens: a.Usage.CacheReadTokens, CacheWriteTokens: a.Usage.CacheWriteTokens, NanoUSD: a.Usage.NanoUSD,
		WaitMS: a.Wait.Milliseconds(), LatencyMS: a.Latency.Milliseconds(), FirstTokenMS: a.FirstToken.Milliseconds(),
		Reason: telemetry.Redact(a.Reason), Created: a.Created.UTC(), Ended: a.Ended.UTC(),
	}
}

// toolEvent is what a "tool.call" event says. Events of older runs do not name
// the blobs.
type toolEvent struct {
	Agent  string `json:"agent"`
	Label  string `json:"label"`
	Step   int    `json:"step"`
	Tool   string `json:"tool"`
	Error  string `json:"error"`
	Call   string `json:"call"`
	Result string `json:"result"`
}

const toolCallEvent = "tool.call"

func (g *gathered) putTools(ctx context.Context, p *pack) error {
	called := []ToolCall{}
	for _, event := range g.events {
		if event.Type != toolCallEvent {
			continue
		}
		var told toolEvent
		if err := json.Unmarshal(event.Data, &told); err != nil {
			return fmt.Errorf("reading event %d: %w", event.Seq, err)
		}
		call := ToolCall{Event: event.Seq, Agent: told.Agent, Label: told.Label, Step: told.Step, Tool: told.Tool, Error: telemetry.Redact(told.Error)}
		if _, ok := hexDigest(told.Call); ok {
			raw, err := g.Store.Blob(ctx, told.Call)
			if err != nil {
				return fmt.Errorf("reading a tool call: %w", err)
			}
			call.Call = raw
		}
		if digits, ok := hexDigest(told.Result); ok {
			name := folderTools + digits + ".json"
			there, err := g.blob(ctx, p, name, told.Result)
			if err != nil {
				return fmt.Errorf("reading a tool result: %w", err)
			}
			if there {
				call.Result = name
			}
		}
		called = append(called, call)
	}
	return list(p, fileTools, called)
}
