package summarizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
)

// notice begins every summary that is made without a model.
const notice = "An extract by the offline model: sentences of the text as they stand, chosen by the words they share with the whole."

// maxSentences bounds what is weighed; a longer text is sampled evenly.
const maxSentences = 4000

// extract chooses the sentences that share most with the whole, in their order,
// as many as the words allow.
func extract(turn agents.Turn[Input]) (agents.Move[Output], error) {
	in := turn.Input
	sentences := sample(whole(sentencesOf(in.Text)), maxSentences)
	chosen := choose(sentences, in.Words)
	if in.Partial {
		return agents.Done(Output{Summary: strings.Join(chosen, "\n")}), nil
	}
	return agents.Done(Output{Summary: notice + "\n\n" + written(chosen, in.Format)}), nil
}

func written(chosen []string, format string) string {
	list := func(sentences []string) string { return "- " + strings.Join(sentences, "\n- ") }
	switch {
	case format == FormatBullets:
		return list(chosen)
	case format == FormatExecutive && len(chosen) > 1:
		return chosen[0] + "\n\n" + list(chosen[1:])
	default:
		return strings.Join(chosen, " ")
	}
}

// sentencesOf splits at ends of sentences and of lines.
func sentencesOf(text string) []string {
	var sentences []string
	add := func(sentence string) {
		if sentence = strings.Join(strings.Fields(strings.TrimLeft(sentence, "-*#> \t")), " "); sentence != "" {
			sentences = append(sentences, sentence)
		}
	}
	for line := range strings.Lines(text) {
		begin, ended := 0, false
		for at, char := range line {
			switch {
			case ended && unicode.IsSpace(char):
				add(line[begin:at])
				begin, ended = at, false
			case strings.ContainsRune(".!?", char):
				ended = true
			case strings.ContainsRune("。！？", char):
				add(line[begin : at+len(string(char))])
				begin, ended = at+len(string(char)), false
			case !strings.ContainsRune(`"'”’)]`, char):
				ended = false
			}
		}
		add(line[begin:])
	}
	return sentences
}

// whole leaves out headings and other fragments, where there is anything else.
func whole(sentences []string) []string {
	var ended []string
	for _, sentence := range sentences {
		if strings.ContainsAny(sentence[max(0, len(sentence)-6):], ".!?。！？") {
			ended = append(ended, sentence)
		}
	}
	if len(ended) == 0 {
		return sentences
	}
	return ended
}

func sample(sentences []string, most int) []string {
	if len(sentences) <= most {
		return sentences
	}
	out := make([]string, 0, most)
	for i := range most {
		out = append(out, sentences[i*len(sentences)/most])
	}
	return out
}

type weighed struct {
	at, words int
	weight    float64
}

// choose takes the weightiest sentences that fit, at least one.
func choose(sentences []string, words int) []string {
	frequency := map[string]int{}
	contents := make([][]string, len(sentences))
	for i, sentence := range sentences {
		contents[i] = slices.Compact(slices.Sorted(slices.Values(prose.Content(sentence))))
		for _, word := range contents[i] {
			frequency[word]++
		}
	}
	ranked := make([]weighed, len(sentences))
	for i, content := range contents {
		weight := 0.0
		for _, word := range content {
			weight += float64(frequency[word] - 1)
		}
		ranked[i] = weighed{i, max(1, len(strings.Fields(sentences[i]))), weight / float64(len(content)+4)}
	}
	slices.SortStableFunc(ranked, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	var taken []int
	said := map[string]bool{}
	for _, sentence := range ranked {
		if said[sentences[sentence.at]] || sentence.words > words && len(taken) > 0 {
			continue
		}
		said[sentences[sentence.at]] = true
		taken = append(taken, sentence.at)
		if words -= sentence.words; words <= 0 {
			break
		}
	}
	slices.Sort(taken)
	chosen := make([]string, 0, len(taken))
	for _, at := range taken {
		chosen = append(chosen, sentences[at])
	}
	return chosen
}
