package prose

import (
	"slices"
	"strings"
)

// Facet is an aspect under which a topic can be researched.
type Facet string

// The facets. General is everything that fits no other.
const (
	General      Facet = ""
	Effects      Facet = "effects"
	Development  Facet = "development"
	Distribution Facet = "distribution"
	Harms        Facet = "harms"
	Contrary     Facet = "contrary"
	Advice       Facet = "advice"
	Limits       Facet = "limits"
)

// Vocabulary gives search words for a facet.
func (f Facet) Vocabulary() string {
	switch f {
	case Effects:
		return "improved increased reduced associated effective benefit outcome results"
	case Development:
		return "increased over time trend growth since per year rose"
	case Distribution:
		return "proportion majority most common uptake adoption variation share"
	case Harms:
		return "risk harm adverse events complications errors failure safety"
	case Contrary:
		return "no significant difference not associated failed did not improve however"
	case Advice:
		return "should recommend recommended requires must necessary"
	case Limits:
		return "limitations small study limited evidence further research needed"
	}
	return ""
}

// QuestionFacet tells which facet a question asks for.
func QuestionFacet(question string) Facet {
	asked := questionCues.in(Words(question))
	for i, facet := range byQuestion {
		if asked.has(i) {
			return facet
		}
	}
	return General
}

// byQuestion are the facets a question can ask for, those first whose words are
// the less likely to stand in a question about another.
var byQuestion = [...]Facet{Limits, Contrary, Advice, Harms, Development, Distribution, Effects}

// questionCues has a list for each facet of byQuestion.
var questionCues = newCueIndex(
	"limits the evidence|limitations|gaps in the evidence|how reliable|how strong is the evidence|quality of the evidence",
	"contrary|critics|criticism|against|mixed|no effect|disagree|contradict|controvers|objections",
	"recommend|recommended|recommendations|advise|advised|sollte|sollten|muss|müssen|empfiehlt|empfohlen|devrait|doit|debería|debe|should|best practice|next steps|what must|required",
	"risk|risks|harm|harms|adverse|danger|dangers|safety|failures|incidents|complications|threats|drawbacks",
	"over time|developed|trend|trends|per year|over the years|evolved|grown|history|since|growth|how fast",
	"concentrated|distributed|where|which|who|most|share|common|uptake|adoption|breakdown",
	"effect|effects|impact|improve|reduce|benefit|benefits|change|changing|outcome|outcomes|work",
)

// SentenceFacets lists the facets a sentence speaks to, the most telling first.
func SentenceFacets(sentence string) []Facet { return NewSentence(sentence).Facets() }

// Facets is [SentenceFacets] for a sentence that was read already.
func (s Sentence) Facets() []Facet {
	words := s.words
	if clause := mainClause(s.Text); clause != s.Text {
		words = Words(clause)
	}
	said := sentenceCues.in(words)
	var facets []Facet
	for i, f := range byTelling {
		if speaks(said, i) {
			facets = append(facets, f)
		}
	}
	return facets
}

// byTelling are the facets a sentence can speak to, the most telling first.
var byTelling = [...]Facet{Advice, Limits, Contrary, Harms, Development, Distribution, Effects}

// sentenceCues has, for each facet of byTelling, a list of its cues, and after
// those of all a list of its stops.
var sentenceCues = newSentenceCues()

func newSentenceCues() cueIndex {
	var cues, stops []string
	for _, f := range byTelling {
		cues, stops = append(cues, f.cues()), append(stops, f.stops())
	}
	return newCueIndex(append(cues, stops...)...)
}

// speaks says that a sentence has a cue of the facet byTelling[i], and nothing
// that stops it.
func speaks(said cueLists, i int) bool { return said.has(i) && !said.has(len(byTelling)+i) }

