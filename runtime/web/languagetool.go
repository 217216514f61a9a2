package web

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/tools/grammar"
)

// LanguageToolOptions say how a LanguageTool server is reached.
type LanguageToolOptions struct {
	BaseURL   string // required; /v2/check is below it
	UserAgent string
	Timeout   time.Duration // of one question
	LocalOnly bool          // dial this machine alone, whatever the name means
	Dial      Dial          // nil is the machine's own network; not looked at with LocalOnly
}

// LanguageTool is a LanguageTool server, asked over its HTTP API. It implements
// [grammar.Checker].
type LanguageTool struct {
	service
	timeout time.Duration
}

// NewLanguageTool makes the client; nothing is sent before the first text.
func NewLanguageTool(options LanguageToolOptions) *LanguageTool {
	dial := options.Dial
	if options.LocalOnly {
		dial = (&net.Dialer{Timeout: dialTimeout, Control: onlyLoopback}).DialContext
	}
	return &LanguageTool{
		service: newService("languagetool", "", ServiceOptions{BaseURL: options.BaseURL, UserAgent: options.UserAgent, Dial: dial}),
		timeout: options.Timeout,
	}
}

// onlyLoopback refuses a socket to any other machine: a name may mean more than
// one, and another a moment later.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if addr := net.ParseIP(host); err != nil || addr == nil || !addr.IsLoopback() {
		return refused("%s is another machine, and the web is off (web.enabled)", address)
	}
	return nil
}

type languageToolAnswer struct {
	Matches *[]struct {
		Message      string `json:"message"`
		Offset       int    `json:"offset"` // UTF-16 code units
		Length       int    `json:"length"`
		Replacements []struct {
			Value string `json:"value"`
		} `json:"replacements"`
		Rule struct {
			ID       string `json:"id"`
			Category struct {
				ID string `json:"id"`
			} `json:"category"`
		} `json:"rule"`
	} `json:"matches"`
}

// The most that is taken from one answer.
const (
	maxMatches      = 500
	maxReplacements = 5
	maxReplacement  = 200 // bytes
)

// Check implements [grammar.Checker]. Words that the server does not know are
// proposals only: it knows few terms and no names. The text goes to the server
// as it is.
func (l *LanguageTool) Check(ctx context.Context, text, language string) ([]grammar.Edit, error) {
	if l.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.timeout)
		defer cancel()
	}
	if language == "" {
		language = "auto"
	}
	form := url.Values{"text": {text}, "language": {language}}
	var answer answerOf[languageToolAnswer]
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if err := l.do(ctx, http.MethodPost, l.base+"/v2/check", header, []byte(form.Encode()), &answer); err != nil {
		return nil, err
	}
	if answer.value.Matches == nil {
		return nil, l.noResults(answer.raw)
	}
	matches := *answer.value.Matches
	var edits []grammar.Edit
	units := unitsOf(text)
	for _, m := range matches[:min(len(matches), maxMatches)] {
		start, ok := units.byteAt(m.Offset)
		end, also := units.byteAt(m.Offset + m.Length)
		if !ok || !also || end < start {
			continue
		}
		e := grammar.Edit{Start: start, End: end, Rule: "languagetool " + plainText(m.Rule.ID, 80), Reason: plainText(m.Message, 300)}
		for _, r := range m.Replacements[:min(len(m.Replacements), maxReplacements)] {
			if len(r.Value) <= maxReplacement && utf8.ValidString(r.Value) && !strings.ContainsAny(r.Value, "\n\r\x00") {
				e.Replacements = append(e.Replacements, r.Value)
			}
		}
		e.Certain = len(e.Replacements) == 1 && (m.Rule.Category.ID == "GRAMMAR" || m.Rule.Category.ID == "PUNCTUATION")
		edits = append(edits, e)
	}
	return edits, nil
}

// units finds bytes by UTF-16 code units.
type units struct {
	bytes []int // by unit; -1 within a pair
}

func unitsOf(text string) units {
	u := units{bytes: make([]int, 0, len(text)+1)}
	for i, r := range text {
		u.bytes = append(u.bytes, i)
		if r > 0xFFFF {
			u.bytes = append(u.bytes, -1)
		}
	}
	u.bytes = append(u.bytes, len(text))
	return u
}

func (u units) byteAt(unit int) (int, bool) {
	if unit < 0 || unit >= len(u.bytes) || u.bytes[unit] < 0 {
		return 0, false
	}
	return u.bytes[unit], true
}
