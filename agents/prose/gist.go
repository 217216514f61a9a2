package prose

import "strings"

// Gist is a verbatim beginning of a sentence that can stand for it in a
// summary: the sentence up to a clause that only adds to it. A sentence that
// turns or restricts what it says is not cut. The end mark is left off.
func Gist(sentence string) string {
	text := strings.TrimRight(Inner(sentence), ".!")
	if restricting.in(Words(text)) != 0 {
		return text
	}
	best := text
	for _, mark := range []string{"; ", ", and ", ", which ", ", with ", ", reflecting ", ", as demonstrated ", ", indicating ", ", suggesting ", ": ", " ("} {
		at := strings.Index(text, mark)
		if at <= 0 || at >= len(best) {
			continue
		}
		head, rest := text[:at], text[at+len(mark):]
		listed := strings.Contains(mark, ",") && (strings.Contains(head, ",") || mark == ", and " && !hasVerb(Words(rest)))
		if len(strings.Fields(head)) >= 8 && hasVerb(Words(head)) && !unbalanced(head) && !listed {
			best = head
		}
	}
	return best
}

var restricting = newCueIndex("but|however|although|though|except|unless|only|not|yet|whereas|while|despite|if")

// Article is "a" or "an" for a year read aloud: "an 1848 source".
func Article(year int) string {
	if century := year / 100; century == 18 || century == 11 || century == 8 {
		return "an"
	}
	return "a"
}
