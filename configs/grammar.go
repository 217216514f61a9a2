package configs

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Grammar says how the language of drafts is looked at.
type Grammar struct {
	Spelling     string       `yaml:"spelling"` // british, american or empty
	LanguageTool LanguageTool `yaml:"languagetool"`
}

// LanguageTool is a server that gives a second opinion.
type LanguageTool struct {
	BaseURL string        `yaml:"base_url"`
	Timeout time.Duration `yaml:"timeout"`
}

func (g Grammar) check(web bool) []error {
	failures := []error{between("grammar.languagetool.timeout", g.LanguageTool.Timeout, time.Second, maxWebTimeout)}
	if g.Spelling != "" {
		failures = append(failures, oneOf("grammar.spelling", g.Spelling, "british", "american"))
	}
	if g.LanguageTool.BaseURL == "" {
		return failures
	}
	err := webAddress("grammar.languagetool.base_url", g.LanguageTool.BaseURL)
	if err == nil && !web && !thisMachine(g.LanguageTool.BaseURL) {
		err = fmt.Errorf("grammar.languagetool.base_url: %q is another machine, and web.enabled is false: name a server on this one, like http://localhost:8081, or turn the web on", g.LanguageTool.BaseURL)
	}
	return append(failures, err)
}

// thisMachine says that the host of an address is this machine by itself.
func thisMachine(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := parsed.Hostname()
	addr := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || addr != nil && addr.IsLoopback()
}
