package prose

import (
	"regexp"
	"strings"
	"unicode"
)

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
	if markup(text) {
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
)

// markup says that a text holds marks of Markdown, HTML or a template. Most
// texts have none of the characters these are made of, and need no pattern.
func markup(text string) bool {
	return strings.ContainsAny(text, `*_]<&#{}|\`) && markupPattern.MatchString(text)
}

func ended(text string) bool {
	text = strings.TrimRight(text, `”’"')]`)
	return strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "…") || strings.HasSuffix(text, "。")
}

func unbalanced(text string) bool {
	round, square, quoted := 0, 0, 0
	for _, r := range text {
		switch r {
		case '(':
			round++
		case '[':
			square++
		case '“':
			quoted++
		case ')':
			round--
		case ']':
			square--
		case '”':
			quoted--
		}
		if square < 0 || quoted < 0 {
			return true
		}
	}
	if round < 0 && len(listMark.FindAllString(text, -1)) >= -round {
		round = 0 // "a) … b) …"
	}
	return round != 0 || square != 0 || quoted != 0 || strings.Count(text, `"`)%2 != 0
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

var mendedMarks = strings.NewReplacer("**", "", "__", "", "`", "", " ,", ",", " .", ".", " ;", ";")

// Mend repairs the form of a sentence as far as no word has to be guessed:
// spacing, a doubled word, markup, the missing end.
func Mend(sentence string) string {
	text := singleSpaced(sentence)
	text = mendedMarks.Replace(text)
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
