package prose

import "strings"

// boilerplate says that a text is no statement on its subject: it points into
// its document, tells how a study was made, or belongs to the page.
func boilerplate(text string) bool {
	lower := lowerASCII(text)
	for _, mark := range boilerplateMarks {
		if strings.Contains(lower, mark) {
			return true
		}
	}
	for start := 0; start < len(lower); start++ {
		if !isWordByte(lower[start]) {
			continue
		}
		end := wordEnd(lower, start)
		for _, rest := range boilerplatePhrases[lower[start:end]] {
			if strings.HasPrefix(lower[end:], rest) && endsWord(lower, end+len(rest)) {
				return true
			}
		}
		start = end
	}
	return false
}

// boilerplateMarks are boilerplate wherever they stand, in a word too.
var boilerplateMarks = [...]string{"http://", "https://", "www.", "@", "©", "all rights reserved", "copyright"}

// boilerplatePhrases is the phrases of [boilerplateLines] by their first word:
// what follows it in the text, from the space on.
var boilerplatePhrases = indexPhrases(boilerplateLines)

// boilerplateLines has a phrase on each line. Words between strokes stand for
// each other; a figure at the end begins a number.
const boilerplateLines = `
doi
cookie/cookies
click
subscribe
et al
see/cf. section/table/figure/page/appendix/also
figure/fig./table/section 0/1/2/3/4/5/6/7/8/9
group a/b/c/d
isbn
licenced/licensed under
file contains
we aimed
study/paper/article/survey/review was/were designed/undertaken/conducted/to
study/paper/article/survey/review was/were carried out
aim/aims/purpose/objective/objectives/goal of the/this/our
present study aimed/aims/was
patients/participants/subjects/respondents/questionnaires completed/underwent
patients/participants/subjects/respondents/questionnaires were included/enrolled/treated/studied/identified/followed
main outcome
outcome measure/measures
focus group/groups was/were
this paper/article/study/report/section/chapter/brief assesses/examines/describes/aims/investigates/explores/evaluates/presents/outlines/summarises/summarizes
we performed/conducted/utilised/utilized/used/collected/reviewed/studied/examined/defined/compared/calculated/measured/evaluated/sought/surveyed/interviewed
we then performed/conducted/utilised/utilized/used/collected/reviewed/studied/examined/defined/compared/calculated/measured/evaluated/sought/surveyed/interviewed
we determined the
we then determined the
was/were randomly/randomised/randomized/recruited/enrolled/interviewed/calculated/recorded/collected/asked/assessed/measured/evaluated/invited
`

func indexPhrases(lines string) map[string][]string {
	index := make(map[string][]string)
	for line := range strings.SplitSeq(strings.TrimSpace(lines), "\n") {
		for _, phrase := range spellOut(strings.Fields(line)) {
			end := wordEnd(phrase, 0)
			index[phrase[:end]] = append(index[phrase[:end]], phrase[end:])
		}
	}
	return index
}

// spellOut gives every phrase that a line stands for.
func spellOut(words []string) []string {
	phrases := strings.Split(words[0], "/")
	for _, word := range words[1:] {
		var longer []string
		for _, phrase := range phrases {
			for option := range strings.SplitSeq(word, "/") {
				longer = append(longer, phrase+" "+option)
			}
		}
		phrases = longer
	}
	return phrases
}

// wordEnd is where the word of ASCII letters and digits ends that begins at
// start.
func wordEnd(text string, start int) int {
	for start < len(text) && isWordByte(text[start]) {
		start++
	}
	return start
}

// endsWord says that a phrase that ends at a place ends with a whole word, or
// with the beginning of a number.
func endsWord(text string, end int) bool {
	return end == len(text) || !isWordByte(text[end]) || isDigitByte(text[end-1])
}

// lowerASCII writes ASCII letters small and leaves all others: phrases in
// English need no more, and the places in the text stay the same.
func lowerASCII(text string) string {
	lower := []byte(text)
	for i, b := range lower {
		if 'A' <= b && b <= 'Z' {
			lower[i] = b + ('a' - 'A')
		}
	}
	return string(lower)
}
