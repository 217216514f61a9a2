package prose

import (
	"strconv"
	"strings"
)

// Source is where a quotation comes from, as far as it is known.
type Source struct {
	Title   string
	Year    int
	Heading string
}

const maxTitle = 180

// Name is the source as a sentence names it: its title in quotation marks and
// the year in brackets.
func (s Source) Name() string {
	if s.Title == "" {
		return "One source"
	}
	name := Quote(Shorten(s.Title, maxTitle))
	if s.Year > 0 {
		name += " (" + strconv.Itoa(s.Year) + ")"
	}
	return name
}

// Short is the source as it is named again: by the beginning of its title.
func (s Source) Short() Source {
	for _, mark := range []string{": ", " – ", " — ", " - ", "? "} {
		if head, _, cut := strings.Cut(s.Title, mark); cut && len(strings.Fields(head)) >= 3 {
			s.Title = strings.TrimSpace(head + strings.Trim(mark, ": –—-"))
			return s
		}
	}
	s.Title = Shorten(s.Title, 90)
	return s
}

// Attribute makes a sentence of a verbatim quotation and its source:
// “Title” (2014) concludes: “…”
func (s Source) Attribute(quote string) string {
	return s.Name() + " " + s.Verb(quote) + ": " + Close(Quote(quote))
}

// The beginnings of a sentence that continues the source of the one before.
const (
	ContinueSame = "The same source also "
	ContinueIt   = "It further "
)

// Continue makes a further sentence from the source of the sentence before.
func (s Source) Continue(quote string, nth int) string {
	verb := s.Verb(quote)
	if nth%2 == 1 {
		return ContinueSame + verb + ": " + Close(Quote(quote))
	}
	return ContinueIt + verb + ": " + Close(Quote(quote))
}

// Close ends a sentence that ends with a quotation, unless the quotation has
// its own end.
func Close(sentence string) string {
	if ended(sentence) {
		return sentence
	}
	return sentence + "."
}

// Verb says what the source does in the section the quotation stands in. It
// claims no more than the section's own name does.
func (s Source) Verb(quote string) string {
	said := verbCues.in(Words(quote))
	if said.has(recommending) && !said.has(notRecommending) {
		return "recommends"
	}
	switch s.Section() {
	case SectionConclusion:
		return "concludes"
	case SectionResults:
		if said.has(finding) {
			return "found"
		}
		return "reports"
	case SectionBackground:
		return "notes as background"
	case SectionAims:
		return "set out its aim"
	case SectionMethods:
		return "describes its method"
	}
	switch {
	case said.has(demanding):
		return "holds"
	case said.has(supposing):
		return "suggests"
	}
	return "states"
}

// The lists of verbCues.
const (
	recommending = iota
	notRecommending
	finding
	demanding
	supposing
)

var verbCues = newCueIndex(
	"we recommend|is recommended|are recommended|be recommended|we advise|recommends",
	"not recommended",
	"we found|was found|were found",
	"should|must|ought to",
	"may|might|could|likely|appears|suggests|suggest",
)

// Section is the part of a document that a heading announces.
type Section string

// The parts that headings announce. Body is every other.
const (
	SectionBody       Section = ""
	SectionBackground Section = "background"
	SectionAims       Section = "aims"
	SectionMethods    Section = "methods"
	SectionResults    Section = "results"
	SectionConclusion Section = "conclusion"
)

// Section classifies the heading of the source.
func (s Source) Section() Section {
	words := Words(lastHeading(s.Heading))
	said := headingCues.in(words)
	switch {
	case said.has(0):
		return SectionConclusion
	case onlyMethods(words):
		return SectionMethods
	case said.has(1):
		return SectionResults
	case said.has(2):
		return SectionMethods
	case said.has(3):
		return SectionAims
	case said.has(4):
		return SectionBackground
	}
	return SectionBody
}

// headingCues has a list each for conclusions, results, methods, aims and
// background.
var headingCues = newCueIndex(
	"conclusion|conclusions|concluding|conclusive|interpretation|implications|key messages|bottom line|fazit|schlussfolgerung|schlussfolgerungen|conclusión|conclusiones|conclusioni",
	"results|result|findings|finding|outcomes|ergebnisse|résultats|resultados|risultati",
	"methods|methodology",
	"aim|aims|objective|objectives|purpose|rationale|goal|goals",
	"background|introduction|context",
)

func lastHeading(path string) string {
	for _, mark := range []string{" > ", " › ", " / ", " » "} {
		if at := strings.LastIndex(path, mark); at >= 0 {
			path = path[at+len(mark):]
		}
	}
	return path
}

// onlyMethods says that a heading has content, and that all of it is words for
// how a study was made.
func onlyMethods(words []string) bool {
	found := false
	for _, word := range words {
		if Function(word) {
			continue
		}
		if !methodWords[word] {
			return false
		}
		found = true
	}
	return found
}

var methodWords = setOf("materials material methods method methodology design setting settings participants participant patients patient subjects probands population intervention interventions procedure procedures measures measure measurements measured outcome outcomes main primary secondary data sources source study research statistical sample")
