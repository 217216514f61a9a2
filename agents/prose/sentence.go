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

// Standalone says that a sentence of a source can be quoted by itself: it is
// whole, it states something, and it does not lean on the sentence before it.
func Standalone(sentence string) bool { return StandsUnder("", sentence) }

// StandsUnder is [Standalone] for a sentence that is quoted together with its
// title: what it points back to may be named there.
func StandsUnder(title, sentence string) bool {
	text := Inner(sentence)
	words := strings.Fields(text)
	if len(words) < minWords || len(words) > maxWords || len(Problems(text)) > 0 {
		return false
	}
	if strings.HasSuffix(text, "?") || dangles(text) && !namedIn(title, text) || brokenOff.MatchString(text) {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(text); !unicode.IsUpper(first) && !unicode.IsDigit(first) {
		return false
	}
	return mostlyLetters(text) && (!mostlyEnglish(text) || hasVerb(text)) && !boilerplate(text)
}

// Turns says that a sentence takes back or restricts the one before it, so
// that neither should be quoted without the other.
func Turns(sentence string) bool {
	text := Inner(sentence)
	head := padded(firstWords(text, 2))
	for _, start := range []string{" however ", " but ", " nevertheless ", " nonetheless ", " yet ", " unfortunately ", " conversely ", " by contrast ", " in contrast "} {
		if strings.HasPrefix(head, start) {
			return ended(text) && !unbalanced(text)
		}
	}
	return dangles(text) && (Contrary.Speaks(text) || Limits.Speaks(text)) && ended(text) && !unbalanced(text)
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
	head := padded(firstWords(text, 5))
	for start := range strings.SplitSeq(allowedStarts, "|") {
		if strings.HasPrefix(head, " "+start+" ") {
			return false
		}
	}
	for start := range strings.SplitSeq(danglingStarts, "|") {
		if strings.HasPrefix(head, " "+start+" ") {
			return true
		}
	}
	if backPattern.MatchString(text) || bareQuantity.MatchString(text) {
		return true
	}
	return strings.HasPrefix(head, " to ") && !strings.Contains(text, ",")
}

// backPattern finds a first clause that points back: "Although these benefits …".
var backPattern = regexp.MustCompile(`(?i)^(although|though|while|because|since|when|if|given|despite|beyond|besides|after|before|over|during|with|in|of|for|from|at|on|under|among) (all |both |each of |some of |most of )?(these|this|those|such|that|the same)\b`)

// bareQuantity finds a beginning that counts things named before: "All had …".
var bareQuantity = regexp.MustCompile(`^(All|Most|Some|None|Many|Few|Several|Half|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|[A-Z][a-z]+-(one|two|three|four|five|six|seven|eight|nine)|\d+) (\([^)]*\) )?(had|were|was|have|has|are|is|did|showed|reported|received|underwent|agreed|said)\b`)

const (
	// A source may speak of itself: the attribution says who "this study" is.
	allowedStarts  = "this study|this paper|this article|this report|this review|this survey|this analysis|this trial|this brief|this work|this investigation|it is important|it is essential|it is necessary|it is unclear|it remains"
	danglingStarts = "this|these|those|that|it|its|they|their|them|he|she|his|her|such|however|therefore|thus|hence|moreover|furthermore|further|in addition|additionally|but|and|or|nor|so|yet|also|accordingly|consequently|nevertheless|nonetheless|instead|otherwise|similarly|likewise|conversely|in contrast|by contrast|on the other hand|on the contrary|for example|for instance|as a result|then|both|the former|the latter|here|of them|among them|in the second group|in the first group|in that|the results are|the difference|the same|the other|the others|the above|the following|another|other|others|neither|either|finally|secondly|thirdly|second|third|first|firstly|lastly|next|meanwhile|still|again|by then|to this|to that|by this|by these|one of these|each of these|all of these|most of these|some of these|none of these|as such|as noted|as described|as shown|see|note|figure|table|which|who|because of this|despite this|despite these|one exception|in particular|in other words|in short|even so|if so|the authors"
)

func firstWords(text string, n int) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(n, len(words))], " ")
}

var boilerplatePattern = regexp.MustCompile(`(?i)https?://|www\.|\bdoi\b|@|all rights reserved|copyright|©|\bcookies?\b|\bclick\b|\bsubscribe\b|\bet al\b|\b(see|cf\.) (section|table|figure|page|appendix|also)\b|\b(figure|fig\.|table|section) \d|\bgroup [A-D]\b|\bISBN\b|\blicen[cs]ed under\b|\bfile contains\b|\bwe aimed\b|\b(study|paper|article|survey|review) (was|were) (designed|undertaken|conducted|carried out|to)\b|\b(aim|aims|purpose|objective|objectives|goal) of (the|this|our)\b|\bpresent study (aimed|aims|was)\b|\b(patients|participants|subjects|respondents|questionnaires) (completed|underwent|were (included|enrolled|treated|studied|identified|followed))\b|\bmain outcome\b|\boutcome measures?\b|\bfocus groups? (was|were)\b|\bthis (paper|article|study|report|section|chapter|brief) (assesses|examines|describes|aims|investigates|explores|evaluates|presents|outlines|summari[sz]es)\b|\bwe (then )?(performed|conducted|utili[sz]ed|used|collected|reviewed|studied|examined|defined|compared|calculated|measured|evaluated|sought|surveyed|interviewed|determined the)\b|\b(was|were) (randomly|randomi[sz]ed|recruited|enrolled|interviewed|calculated|recorded|collected|asked|assessed|measured|evaluated|invited)\b`)

