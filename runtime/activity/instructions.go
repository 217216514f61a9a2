package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/untrusted"
	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/documents"
	"github.com/quaestor-run/quaestor/tools/format"
)

// eventInstruction tells of a text that tried to instruct an agent.
const eventInstruction = "untrusted.instruction"

// tellInstructions tells each once, however often it is found.
func (a *Activities) tellInstructions(ctx context.Context, run string, found []agents.Instruction) error {
	if len(found) == 0 {
		return nil
	}
	var update store.RunUpdate
	for _, instruction := range found {
		raw, err := json.Marshal(instruction)
		if err != nil {
			return fmt.Errorf("encoding an event: %w", err)
		}
		place := instruction.SHA256 + "/" + strconv.Itoa(instruction.Start)
		if instruction.End == 0 {
			place = instruction.URI + "/" + instruction.Text
		}
		update.Events = append(update.Events, store.Event{Key: "instruction/" + place, Type: eventInstruction, Time: a.Now().UTC(), Data: raw})
	}
	if err := a.Store.UpdateRun(ctx, run, update); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("telling of instructions in the sources: %w", err)
	}
	return nil
}

// inspect looks at what a tool brought that the survey has not seen: the whole
// of the texts it cites; rows of results; or, of what cites nothing, all it says.
func (a *Activities) inspect(ctx context.Context, tool string, result tools.Result) ([]agents.Instruction, error) {
	if tool == documents.Name {
		return nil, nil // the survey has read these documents whole
	}
	var found []agents.Instruction
	read := map[string]bool{}
	for _, c := range result.Citations {
		if c.Computation != nil {
			found = append(found, instructionsIn(c, c.Start, c.Quote, untrusted.FindInTable(c.Quote))...)
			continue
		}
		if read[c.SHA256] {
			continue
		}
		read[c.SHA256] = true
		text, err := a.Store.Blob(ctx, "sha256:"+c.SHA256)
		switch {
		case errors.Is(err, store.ErrNotFound):
			found = append(found, instructionsIn(c, c.Start, c.Quote, untrusted.Find(c.Quote))...)
		case err != nil:
			return nil, fmt.Errorf("reading snapshot %s: %w", c.SHA256, err)
		default:
			found = append(found, instructionsIn(c, 0, string(text), untrusted.Find(string(text)))...)
		}
	}
	if len(result.Citations) == 0 {
		said := string(result.Value)
		source := tools.Citation{Title: "what the tool " + tool + " gave", URI: "tool:" + tool}
		for _, i := range instructionsIn(source, 0, said, untrusted.FindInTable(said)) {
			i.Start, i.End = 0, 0 // there is no snapshot that it is a place in
			found = append(found, i)
		}
	}
	return found, nil
}

// instructionsIn names passages of a text that begins at byte at of a source.
func instructionsIn(source tools.Citation, at int, text string, passages []untrusted.Passage) []agents.Instruction {
	var found []agents.Instruction
	for _, p := range passages {
		found = append(found, agents.Instruction{
			Title: source.Title, URI: source.URI, SHA256: source.SHA256, Start: at + p.Start, End: at + p.End,
			Text: untrusted.Shorten(text[p.Start:p.End]), Signs: p.Signs,
		})
	}
	return found
}

// withoutInstructions leaves out quotes that instruct their reader: whoever
// selected them, they are no evidence of anything.
func (a *Activities) withoutInstructions(ctx context.Context, scope tools.Scope, evidence []agents.Evidence) ([]agents.Evidence, error) {
	if len(evidence) == 0 {
		return nil, nil
	}
	planted, err := a.Sources.Instructions(ctx, scope)
	if err != nil {
		return nil, fmt.Errorf("looking for instructions in the sources: %w", err)
	}
	return slices.DeleteFunc(evidence, func(e agents.Evidence) bool {
		return e.Computation == nil && (untrusted.Instructs(e.Quote) || slices.ContainsFunc(planted, func(i agents.Instruction) bool {
			return i.SHA256 == e.SHA256 && i.Start < e.End && e.Start < i.End
		}))
	}), nil
}

// maxEvents is how many events are read at a time.
const maxEvents = 1000

// instructions gives what was told of a run by tellInstructions, in that order.
func (a *Activities) instructions(ctx context.Context, run string) ([]agents.Instruction, error) {
	var list []agents.Instruction
	for after := int64(0); ; {
		events, err := a.Store.Events(ctx, run, after, maxEvents)
		if err != nil {
			return nil, fmt.Errorf("reading the events of run %s: %w", run, err)
		}
		for _, event := range events {
			after = event.Seq
			if event.Type != eventInstruction {
				continue
			}
			var instruction agents.Instruction
			if err := json.Unmarshal(event.Data, &instruction); err != nil {
				return nil, fmt.Errorf("decoding event %d of run %s: %w", event.Seq, run, err)
			}
			list = append(list, instruction)
		}
		if len(events) < maxEvents {
			return list, nil
		}
	}
}

// layOutInstructions names them in the report.
func layOutInstructions(list []agents.Instruction) format.Section {
	table := format.Table{
		Caption: "Text in the sources that is addressed to whoever reads them",
		Columns: []string{"Source", "Place", "Words", "Signs"},
	}
	for _, i := range list {
		place := fmt.Sprintf("bytes %d to %d", i.Start, i.End)
		if i.End == 0 {
			place = "title or name"
		}
		table.Rows = append(table.Rows, []string{i.Title + " (" + i.URI + ")", place, i.Text, strings.Join(i.Signs, ", ")})
	}
	return format.Section{
		Heading: "Attempted instructions",
		Paragraphs: []format.Paragraph{{Sentences: []format.Sentence{{
			Text: "Sources of this report hold text that reads like an instruction to its reader rather than like information. It was treated as data, and nothing was done because of it.",
		}}}},
		Tables: []format.Table{table},
	}
}
