package audit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/runtime/store"
)

// The checks, in their order.
const (
	checkFiles        = "files"
	checkRecord       = "record"
	checkQuotes       = "quotes"
	checkComputations = "computations"
	checkQueries      = "queries"
	checkClaims       = "claims"
	checkReport       = "report"
	checkScorecard    = "scorecard"
	checkCosts        = "costs"
	checkDecisions    = "decisions"
)

// Verify checks a pack of size bytes by what is in it alone. What is wrong with
// it is in the result; an error says that ctx ended first.
func Verify(ctx context.Context, r io.ReaderAt, size int64, limits Limits) (Result, error) {
	v := &verifier{limits: limits.withDefaults(), result: Result{Checks: []Check{}, Problems: []Problem{}}}
	var problem *Problem
	if v.archive, problem = openArchive(r, size, v.limits); problem != nil {
		v.result.Checks = append(v.result.Checks, Check{Name: checkFiles, Says: "the archive could not be opened; nothing else was checked"})
		v.fail(checkFiles, problem.Where, "%s", problem.What)
		return v.end(), nil
	}
	for _, step := range []struct {
		name string
		run  func(context.Context) (says string)
	}{
		{checkFiles, v.files},
		{checkRecord, v.record},
		{checkQuotes, v.quotes},
		{checkComputations, v.computations},
		{checkQueries, v.queries},
		{checkClaims, v.claims},
		{checkReport, v.report},
		{checkScorecard, v.scorecard},
		{checkCosts, v.costs},
		{checkDecisions, v.decisions},
	} {
		v.current = step.name
		says := step.run(ctx)
		if err := ctx.Err(); err != nil {
			return v.end(), fmt.Errorf("checking %s: %w", step.name, err)
		}
		if v.stop {
			says = cmp.Or(says, "the pack cannot be read; nothing else was checked")
		}
		v.result.Checks = append(v.result.Checks, Check{Name: step.name, Says: says})
		if v.stop {
			break
		}
	}
	return v.end(), nil
}

// verifier is a check that is under way, and what was read so far.
type verifier struct {
	*archive
	limits  Limits
	result  Result
	current string
	stop    bool // nothing more can be checked
	counts  map[string]int

	manifest    Manifest
	run         Run
	request     request
	evidence    []agents.Evidence
	known       map[string]agents.Evidence
	sound       map[string]bool // evidence that holds
	recorded    []agents.Claim
	drafts      []Draft
	published   *agents.Draft // the draft that was published, or else the last one
	digest      string        // of it
	publication *Publication
	events      []Event
	reported    *activity.Report
	calls       []Call
}

// fail notes a problem.
func (v *verifier) fail(check, where, format string, args ...any) {
	if v.counts == nil {
		v.counts = map[string]int{}
	}
	v.counts[check]++
	if len(v.result.Problems) >= v.limits.Problems {
		v.result.Omitted++
		return
	}
	v.result.Problems = append(v.result.Problems, Problem{Check: check, Where: short(where), What: fmt.Sprintf(format, args...)})
}

// wrong notes a problem of the check that is under way.
func (v *verifier) wrong(where, format string, args ...any) {
	v.fail(v.current, where, format, args...)
}

func (v *verifier) end() Result {
	for i := range v.result.Checks {
		v.result.Checks[i].Problems = v.counts[v.result.Checks[i].Name]
	}
	v.result.Verified = len(v.result.Problems) == 0
	return v.result
}

// load decodes a file that the check cannot go on without.
func load[T any](v *verifier, name string, into *T) bool {
	value, err := decode[T](v.archive, name)
	if err != nil {
		v.wrong(name, "%v", err)
		return false
	}
	*into = value
	return true
}

