package untrusted

import (
	"strings"
	"unicode"
)

// ordered says how a sentence orders its reader about, or nothing. With alone it
// is not asked whether the sentence belongs to its text.
func ordered(sentence string, alone bool, about *vocabulary, start, end int) string {
	first, rest := firstWord(sentence)
	asks := asked(sentence, first)
	within := first == "in" || first == "from" // In your answer, …
	if !asks && !within && !orders[first] && !namesTheReader(sentence) {
		return ""
	}
	words := wordsOf(sentence)
	switch {
	case thanking(words):
	case wantsAction(words):
		return SignAction
	case tellsHow(words):
		return SignOrder
	case alone || within || len(words) < 3:
	case asks && about.foreign(start, end):
		return SignQuestion
	case orders[first] && !noun(first, rest) && about.foreign(start, end):
		return SignTask
	}
	return ""
}

// asked says that a sentence is a question that wants an answer of its reader.
func asked(sentence, first string) bool {
	return strings.HasSuffix(sentence, "?") && (inquiries[first] || auxiliaries[first] && askedOfReader(sentence))
}

// fenceMark finds a mark with which prompts end fenced text: where it begins, and
// how long it is; 0 where there is none.
func fenceMark(text string) (at, length int) {
	for {
		open := strings.Index(text[at:], "</")
		if open < 0 {
			return 0, 0
		}
		at += open
		mark := text[at:min(len(text), at+longestMark)]
		name, _, closed := strings.Cut(mark[2:], ">")
		if closed && fences[strings.ToLower(strings.TrimSpace(name))] {
			return at, len("</") + len(name) + len(">")
		}
		at += 2
	}
}

// askedOfReader says that a question is put to somebody: "Can you …", "Do I …".
func askedOfReader(sentence string) bool {
	words := wordsOf(sentence[:min(len(sentence), 40)])
	return len(words) > 1 && (words[1] == "you" || words[1] == "i")
}

// noun says that a word is no order there: "Use of …", "Review times …", "Plan:".
func noun(first, rest string) bool {
	if nouns[first] {
		next := wordsOf(rest[:min(len(rest), 24)])
		return len(next) == 0 || !determiners[next[0]]
	}
	for _, mark := range []string{":", "-", "–", " of ", " was ", " is ", " were ", " are ", " has ", " had ", " in ", " by "} {
		if strings.HasPrefix(rest, mark) {
			return true
		}
	}
	return false
}

// namesTheReader is a quick look for words that only an instruction to a reader
// of this kind has.
func namesTheReader(sentence string) bool {
	lower := strings.ToLower(sentence)
	return strings.Contains(lower, "your ") || strings.Contains(lower, "you must") || strings.Contains(lower, "the tool") || strings.Contains(lower, "to the report") ||
		strings.Contains(lower, "assistant") || strings.Contains(lower, "language model") || strings.Contains(lower, "tool `")
}

// tellsHow says that words tell the reader about its own answer: an order, and
// "your" with an answer or its like close behind.
func tellsHow(words []string) bool {
	order := -1
	for i, word := range words {
		if orders[word] && (i == 0 || opens[words[i-1]] || i > 2 && order < 0 && yourAnswer(words[:i])) {
			order = i
		}
	}
	return order >= 0 && yourAnswer(words)
}

func yourAnswer(words []string) bool {
	for i, word := range words {
		if word != "your" {
			continue
		}
		for k := i + 1; k < min(len(words), i+4); k++ {
			if answers[strings.TrimSuffix(words[k], "'s")] {
				return true
			}
		}
	}
	return false
}

// wantsAction says that words order something done with the means of an agent:
// tools, budgets, messages to an address, sources, findings, the report.
func wantsAction(words []string) bool {
	for i, word := range words {
		if !acts[word] || i > 0 && (!opens[words[i-1]] || words[i-1] == "to" || words[i-1] == "or" || words[i-1] == "and" && i > 12) {
			continue
		}
		for k := i + 1; k < min(len(words), i+9); k++ {
			if means[words[k]] || strings.Contains(words[k], "@") {
				return true
			}
		}
	}
	return false
}

// thanking tells what people write to each other about answers.
func thanking(words []string) bool {
	for i, word := range words {
		if i < 4 && courtesies[word] {
			return true
		}
	}
	return false
}

// vocabulary is what a text speaks of, read when it is asked about.
type vocabulary struct {
	text  string
	total int
	count map[string]int // of its longer words, by their beginning
}

// The size of a text, in longer words, from which it says what it is about, and
// the share of a sentence's that must stand elsewhere in it for the sentence to
// belong to it.
const (
	enough = 8
	share  = 0.5
)

// foreign says that a sentence has nothing to do with the rest of its text.
func (v *vocabulary) foreign(start, end int) bool {
	if v.count == nil {
		v.count = map[string]int{}
		for _, word := range wordsOf(v.text) {
			if key := beginning(word); key != "" {
				v.count[key]++
				v.total++
			}
		}
	}
	own := map[string]int{}
	for _, word := range wordsOf(v.text[start:end]) {
		if key := beginning(word); key != "" {
			own[key]++
		}
	}
	asked, shared := 0, 0
	for key, n := range own {
		asked++
		if v.count[key] > n {
			shared++
		}
	}
	return asked > 0 && v.total-asked >= enough && float64(shared) <= share*float64(asked)
}

// beginning is by what words of one family are counted; empty for words that
// every text has.
func beginning(word string) string {
	const letters = 7
	if len(word) < 4 || common[word] || orders[word] || inquiries[word] || answers[word] {
		return ""
	}
	if len(word) > letters {
		return word[:letters]
	}
	return strings.TrimSuffix(word, "s")
}

// wordsOf gives the words of a text in small letters; an address is one word.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '@' && r != '\'' && r != '_'
	})
}

// firstWord is the word a sentence begins with, without "please" and its like,
// and what follows it.
func firstWord(sentence string) (first, rest string) {
	rest = sentence
	for range 3 {
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
		if end < 0 {
			end = len(rest)
		}
		if end > 16 {
			return "", ""
		}
		first, rest = strings.ToLower(rest[:end]), rest[end:]
		if !polite[first] {
			return strings.TrimSuffix(strings.TrimSuffix(first, "'s"), "’s"), rest
		}
		rest = strings.TrimLeft(rest, " ,:")
	}
	return first, rest
}