func boilerplate(text string) bool { return boilerplatePattern.MatchString(text) }

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
func mostlyEnglish(text string) bool {
	words := Words(text)
	english, foreign := 0, 0
	for _, word := range words {
		switch {
		case strings.Contains(" the of and to in is are was were for with that on as by this from at be how what it an or not ", " "+word+" "):
			english++
		case strings.Contains(" der die das und ist nicht mit den von ein eine auf für wie le la les des et est une dans que el los las del con para il gli che di per sono ", " "+word+" "):
			foreign++
		}
	}
	return foreign == 0 || english > foreign
}

func hasVerb(text string) bool {
	for _, word := range Words(text) {
		if len(word) > 4 && strings.HasSuffix(word, "ed") || strings.Contains(commonVerbs, " "+word+" ") {
			return true
		}
	}
	return false
}

const commonVerbs = ` is are was were be been has have had do does did can cannot could may might will would should must shall
 show shows showed shown suggest suggests find finds found increase increases improve improves reduce reduces rise rises rose fall falls fell grow grows grew remain remains need needs
 require requires provide provides indicate indicates include includes make makes made give gives gave get gets got take takes took become becomes became begin began lead leads led
 report reports support supports confirm confirms conclude concludes recommend recommends mean means meant cause causes cost costs cut cuts hold holds held pay pays paid lose loses lost
 bring brings brought keep keeps kept see saw seen set sets put run runs ran say says said know knows known think thinks thought come comes came go goes went exist exists occur occurs apply applies
 depend depends help helps allow allows enable enables affect affects differ differs vary varies appear appears seem seems tend tends account accounts rely relies use uses work works offer offers
 predict predicts exclude excludes represent represents contain contains face faces drive drives drove spend spends spent buy buys sell sells sold build builds built win wins won write writes wrote stand stands stood bear bears agree agrees argue argues `

// Problems lists what is formally wrong with a sentence: no end, unbalanced
// marks, doubled words, markup. An empty list means none was found.
func Problems(sentence string) []string {
	text := strings.TrimSpace(sentence)
	var problems []string
	if !ended(text) {
		problems = append(problems, "it has no end punctuation")
	}
	if unbalanced(text) {
		problems = append(problems, "brackets or quotation marks are not balanced")
	}
	if word := doubled(text); word != "" {
		problems = append(problems, "the word “"+word+"” is doubled")
	}
	if markupPattern.MatchString(text) {
		problems = append(problems, "it holds stray markup")
	}
	if strings.Contains(text, "  ") || strings.Contains(text, " ,") || strings.Contains(text, "..") && !strings.Contains(text, "...") || strings.Contains(text, " .") && brokenPoint.MatchString(text) {
		problems = append(problems, "spacing or punctuation is broken")
	}
	return problems
}

var (
	markupPattern = regexp.MustCompile(`\*\*|__|\]\(|</?[a-zA-Z]+[ >/]|&[a-z]+;|^#+ |\{\{|\}\}|^\||\|$|\\[nrt]`)
	brokenPoint   = regexp.MustCompile(`\w \.(\s|$)`)
	listMark      = regexp.MustCompile(`(^|\s)\(?[a-z0-9]\)\s`)
	brokenOff     = regexp.MustCompile(`\b(of|a|the|and) \d{1,2}\.$`)
)

func ended(text string) bool {
	text = strings.TrimRight(text, `”’"')]`)
	return strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "…") || strings.HasSuffix(text, "。")
}

func unbalanced(text string) bool {
	depth := map[rune]int{}
	for _, r := range text {
		switch r {
		case '(', '[', '“':
			depth[r]++
		case ')':
			depth['(']--
		case ']':
			depth['[']--
		case '”':
			depth['“']--
		}
		if depth['['] < 0 || depth['“'] < 0 {
			return true
		}
	}
	enumerated := listMark.FindAllString(text, -1)
	open := depth['(']
	if open < 0 && len(enumerated) >= -open {
		open = 0
	}
	return open != 0 || depth['['] != 0 || depth['“'] != 0 || strings.Count(text, `"`)%2 != 0
}

func doubled(text string) string {
	words := strings.Fields(text)
	for i := 1; i < len(words); i++ {
		if len(words[i]) > 1 && strings.EqualFold(words[i], words[i-1]) && !strings.Contains(" that had so very ", " "+strings.ToLower(words[i])+" ") && !strings.ContainsFunc(words[i], unicode.IsDigit) && !strings.ContainsFunc(words[i], unicode.IsPunct) {
			return words[i]
		}
	}
	return ""
}

// Mend repairs the form of a sentence as far as no word has to be guessed:
// spacing, a doubled word, markup, the missing end.
func Mend(sentence string) string {
	text := strings.Join(strings.Fields(sentence), " ")
	text = strings.NewReplacer("**", "", "__", "", "`", "", " ,", ",", " .", ".", " ;", ";").Replace(text)
	text = strings.TrimLeft(text, "#|>*•- ")
	for range 3 {
		word := doubled(text)
		if word == "" {
			break
		}
		words := strings.Fields(text)
		for i := 1; i < len(words); i++ {
			if strings.EqualFold(words[i], words[i-1]) {
				words = append(words[:i], words[i+1:]...)
				break
			}
		}
		text = strings.Join(words, " ")
	}
	text = strings.TrimRight(text, " ,;:|–-")
	if strings.Count(text, "“") == strings.Count(text, "”")+1 {
		text += "”"
	}
	if text != "" && !ended(text) {
		text += "."
	}
	return text
}
