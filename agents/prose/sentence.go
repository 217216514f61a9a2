package prose

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The lengths, in words, between which a sentence can be quoted by itself.
const (
	minWords = 7
	maxWords = 60
)

// Sentence is a sentence with its words taken apart, for those who ask several
// things of it.
type Sentence struct {
	Text  string
	words []string // in lower case
	stems []string // of the words
}

// NewSentence reads a sentence.
func NewSentence(text string) Sentence {
	words := Words(text)
	stems := make([]string, len(words))
	for i, word := range words {
		stems[i] = Stem(word)
	}
	return Sentence{text, words, stems}
}

// Standalone says that a sentence of a source can be quoted by itself: it is
// whole, it states something, and it does not lean on the sentence before it.
func Standalone(sentence string) bool { return StandsUnder("", sentence) }

// StandsUnder is [Standalone] for a sentence that is quoted together with its
// title: what it points back to may be named there.
func StandsUnder(title, sentence string) bool {
	text := Inner(sentence)
	if n := countFields(text); n < minWords || n > maxWords || len(Problems(text)) > 0 {
		return false
	}
	if strings.HasSuffix(text, "?") || dangles(text) && !namedIn(title, text) || brokenOff(text) {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(text); !unicode.IsUpper(first) && !unicode.IsDigit(first) {
		return false
	}
	if !mostlyLetters(text) || boilerplate(text) {
		return false
	}
	words := Words(text)
	return !mostlyEnglish(words) || hasVerb(words)
}

// brokenOff says that a sentence ends where a number with a point was taken for
// its end: "… as is shown in the 3."
func brokenOff(text string) bool {
	end := len(text) - 1
	return end > 0 && text[end] == '.' && isDigitByte(text[end-1]) && brokenOffPattern.MatchString(text)
}

var brokenOffPattern = regexp.MustCompile(`\b(of|a|the|and) \d{1,2}\.$`)

// Turns says that a sentence takes back or restricts the one before it, so
// that neither should be quoted without the other.
func Turns(sentence string) bool {
	text := Inner(sentence)
	if turningStarts.begin(Words(firstWords(text, 2))) == 0 && (!dangles(text) || !restricts(text)) {
		return false
	}
	return ended(text) && !unbalanced(text)
}

var turningStarts = newCueIndex("however|but|nevertheless|nonetheless|yet|unfortunately|conversely|by contrast|in contrast")

func restricts(text string) bool {
	words := Words(text)
	return Contrary.speaks(words) || Limits.speaks(words)
}

// namedIn says that a sentence that begins with "this" goes on with a word of
// its title: "This Google-based search …" under "… is Google useful?".
func namedIn(title, text string) bool {
	words := Words(firstWords(text, 4))
	if len(words) == 0 || words[0] != "this" && words[0] != "these" {
		return false
	}
	named := Content(title)
	for _, word := range words[1:min(4, len(words))] {
		if slices.Contains(named, Stem(word)) && !Function(word) && !generic(word) {
			return true
		}
	}
	return false
}

// dangles says that a sentence starts with a word that points back.
func dangles(text string) bool {
	head := Words(firstWords(text, 5))
	switch starts := startCues.begin(head); {
	case starts.has(0):
		return false
	case starts.has(1), pointsBack(text), bareQuantity(text):
		return true
	}
	return len(head) > 0 && head[0] == "to" && !strings.Contains(text, ",")
}

// startCues has the beginnings that are allowed, and after them those that
// point back.
var startCues = newCueIndex(
	// A source may speak of itself: the attribution says who "this study" is.
	"this study|this paper|this article|this report|this review|this survey|this analysis|this trial|this brief|this work|this investigation|it is important|it is essential|it is necessary|it is unclear|it remains",
	"this|these|those|that|it|its|they|their|them|he|she|his|her|such|however|therefore|thus|hence|moreover|furthermore|further|in addition|additionally|but|and|or|nor|so|yet|also|accordingly|consequently|nevertheless|nonetheless|instead|otherwise|similarly|likewise|conversely|in contrast|by contrast|on the other hand|on the contrary|for example|for instance|as a result|then|both|the former|the latter|here|of them|among them|in the second group|in the first group|in that|the results are|the difference|the same|the other|the others|the above|the following|another|other|others|neither|either|finally|secondly|thirdly|second|third|first|firstly|lastly|next|meanwhile|still|again|by then|to this|to that|by this|by these|one of these|each of these|all of these|most of these|some of these|none of these|as such|as noted|as described|as shown|see|note|figure|table|which|who|because of this|despite this|despite these|one exception|in particular|in other words|in short|even so|if so|the authors",
)

// pointsBack finds a first clause that points back: "Although these benefits …".
func pointsBack(text string) bool {
	first, _, _ := strings.Cut(text, " ")
	opens := func(word string) bool { return strings.EqualFold(first, word) }
	return slices.ContainsFunc(clauseOpeners[:], opens) && backPattern.MatchString(text)
}

var (
	clauseOpeners = [...]string{"although", "though", "while", "because", "since", "when", "if", "given", "despite", "beyond", "besides", "after", "before", "over", "during", "with", "in", "of", "for", "from", "at", "on", "under", "among"}
	backPattern   = regexp.MustCompile(`(?i)^\pL+ (all |both |each of |some of |most of )?(these|this|those|such|that|the same)\b`)
)

// bareQuantity finds a beginning that counts things named before: "All had …",
// "Sixty-two (of 80) were …".
func bareQuantity(text string) bool {
	first, rest, _ := strings.Cut(text, " ")
	if !quantity(first) {
		return false
	}
	if strings.HasPrefix(rest, "(") {
		_, behind, _ := strings.Cut(rest, ")")
		if rest, _ = strings.CutPrefix(behind, " "); rest == behind {
			return false
		}
	}
	end := 0
	for end < len(rest) && isWordByte(rest[end]) {
		end++
	}
	return quantityVerbs[rest[:end]]
}

var (
	quantityWords = setOf("All Most Some None Many Few Several Half One Two Three Four Five Six Seven Eight Nine Ten")
	quantityVerbs = setOf("had were was have has are is did showed reported received underwent agreed said")
	units         = setOf("one two three four five six seven eight nine")
)

// quantity says that a word at the beginning of a sentence is a number: in
// digits, or as "Ten" or "Sixty-two".
func quantity(word string) bool {
	tens, unit, compound := strings.Cut(word, "-")
	switch {
	case word == "":
		return false
	case compound:
		return len(tens) > 1 && 'A' <= tens[0] && tens[0] <= 'Z' && strings.Trim(tens[1:], "abcdefghijklmnopqrstuvwxyz") == "" && units[unit]
	}
	return quantityWords[word] || strings.Trim(word, "0123456789") == ""
}

// firstWords is the beginning of a text in which single spaces part the words.
func firstWords(text string, n int) string {
	end := 0
	for range n {
		at := strings.IndexByte(text[end:], ' ')
		if at < 0 {
			return text
		}
		end += at + 1
	}
	return text[:end-1]
}

// countFields is the number of words between white space.
func countFields(text string) (n int) {
	for range strings.FieldsSeq(text) {
		n++
	}
	return n
}

func mostlyLetters(text string) bool {
	letters, others, upper := 0, 0, 0
	for _, r := range text {
		switch {
		case unicode.IsUpper(r):
			upper++
			letters++
		case unicode.IsLetter(r):
			letters++
		case !unicode.IsSpace(r):
			others++
		}
	}
	return letters > 3*others && upper*2 < letters
}

// mostlyEnglish guesses by the share of English function words.
func mostlyEnglish(words []string) bool {
	english, foreign := 0, 0
	for _, word := range words {
		switch {
		case commonEnglish[word]:
			english++
		case commonForeign[word]:
			foreign++
		}
	}
	return foreign == 0 || english > foreign
}

var (
	commonEnglish = setOf("the of and to in is are was were for with that on as by this from at be how what it an or not")
	commonForeign = setOf("der die das und ist nicht mit den von ein eine auf für wie le la les des et est une dans que el los las del con para il gli che di per sono")
)

func hasVerb(words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return len(word) > 4 && strings.HasSuffix(word, "ed") || commonVerbs[word]
	})
}

var commonVerbs = setOf(`
	is are was were be been has have had do does did can cannot could may might will would should must
	show shows showed shown suggest suggests find finds found increase increases improve improves reduce reduces rise rises rose fall falls fell grow grows grew remain remains need
	require requires provide provides indicate indicates include includes make makes made give gives gave get gets got take takes took become becomes became begin began lead leads
	report reports support supports confirm confirms conclude concludes recommend recommends mean means meant cause causes cost costs cut cuts hold holds held pay pays paid lose loses
	bring brings brought keep keeps kept see saw seen set sets put run runs ran say says said know knows known think thinks thought come comes came go goes went exist exists occur occurs apply
	depend depends help helps allow allows enable enables affect affects differ differs vary varies appear appears seem seems tend tends account accounts rely relies use uses work works offer
	predict predicts exclude excludes represent represents contain contains face faces drive drives drove spend spends spent buy buys sell sells sold build builds built win wins won write writes wrote stand stands stood bear bears agree agrees argue argues`)
