package prose

import "strings"

func asks(word string) bool {
	return strings.Contains(" how what which who whom whose where when why is are was were do does did can could should would will has have had wie was warum welche quel quelle comment cómo qué come ", " "+strings.ToLower(word)+" ")
}

// dropLead removes what comes before the subject: question words, auxiliaries
// and phrases such as "the impact of". It says whether what is left must be a
// noun.
func dropLead(words []string) (rest []string, noun bool) {
	start := 0
	for start < len(words) && leadWord(words[start], start) {
		start++
	}
	if start == len(words) {
		return words, false
	}
	lead := strings.ToLower(strings.Join(words[:start], " ")) + " "
	noun = strings.HasSuffix(lead, " about ") || strings.HasSuffix(lead, " on ") || defines(lead)
	words = words[start:]
	for i := range max(0, min(4, len(words)-1)) {
		if strings.EqualFold(words[i], "of") && i > 0 && effectNoun(words[i-1]) {
			return words[i+1:], true
		}
	}
	if len(words) > 2 && strings.EqualFold(words[1], "in") && trendNoun(words[0]) {
		return words[2:], true
	}
	if len(words) > 1 && changeVerb(strings.ToLower(words[0])) && strings.HasPrefix(lead, "what ") {
		return words[1:], true // "what drives …"
	}
	return words, noun
}

// defines says that a question begins with "what is".
func defines(lead string) bool {
	words := strings.Fields(lead)
	return len(words) > 1 && words[0] == "what" && strings.Contains(" is are was were ", " "+words[1]+" ")
}

func leadWord(word string, at int) bool {
	lower := strings.ToLower(strings.Trim(word, ",:"))
	if asks(lower) {
		return true
	}
	return at > 0 && strings.Contains(" the a an we you there that extent much many far to know known of ", " "+lower+" ") ||
		strings.Contains(" the a an please research investigate analyse analyze summarise summarize explain describe assess compare discuss evaluate examine outline review report on about ", " "+lower+" ")
}

// saysNothing says that a subject only stands for what is asked about: "which
// factors affect …", "what works to reduce …".
func saysNothing(subject string) bool {
	return strings.Contains(" factors things forces works works to helps helps to ", " "+strings.ToLower(subject)+" ")
}

func trendNoun(word string) bool {
	return strings.Contains(" trend trends development developments advance advances progress change changes ", " "+strings.ToLower(word)+" ")
}

func effectNoun(word string) bool {
	return strings.Contains(" impact impacts effect effects influence role consequences consequence use state status future evolution risks benefits implications importance history development analysis overview cost costs cause causes driver drivers determinants trend trends growth ", " "+strings.ToLower(word)+" ")
}
