package gateway

import (
	"bytes"
	"math"
	"strings"
)

// Injection is how much a text looks as if it tried to instruct a model over the
// heads of those who built on it.
type Injection struct {
	Score    float64  // 0 to 1
	Patterns []string // what was found, by name
}

// signal is a pattern that was found.
type signal int

const (
	signalOverride signal = iota // ignore … previous … instructions
	signalOverrideWeak
	signalPersona // you are now a …, pretend to be …
	signalPersonaWeak
	signalReveal       // print … system prompt
	signalInstructions // new instructions: …
	signalMode         // developer mode, jailbreak, do anything now
	signalMarks        // the marks of a conversation
	signalHidden       // letters that nobody sees
	signalAnswer       // says how to answer
	signals
)

// told names a signal and what it counts by itself. Signals are taken as
// independent: together they leave (1-a)(1-b)… of the doubt.
func (s signal) told() (name string, weight float64) {
	switch s {
	case signalOverride:
		return "override", 0.8
	case signalOverrideWeak:
		return "override-weak", 0.35
	case signalPersona:
		return "persona", 0.55
	case signalPersonaWeak:
		return "persona-weak", 0.2
	case signalReveal:
		return "reveal", 0.6
	case signalInstructions:
		return "new-instructions", 0.45
	case signalMode:
		return "mode", 0.5
	case signalMarks:
		return "conversation-marks", 0.5
	case signalHidden:
		return "hidden-letters", 0.4
	}
	return "tells-how-to-answer", 0.25
}

// Inspect looks for attempts to override instructions ("ignore all previous
// instructions"), to change who the model is ("you are now", "act as",
// "pretend"), to reveal its prompt, or to forge the marks of a conversation.
// Case, spacing, zero-width characters, look-alike letters and l3tters make no
// difference. It reads the text once, and knows English words only.
func Inspect(text string) Injection {
	s := scanner{starts: true}
	s.scan(text)
	for _, mark := range [...]string{"<|im_start|>", "<|system|>", "<<SYS>>", "[INST]", "<|start_header_id|>"} {
		s.found[signalMarks] = s.found[signalMarks] || strings.Contains(text, mark)
	}
	var result Injection
	doubt := 1.0
	for kind := range signals {
		if !s.found[kind] || kind == signalOverrideWeak && s.found[signalOverride] || kind == signalPersonaWeak && s.found[signalPersona] {
			continue
		}
		name, weight := kind.told()
		result.Patterns = append(result.Patterns, name)
		doubt *= 1 - weight
	}
	result.Score = math.Round((1-doubt)*100) / 100
	return result
}

// reach is how many words lie at most between the words of a pattern.
const reach = 7

// word is one of the last words that were read.
type word struct {
	class  class
	starts bool // a sentence
}

// scanner reads a text word by word and keeps the classes of the last ones.
type scanner struct {
	found  [signals]bool
	last   [reach + 1]word
	count  int
	starts bool // the next word begins a sentence

	buffer [longestWord]byte // letters of the word, folded
	length int
	broken bool // a zero-width character was in the word

	spaced []byte // single letters in a row: s p a c e d
}

// end ends the word that is being read.
func (s *scanner) end() {
	if s.length == 0 {
		return
	}
	letters := s.buffer[:min(s.length, len(s.buffer))]
	if s.length == 1 {
		s.spaced = append(s.spaced, letters[0])
	} else {
		s.joined()
	}
	known := class(0)
	if s.length <= longestWord {
		known = classes[string(letters)]
	}
	if s.broken && known&(overrides|objects|personas) != 0 {
		s.found[signalHidden] = true
	}
	s.push(known)
	s.length, s.broken, s.starts = 0, false, false
}

// joined looks at single letters in a row once they end.
func (s *scanner) joined() {
	if len(s.spaced) >= 8 {
		has := func(stems ...string) bool {
			for _, stem := range stems {
				if bytes.Contains(s.spaced, []byte(stem)) {
					return true
				}
			}
			return false
		}
		if has("ignore", "disregard", "forget", "override") && has("instruction", "prompt", "system", "rules") {
			s.found[signalOverride], s.found[signalHidden] = true, true
		}
	}
	s.spaced = s.spaced[:0]
}

// back is the word that many words ago.
func (s *scanner) back(words int) word {
	if words >= s.count || words > reach {
		return word{}
	}
	return s.last[(s.count-1-words)%len(s.last)]
}

func (s *scanner) push(c class) {
	s.last[s.count%len(s.last)] = word{class: c, starts: s.starts}
	s.count++
	if c == 0 {
		return
	}
	if c&objects != 0 {
		s.object(c)
	}
	s.phrases()
}

// object looks back from a word such as instructions for what is to be done
// with them. A sentence that begins in between belongs to another thought.
func (s *scanner) object(c class) {
	var firm bool
	for i := 1; i <= reach; i++ {
		if s.back(i - 1).starts {
			return
		}
		w := s.back(i)
		firm = firm || w.class&(earlier|yours) != 0
		switch {
		case w.class&overrides != 0:
			negated := s.back(i+1).class&negations != 0 || s.back(i-1).class&infinitive != 0
			if (firm || c&firmObject != 0) && !negated {
				s.found[signalOverride] = true
			} else if !negated {
				s.found[signalOverrideWeak] = true
			}
			return
		case w.class&reveals != 0 && (c&firmObject != 0 && firm || c&prompt != 0 && s.back(1).class&system != 0):
			s.found[signalReveal] = true
			return
		}
	}
	if s.back(1).class&fresh != 0 && c&firmObject != 0 {
		s.found[signalInstructions] = true
	}
}

// ends says that the last words are of these classes, in this order.
func (s *scanner) ends(words ...class) bool {
	for i, c := range words {
		if s.back(len(words)-1-i).class&c == 0 {
			return false
		}
	}
	return true
}

// phrases looks for fixed phrases that end here.
func (s *scanner) phrases() {
	switch {
	case s.ends(you, be, now, article), s.ends(youAre, now, article), // you are now a
		s.ends(act, as, article) && (s.back(2).starts || s.back(3).class&asking != 0), // act as a
		s.ends(pretend, be|to|that|you|youAre),                                        // pretend to be, pretend you
		s.ends(from, now, on, you|your|youAre):                                        // from now on you
		s.found[signalPersona] = true
	case s.ends(you, be, now), s.ends(youAre, now), s.ends(act, as) && s.back(1).starts:
		s.found[signalPersonaWeak] = true
	case s.ends(unbound, mode), s.ends(jailbreak), s.ends(act, anything, now): // do anything now
		s.found[signalMode] = true
	case s.ends(your, answer), s.ends(answer) && s.back(1).class == 0 && s.back(2).class&your != 0: // your final answer
		s.found[signalAnswer] = true
	}
}
