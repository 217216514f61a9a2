package grammar

import (
	"fmt"
	"strings"
)

// articles looks for a before a vowel, and an before a consonant, as they are
// spoken. Where the sound is not sure there is no edit.
func articles(p page) (edits []Edit) {
	for i := 0; i+1 < len(p.words); i++ {
		w, next := p.words[i], p.words[i+1]
		if w.lower != "a" && w.lower != "an" || w.text == "AN" || w.text == "A" && !w.first || p.text[w.end:next.start] != " " || w.closed {
			continue
		}
		want := "a"
		switch soundOf(next) {
		case vowel:
			want = "an"
		case unsure:
			continue
		}
		if want == w.lower || w.lower == "a" && i > 0 && labelled(p.words[i-1].lower) {
			continue
		}
		replacement := want
		if w.text[0] == 'A' {
			replacement = strings.ToUpper(want[:1]) + want[1:]
		}
		edits = append(edits, certain(w.start, w.end, replacement, "a or an", fmt.Sprintf("“%s” is spoken with a %s at its beginning", next.text, soundOf(next))))
	}
	return edits
}

// labelled says that an a after this word is a letter: group a, vitamin a.
func labelled(lower string) bool {
	switch lower {
	case "group", "groups", "type", "types", "vitamin", "hepatitis", "class", "part", "phase", "stage", "grade", "model", "set", "option", "section", "panel", "arm", "appendix", "level", "score":
		return true
	}
	return false
}

// sound is how a word begins when it is spoken.
type sound string

const (
	vowel     sound = "vowel"
	consonant sound = "consonant"
	unsure    sound = "unsure"
)

func soundOf(w word) sound {
	l := w.lower
	if len(l) < 3 || w.mixed() || strings.ContainsFunc(l, func(r rune) bool { return r < 'a' || r > 'z' }) || !strings.ContainsAny(l, "aeiou") {
		return unsure
	}
	switch l {
	case "and", "are", "into", "our", "onto", "how", "who", "upon", "also", "unto", "una", "uno", "une", "est", "als", "che":
		return unsure
	}
	switch l[0] {
	case 'a', 'i':
		return vowel
	case 'e':
		if begins(l, "eu", "ew") {
			return consonant
		}
		return vowel
	case 'o':
		return soundOfO(l)
	case 'u':
		return soundOfU(l)
	case 'h':
		return soundOfH(l)
	case 'x', 'y':
		return unsure
	}
	return consonant
}

func soundOfO(l string) sound {
	switch {
	case l == "one", l == "once", l == "oneself", l == "oui", l == "ones":
		return consonant
	case begins(l, "ou") && !begins(l, "out", "our", "ounce", "oust"):
		return unsure
	}
	return vowel
}

// soundOfH tells the h that is silent from the others; of some, people differ.
func soundOfH(l string) sound {
	switch {
	case begins(l, "hour", "honest", "honor", "honour", "heir"):
		return vowel
	case begins(l, "histor", "herb", "habit", "hotel", "heroic", "hyster", "hypoth", "homage"):
		return unsure
	}
	return consonant
}

// soundOfU tells the u of use from that of under.
func soundOfU(l string) sound {
	switch {
	case begins(l, "unin", "unim", "unid", "ushe", "usher", "ure", "udo", "uma", "uga", "ulu"):
		return unsure
	case begins(l, "uni", "use", "usa", "usi", "usu", "uti", "uto", "ute", "ubi", "uri", "uro", "ura", "uve", "ukr", "una ", "unanim", "eu"):
		return consonant
	case begins(l, "un", "up", "ul", "ur", "um", "ut", "us", "ug", "ub"):
		return vowel
	}
	return unsure
}

func begins(text string, with ...string) bool {
	for _, beginning := range with {
		if strings.HasPrefix(text, beginning) {
			return true
		}
	}
	return false
}