// files holds every file against the manifest, and the manifest against its
// root.
func (v *verifier) files(ctx context.Context) string {
	v.stop = true // until the manifest and the lists are read
	if !load(v, fileManifest, &v.manifest) {
		return ""
	}
	m := v.manifest
	if m.Format != Format || m.Version != Version {
		v.wrong(fileManifest, "it is of format %q, version %d; this program reads %q, version %d", short(m.Format), m.Version, Format, Version)
		return ""
	}
	v.result.Run, v.result.MadeBy, v.result.Root = m.Run, m.MadeBy, m.ComputeRoot()
	if m.Root != v.result.Root {
		v.wrong(fileManifest, "it gives the root %s, but its own lines make it %s", short(m.Root), v.result.Root)
	}
	listed := make(map[string]bool, len(m.Files))
	for _, f := range m.Files {
		if listed[f.Path] || f.Path == fileManifest {
			v.wrong(fileManifest, "it lists %q twice, or itself", short(f.Path))
			continue
		}
		listed[f.Path] = true
		if ctx.Err() != nil {
			return ""
		}
		v.file(f)
	}
	for _, name := range v.names() {
		if !listed[name] && name != fileManifest {
			v.wrong(name, "the manifest does not list it: it was added")
		}
	}
	if v.readLists() {
		v.stop = false
	}
	return fmt.Sprintf("%d files held against the hashes and sizes of the manifest; nothing else may be in the pack", len(m.Files))
}

// file holds one file against its line.
func (v *verifier) file(f File) {
	r, err := v.open(f.Path)
	if err != nil {
		v.wrong(f.Path, "%v, but the manifest lists it", err)
		return
	}
	defer r.Close()
	h := sha256.New()
	size, err := io.Copy(h, r)
	sum := hex.EncodeToString(h.Sum(nil))
	switch {
	case err != nil:
		v.wrong(f.Path, "it is damaged: %v", err)
	case size != f.Size:
		v.wrong(f.Path, "it has %d bytes; the manifest says %d", size, f.Size)
	case sum != f.SHA256:
		v.wrong(f.Path, "its SHA-256 is %s; the manifest says %s", sum, short(f.SHA256))
	}
	folder, name := path.Split(f.Path)
	switch folder {
	case folderSnapshots, folderOriginals, folderDrafts, folderAgents, folderAnswers, folderTools:
		if named, _, _ := strings.Cut(name, "."); named != sum {
			v.wrong(f.Path, "it is named by a SHA-256, and what it holds has another: %s", sum)
		}
	}
}

// readLists reads what the checks work on.
func (v *verifier) readLists() bool {
	ok := load(v, fileRun, &v.run) && load(v, fileEvidence, &v.evidence) && load(v, fileClaims, &v.recorded) &&
		load(v, fileDrafts, &v.drafts) && load(v, fileEvents, &v.events) && load(v, fileCalls, &v.calls)
	if !ok {
		return false
	}
	if err := decodeInto(v.run.Request, &v.request); err != nil {
		v.wrong(fileRun, "its request cannot be read: %v", err)
		return false
	}
	v.result.Topic = v.run.Topic
	if v.run.ID != v.manifest.Run {
		v.wrong(fileRun, "it is of run %q; the manifest says %q", short(v.run.ID), short(v.manifest.Run))
	}
	v.known = make(map[string]agents.Evidence, len(v.evidence))
	for _, e := range v.evidence {
		if _, twice := v.known[e.ID]; twice {
			v.wrong(fileEvidence, "evidence %s is there twice", short(e.ID))
		}
		v.known[e.ID] = e
	}
	return v.readReport()
}

// readReport reads what was published. A run that failed, was rejected or was
// cancelled has no report.
func (v *verifier) readReport() bool {
	status := store.Status(v.run.Status)
	wanted := status == store.StatusCompleted || status == store.StatusPartial
	if v.archive.files[filePublication] != nil || wanted {
		v.publication, v.reported = &Publication{}, &activity.Report{}
		if !load(v, filePublication, v.publication) || !load(v, fileReport, v.reported) {
			return false
		}
		v.reported.Document.Notice = v.reported.Notice // in JSON they are one
		v.digest = v.publication.Digest
	} else if len(v.drafts) > 0 {
		v.digest = v.drafts[len(v.drafts)-1].Digest
	}
	if v.digest == "" && v.reported == nil {
		return true
	}
	digits, ok := hexDigest(v.digest)
	if !ok {
		v.wrong(filePublication, "%q names no draft", short(v.digest))
		return false
	}
	v.published = &agents.Draft{}
	if !load(v, folderDrafts+digits+".json", v.published) {
		return false
	}
	if fault := v.tooLong(*v.published); fault != "" {
		v.wrong(folderDrafts+digits+".json", "%s", fault)
		return false
	}
	return true
}
