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

// inspect looks at what a tool brought that the survey has not seen: what it
// cites, or, of what cites nothing, all it says.
func inspect(tool string, result tools.Result) []agents.Instruction {
	if tool == documents.Name {
		return nil // the survey has read these documents whole
	}
	var found []agents.Instruction
	for _, c := range result.Citations {
		find := untrusted.Find
		if c.Computation != nil {
			find = untrusted.FindInTable // rows of a result
		}
		for _, passage := range find(c.Quote) {
			found = append(found, agents.Instruction{
				Title: c.Title, URI: c.URI, SHA256: c.SHA256, Start: c.Start + passage.Start, End: c.Start + passage.End,
				Text: untrusted.Shorten(c.Quote[passage.Start:passage.End]), Signs: passage.Signs,
			})
		}
	}
	if len(result.Citations) > 0 {
		return found
	}
	said := string(result.Value)
	for _, passage := range untrusted.FindInTable(said) {
		found = append(found, agents.Instruction{
			Title: "what the tool " + tool + " gave", URI: "tool:" + tool, Text: untrusted.Shorten(said[passage.Start:passage.End]), Signs: passage.Signs,
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
