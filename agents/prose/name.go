package prose

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TableName turns a file or table name into words: "fda_ai_devices_may2024.csv"
// becomes "FDA AI devices May 2024". Of a name that is already a phrase only
// acronyms and months are written anew.
func TableName(name string) string {
	name = strings.TrimSpace(name)
	if at := strings.LastIndexByte(name, '/'); at >= 0 {
		name = name[at+1:]
	}
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 5 {
		name = name[:dot]
	}
	phrase := strings.Contains(name, " ")
	words := nameWords(name)
	if phrase {
		words = strings.Fields(name)
	}
	var out []string
	for _, word := range words {
		if !phrase {
			out = append(out, writeWord(word))
			continue
		}
		out = append(out, phraseWord(word)...)
	}
	return upperFirst(strings.Join(out, " "))
}

// ColumnName turns a column name into words: "date_of_event" becomes "date of
// event", "yrdec" stays, being no word anybody could be sure of.
func ColumnName(name string) string {
	name = strings.TrimSpace(name)
	if strings.Contains(name, " ") {
		return name
	}
	words := nameWords(name)
	for i, word := range words {
		if full := spelledOut(word); full != "" {
			words[i] = full
			continue
		}
		words[i] = writeWord(word)
	}
	return strings.Join(words, " ")
}

// nameWords splits at underscores, hyphens and points, where lower case turns
// to upper, and between a word of three or more small letters and a number, so
// that "may2024" is two words and "CO2" one.
func nameWords(name string) []string {
	var out strings.Builder
	var last rune
	small := 0 // letters in lower case right before
	for _, r := range name {
		switch {
		case r == '_' || r == '-' || r == '.' || r == ' ':
			out.WriteByte(' ')
		case unicode.IsUpper(r) && unicode.IsLower(last) && small != 1, unicode.IsDigit(r) && small >= 3, unicode.IsLower(r) && unicode.IsDigit(last):
			out.WriteByte(' ')
			out.WriteRune(r)
		default:
			out.WriteRune(r)
		}
		small++
		if !unicode.IsLower(r) {
			small = 0
		}
		last = r
	}
	return strings.Fields(out.String())
}

// phraseWord writes a word of a name that is a phrase already: acronyms as
// such, and a month parted from its year.
func phraseWord(word string) []string {
	if parts := nameWords(word); len(parts) == 2 && strings.Trim(parts[1], "0123456789") == "" {
		if month := writeWord(parts[0]); month != strings.ToLower(month) && len(month) > 2 {
			return []string{month, parts[1]}
		}
	}
	if written := writeWord(word); written == strings.ToUpper(word) {
		return []string{written}
	}
	return []string{word}
}

func writeWord(word string) string {
	lower := strings.ToLower(word)
	switch {
	case measuring[word]:
		return word
	case acronyms[lower]:
		return strings.ToUpper(word)
	case months[lower]:
		return upperFirst(lower)
	case word == strings.ToUpper(word) && len(word) <= 5:
		return word
	}
	return lower
}

var (
	acronyms  = setOf("ai fda eu us uk usa un who oecd gdp cpi co2 hr it ict iot llm ecg mri ct eur usd gbp id url api esg kpi r&d ev")
	measuring = setOf("kWh MWh GWh TWh kW MW GW kg km mL mm pH dB kPa hPa Mt Gt")
	months    = setOf("january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec")
)

func spelledOut(word string) string {
	switch strings.ToLower(word) {
	case "yr":
		return "year"
	case "yrs":
		return "years"
	case "yrdec":
		return "year of decision"
	case "yrrec":
		return "year received"
	case "dtdec":
		return "date of decision"
	case "dtrec":
		return "date received"
	case "dt":
		return "date"
	case "num", "cnt":
		return "number"
	case "qty":
		return "quantity"
	case "amt":
		return "amount"
	case "pct", "perc":
		return "percent"
	case "avg":
		return "average"
	case "dept":
		return "department"
	case "cat":
		return "category"
	case "desc":
		return "description"
	case "mfr":
		return "manufacturer"
	case "mths", "mth":
		return "months"
	}
	return ""
}

func upperFirst(text string) string {
	for i, r := range text {
		return text[:i] + string(unicode.ToUpper(r)) + text[i+len(string(r)):]
	}
	return text
}

// Capital writes the first letter of a text as a capital.
func Capital(text string) string { return upperFirst(text) }

// List joins items as prose: "a", "a and b", "a, b and c".
func List(items []string) string {
	switch len(items) {
	case 0:
		return ""
	case 1:
		return items[0]
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}

// Shorten cuts a text to at most limit characters at the end of a word and
// marks the cut.
func Shorten(text string, limit int) string {
	text = singleSpaced(text)
	if len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	runes := []rune(text)
	cut := string(runes[:limit-1])
	if at := strings.LastIndexByte(cut, ' '); at > limit/2 {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " ,;:–-") + "…"
}

// Quote puts a verbatim text between typographic quotation marks: white space
// is made single, list marks before it and trailing reference numbers of the
// layout are left out, and quotation marks inside become single ones.
func Quote(text string) string { return "“" + Inner(text) + "”" }

// Inner is the text that [Quote] puts between its marks.
func Inner(text string) string {
	text = strings.TrimLeft(singleSpaced(text), "•●▪‣–—-*· ")
	if strings.Contains(text, `"`) {
		text = straightQuotes.ReplaceAllString(text, "‘$1’")
	}
	if !hasQuotationMark(text) {
		return text
	}
	return innerMarks.Replace(text)
}

var (
	straightQuotes = regexp.MustCompile(`"([^"]*)"`)
	innerMarks     = strings.NewReplacer("“", "‘", "”", "’", "„", "‘", `"`, "’")
)

func hasQuotationMark(text string) bool {
	return strings.Contains(text, `"`) || strings.Contains(text, "“") || strings.Contains(text, "”") || strings.Contains(text, "„")
}

// singleSpaced is a text with one space wherever it has white space, and none
// around it. Most texts are so already and are given back as they are.
func singleSpaced(text string) string {
	last := ' '
	for _, r := range text {
		if unicode.IsSpace(r) && (r != ' ' || last == ' ') {
			return strings.Join(strings.Fields(text), " ")
		}
		last = r
	}
	return strings.TrimSuffix(text, " ")
}

// YearColumn says that a column of whole numbers holds years: its name says
// so, or both ends of its range look like years and nothing else.
func YearColumn(name, lowest, highest string) bool {
	low, err := strconv.Atoi(strings.TrimSuffix(lowest, ".0"))
	if err != nil {
		return false
	}
	high, err := strconv.Atoi(strings.TrimSuffix(highest, ".0"))
	if err != nil || low < 1500 || high > 2200 {
		return false
	}
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "yr") || strings.HasSuffix(lower, "yr") || strings.Contains(lower, "year") ||
		lower == "period" || lower == "jahr" || lower == "année"
}
