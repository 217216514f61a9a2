package corpus

import (
	"context"
	"fmt"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/runtime/store"
	"github.com/quaestor-run/quaestor/runtime/untrusted"
	"github.com/quaestor-run/quaestor/tools"
)

// maxInstructions bounds what is named of the sources of one scope.
const maxInstructions = 50

// Instructions gives what in the sources of a scope tries to instruct its reader, in
// the order of the documents' addresses, at most 50. Sources are looked through
// once for each state of their corpora.
func (c *Corpora) Instructions(ctx context.Context, scope tools.Scope) ([]agents.Instruction, error) {
	set, err := c.open(ctx, scope)
	if err != nil {
		return nil, err
	}
	set.inspecting.Lock()
	defer set.inspecting.Unlock()
	if !set.inspected {
		if set.instructions, err = c.inspect(ctx, set); err != nil {
			return nil, err
		}
		set.inspected = true
	}
	return set.instructions, nil
}

func (c *Corpora) inspect(ctx context.Context, set *sourceSet) ([]agents.Instruction, error) {
	var instructions []agents.Instruction
	for place, doc := range set.indexed {
		find, text := untrusted.Find, set.index.Source(place).Text
		if isTable(doc.MediaType) {
			raw, err := c.store.Blob(ctx, doc.Snapshot)
			if err != nil {
				return nil, fmt.Errorf("fetching the text of %q: %w", doc.URI, err)
			}
			find, text = untrusted.FindInTable, string(raw)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found := find(text)
		for _, passage := range found {
			instructions = append(instructions, instruction(doc, text[passage.Start:passage.End], passage))
		}
		for _, outside := range [2]string{doc.Title, doc.URI} {
			if strings.Contains(text, outside) {
				continue // and was read with it
			}
			for _, passage := range find(outside) {
				instructions = append(instructions, instruction(doc, outside[passage.Start:passage.End], untrusted.Passage{Signs: passage.Signs}))
			}
		}
		if len(instructions) >= maxInstructions {
			return instructions[:maxInstructions], nil
		}
	}
	return instructions, nil
}

func instruction(doc store.Document, text string, passage untrusted.Passage) agents.Instruction {
	return agents.Instruction{
		Title: doc.Title, URI: doc.URI, SHA256: strings.TrimPrefix(doc.Snapshot, "sha256:"),
		Start: passage.Start, End: passage.End, Text: untrusted.Shorten(text), Signs: passage.Signs,
	}
}
