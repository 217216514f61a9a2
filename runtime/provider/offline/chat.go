package offline

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/runtime/provider"
)

const (
	// maxQuotes is how many sentences an answer quotes.
	maxQuotes = 3
	// maxMaterial bounds what is read of a transcript, the newest first, in bytes.
	maxMaterial = 1 << 20
	// maxSentence is the longest that is quoted, in bytes.
	maxSentence = 1200
	// questionWeight is what a word of the question counts above any other.
	questionWeight = 4
)

// notice begins every answer to a chat: nobody shall take it for a model's.
const notice = "This is the offline model. It does not write; it quotes what was sent to it."

// chat answers a call that is no agent's: it quotes the sentences of what the
// user sent that say most about what is asked, and about the whole.
func chat(req provider.Request) (agents.Message, error) {
	if err := req.CheckToolChoice(); err != nil {
		return agents.Message{}, err
	}
	if mode := req.ToolChoice.Mode; mode == provider.ToolAny || mode == provider.ToolNamed {
		return agents.Message{}, errors.New("the offline model cannot decide on a tool call; ask with tool choice auto or none, or choose another model")
	}
	text := excerpt(req.Messages)
	if len(req.Output) > 0 {
		value, err := fill(req.Output, text)
		if err != nil {
			return agents.Message{}, err
		}
		text = string(value)
	}
	return agents.Message{Role: agents.RoleAssistant, Text: text}, nil
}

// excerpt is the answer as text.
func excerpt(transcript []agents.Message) string {
	material, asked := material(transcript)
	quotes := choose(material, asked)
	if len(quotes) == 0 {
		return notice + " There is no statement in it that could be quoted in answer."
	}
	said := " The sentence that says most about it:"
	if len(quotes) > 1 {
		said = " The sentences that say most about it:"
	}
	var out strings.Builder
	out.WriteString(notice + said + "\n")
	for _, quote := range quotes {
		out.WriteString("\n- " + prose.Quote(quote))
	}
	return out.String()
}

// sentence is one that could be quoted, with the words it is judged by.
type sentence struct {
	text  string
	words prose.Fingerprint
	score float64
}

// material is what the user sent, cut into the statements it makes, and the
// words of what is asked: of the questions, or else of the last message's first
// line.
func material(transcript []agents.Message) (statements []sentence, asked []string) {
	left := maxMaterial
	var texts []string
	for _, message := range slices.Backward(transcript) {
		if message.Role != agents.RoleUser {
			continue
		}
		if len(message.Text) > left {
			break
		}
		left -= len(message.Text)
		texts = append(texts, message.Text)
	}
	slices.Reverse(texts)
	seen := map[string]bool{}
	for _, text := range texts {
		for _, found := range split(text) {
			if strings.HasSuffix(found, "?") {
				asked = append(asked, prose.Content(found)...)
				continue
			}
			if !seen[found] && len(strings.Fields(found)) > 3 {
				seen[found] = true
				statements = append(statements, sentence{text: found, words: prose.Print(found)})
			}
		}
	}
	if len(asked) == 0 && len(texts) > 0 {
		first, _, _ := strings.Cut(strings.TrimSpace(texts[len(texts)-1]), "\n")
		asked = prose.Content(prose.Shorten(first, 300))
	}
	return statements, asked
}

// split cuts a text at its blank lines, and each paragraph into sentences by the
// Unicode rules (UAX 29), which know no abbreviations: what those cut off ("Dr.")
// is put to the next. Only what ends as a sentence is one.
func split(text string) []string {
	var found []string
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		iterator, begun := sentences.FromString(strings.Join(strings.Fields(paragraph), " ")), ""
		for iterator.Next() {
			begun += iterator.Value()
			whole := strings.TrimSpace(begun)
			if len(whole) <= maxSentence && abbreviated(whole) {
				continue
			}
			begun = ""
			if len(whole) <= maxSentence && strings.ContainsAny(lastRune(whole), ".!?…。！？”\"’)") {
				found = append(found, prose.Inner(strings.ToValidUTF8(whole, "�")))
			}
		}
	}
	return found
}

func lastRune(text string) string {
	_, size := utf8.DecodeLastRuneInString(text)
	return text[len(text)-size:]
}

// abbreviated says that a text ends with an abbreviation or an initial.
func abbreviated(text string) bool {
	last, dotted := strings.CutSuffix(text[strings.LastIndexAny(text, " (")+1:], ".")
	if !dotted {
		return false
	}
	switch strings.ToLower(last) {
	case "dr", "mr", "mrs", "ms", "prof", "st", "vs", "e.g", "i.e", "cf", "no", "fig", "al", "approx", "jr", "sr":
		return true
	}
	return len(last) == 1 && last[0] >= 'A' && last[0] <= 'Z'
}

// choose ranks statements by the words they share with the question and with
// the other statements, and gives the best in the order of the text.
func choose(statements []sentence, asked []string) []string {
	in := map[string]int{}
	for _, s := range statements {
		for _, word := range s.words.Content {
			in[word]++
		}
	}
	wanted := map[string]bool{}
	for _, word := range asked {
		wanted[word] = true
	}
	order := make([]int, len(statements))
	for i := range statements {
		order[i] = i
		for _, word := range statements[i].words.Content {
			statements[i].score += math.Log(float64(in[word]))
			if wanted[word] {
				statements[i].score += questionWeight
			}
		}
		// Long sentences share more words by being long.
		statements[i].score /= math.Sqrt(float64(len(statements[i].words.Content) + 1))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(statements[b].score, statements[a].score) })
	var chosen []int
	for _, i := range order {
		repeats := slices.ContainsFunc(chosen, func(j int) bool { return statements[i].words.Same(statements[j].words) })
		if !repeats {
			chosen = append(chosen, i)
		}
		if len(chosen) == maxQuotes {
			break
		}
	}
	slices.Sort(chosen)
	quotes := make([]string, len(chosen))
	for n, i := range chosen {
		quotes[n] = statements[i].text
	}
	return quotes
}
