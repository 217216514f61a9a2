package citation

import (
	"strings"
	"unicode/utf8"
)

// latexCommand writes what a command means whose name begins at a place, and
// gives the place behind it.
func latexCommand(out *strings.Builder, text string, at int) int {
	if at >= len(text) {
		return at
	}
	if mark, ok := accentOf(text[at]); ok && !isLetter(text[at]) {
		return accented(out, text, at+1, mark)
	}
	if !isLetter(text[at]) {
		_, size := utf8.DecodeRuneInString(text[at:])
		out.WriteString(text[at : at+size]) // \& and the like
		return at + size
	}
	from := at
	for at < len(text) && isLetter(text[at]) {
		at++
	}
	name := text[from:at]
	if mark, ok := accentOf(name[0]); ok && len(name) == 1 {
		return accented(out, text, at, mark)
	}
	if letter := latexLetter(name); letter != "" {
		out.WriteString(letter)
		if at < len(text) && text[at] == ' ' {
			at++
		}
	}
	return at // \emph, \textit and others: what they hold follows
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// accented writes the next letter with a combining mark.
func accented(out *strings.Builder, text string, at int, mark string) int {
	for at < len(text) && (text[at] == '{' || text[at] == ' ') {
		at++
	}
	if at >= len(text) {
		return at
	}
	if strings.HasPrefix(text[at:], `\i`) || strings.HasPrefix(text[at:], `\j`) {
		out.WriteString(text[at+1:at+2] + mark)
		return at + 2
	}
	if text[at] == '\\' || text[at] == '}' {
		return at
	}
	_, size := utf8.DecodeRuneInString(text[at:])
	out.WriteString(text[at:at+size] + mark)
	return at + size
}

func accentOf(command byte) (string, bool) {
	mark, ok := map[byte]string{
		'"': "\u0308", '\'': "\u0301", '`': "\u0300", '^': "\u0302", '~': "\u0303", '=': "\u0304", '.': "\u0307",
		'c': "\u0327", 'v': "\u030c", 'u': "\u0306", 'H': "\u030b", 'r': "\u030a", 'k': "\u0328", 'd': "\u0323", 'b': "\u0331",
	}[command]
	return mark, ok
}

func latexLetter(name string) string {
	return map[string]string{
		"ss": "ß", "o": "ø", "O": "Ø", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł",
		"i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ", "NG": "Ŋ",
		"textendash": "–", "textemdash": "—", "textquoteright": "’", "textquoteleft": "‘", "textquotedblleft": "“", "textquotedblright": "”",
		"ldots": "…", "dots": "…", "textregistered": "®", "texttrademark": "™", "copyright": "©", "pounds": "£", "euro": "€", "S": "§",
		"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "mu": "μ", "times": "×", "textdegree": "°", "textasciitilde": "~",
		"textbackslash": `\`, "textasciicircum": "^", "textunderscore": "_",
	}[name]
}

// laTeX writes a text so that LaTeX shows it as it is. Letters stay letters:
// today's LaTeX and biber read UTF-8.
func laTeX(text string) string {
	return strings.NewReplacer(`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`,
		"~", `\textasciitilde{}`, "^", `\textasciicircum{}`).Replace(oneLine(text))
}
