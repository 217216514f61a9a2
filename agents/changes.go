package agents

import (
	"strings"
	"unicode"
)

// The kinds of change between two drafts.
const (
	ChangeAdded    = "added"
	ChangeRemoved  = "removed"
	ChangeReplaced = "replaced"
	ChangeRefused  = "refused" // it would have left a sentence that its evidence does not show
)

// Changes lists the sentences in which after differs from before, section by
// section in the order of after. A removed and an added sentence of the same
// section that share at least half of their words count as one replaced.
func Changes(before, after Draft) []Change {
	old := sentencesBySection(before)
	var changes []Change
	seen := map[string]bool{}
	for _, section := range after.Sections {
		if !seen[section.Heading] {
			seen[section.Heading] = true
			changes = append(changes, sectionChanges(section.Heading, old[section.Heading], sentencesOf(after, section.Heading))...)
		}
	}
	for _, section := range before.Sections {
		if !seen[section.Heading] {
			seen[section.Heading] = true
			changes = append(changes, sectionChanges(section.Heading, old[section.Heading], nil)...)
		}
	}
	return changes
}

func sentencesBySection(draft Draft) map[string][]string {
	sections := map[string][]string{}
	for _, section := range draft.Sections {
		if _, ok := sections[section.Heading]; !ok {
			sections[section.Heading] = sentencesOf(draft, section.Heading)
		}
	}
	return sections
}

func sentencesOf(draft Draft, heading string) []string {
	var sentences []string
	for _, section := range draft.Sections {
		if section.Heading != heading {
			continue
		}
		for _, paragraph := range section.Paragraphs {
			for _, sentence := range paragraph.Sentences {
				sentences = append(sentences, sentence.Text)
			}
		}
	}
	return sentences
}

func sectionChanges(heading string, before, after []string) []Change {
	removed, added := without(before, after), without(after, before)
	var changes []Change
	for _, text := range added {
		change := Change{Kind: ChangeAdded, Section: heading, After: text}
		if i := mostAlike(text, removed); i >= 0 {
			change.Kind, change.Before = ChangeReplaced, removed[i]
			removed = append(removed[:i:i], removed[i+1:]...)
		}
		changes = append(changes, change)
	}
	for _, text := range removed {
		changes = append(changes, Change{Kind: ChangeRemoved, Section: heading, Before: text})
	}
	return changes
}

// without gives the sentences of list that other does not have, counting
// repetitions.
func without(list, other []string) []string {
	count := map[string]int{}
	for _, text := range other {
		count[text]++
	}
	var left []string
	for _, text := range list {
		if count[text] > 0 {
			count[text]--
			continue
		}
		left = append(left, text)
	}
	return left
}

func mostAlike(text string, candidates []string) int {
	best, bestShare := -1, 0.5
	words := wordSet(text)
	for i, candidate := range candidates {
		if share := sharedWords(words, wordSet(candidate)); share >= bestShare {
			best, bestShare = i, share
		}
	}
	return best
}

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		set[word] = true
	}
	return set
}

// sharedWords is the share of common words in the larger of two sets.
func sharedWords(a, b map[string]bool) float64 {
	larger := max(len(a), len(b))
	if larger == 0 {
		return 0
	}
	common := 0
	for word := range a {
		if b[word] {
			common++
		}
	}
	return float64(common) / float64(larger)
}