// mainClause leaves out a concession that opens a sentence: what the sentence
// says stands behind it.
func mainClause(sentence string) string {
	for _, start := range []string{"Although ", "Though ", "While ", "Whereas ", "Despite "} {
		if _, rest, ok := strings.Cut(sentence, ", "); ok && strings.HasPrefix(sentence, start) && len(strings.Fields(rest)) >= 5 {
			return rest
		}
	}
	return sentence
}

// Speaks says that a sentence has words that go with the facet.
func (f Facet) Speaks(sentence string) bool { return f.speaks(Words(sentence)) }

// Speaks is [Facet.Speaks] for a sentence that was read already.
func (s Sentence) Speaks(f Facet) bool { return f.speaks(s.words) }

func (f Facet) speaks(words []string) bool {
	at := slices.Index(byTelling[:], f)
	return at >= 0 && speaks(sentenceCues.in(words), at)
}

func (f Facet) cues() string {
	switch f {
	case Advice:
		return "should|recommend|recommends|recommended|recommendation|must|needs to|need to|ought to|it is important to|it is essential|requires|advise|advised|sollte|sollten|muss|müssen|empfiehlt|empfohlen|devrait|doit|debería|debe|call for|calls for"
	case Limits:
		return "limitation|limitations|small study|small sample|short follow up|further studies|further study|further research|more research|limited evidence|limited empirical|remains to be|not yet|lack of data|lack of evidence|bias|underreport|underreported|incomplete|unknown|insufficient|not representative|caution|too low|missing from|underestimate|underestimates|underestimated|overestimate|excludes|exclude|limited to|carried over"
	case Contrary:
		return "no significant|not significant|not significantly|no statistically|no evidence|did not|does not|do not|no difference|no differences|no change|not associated|not related|failed to|fails to|fail to|ineffective|disappointing|controversial|contrary to|no effect|no benefit|cannot|uncertain|unclear|mixed results|unlikely to|not found|were not|was not|none of|no longer|rejected|overturned|dissent|disputed|will not|no improvement|not improve|no one|not achieve|nicht|kein|keine|keinen|aucun|aucune|ningún|ninguna|has not|have not|had not|not reduced|dissented"
	case Harms:
		return "risk|risks|harm|harms|harmful|adverse|complication|complications|error|errors|failure|failures|malfunction|malfunctions|unsafe|danger|dangerous|death|deaths|injury|injuries|breach|breaches|loss|losses|recall|recalls|fraud|penalty|penalties|damage|damages|hazard|hazards|threat|threats|vulnerable|litigation|dispute|disputes|manipulated|manipulation|risiko|risiken|gefahr|gefahren|schaden|schäden|unfälle|risque|risques|riesgo|riesgos|data protection"
	case Development:
		return "over time|trend|trends|increased from|rose from|rose to|fell from|fell to|grew|grown|declined from|decreased from|improved from|per year|annual|annually|year on year|since the|doubled|tripled|per cent a year|percent a year|over the period|rising|growing"
	case Distribution:
		return "majority|most common|more common|per cent of|percent of|proportion|share of|uptake|adoption|varied|variation|distributed|concentrated|accounted for|accounts for|half of|a third|a quarter|most of|widely|practices"
	case Effects:
		return "improve|improves|improved|improvement|improvements|reduce|reduces|reduced|reduction|increase|increases|increased|decrease|decreases|decreased|associated|effective|benefit|benefits|better|faster|higher|lower|more likely|led to|leads to|result in|results in|resulted in|enable|enables|allow|allows|helps|useful|accuracy|sensitivity|specificity|comparable|alternative|predict|predicts|outcome|outcomes|impact|influence|influences|affect|affects|affected|cost|costs|saved|savings|raised|rose|fell|effect|effects|successful|satisfactory|integral|feasible|safe and effective"
	}
	return ""
}

func (f Facet) stops() string {
	switch f {
	case Advice:
		return "recommended minimum|none of these|not require|does not mean"
	case Distribution:
		return "improve|improves|improved|did improve|reduced|would have raised"
	case Harms:
		return "risk factor scores|risk status|familial risk|at high risk|as high risk|weight loss"
	}
	return ""
}
