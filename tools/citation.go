package tools

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Citation is a place in a source snapshot, and the exact words found there.
// Start and End are byte offsets into the UTF-8 text of the snapshot:
// snapshot[Start:End] == Quote, always.
type Citation struct {
	SHA256      string       `json:"sha256"` // of the snapshot text
	URI         string       `json:"uri"`
	Title       string       `json:"title"`
	Page        int          `json:"page,omitempty"`      // from 1; 0 where the format has no pages
	Year        int          `json:"year,omitempty"`      // of publication, 0 when unknown
	Published   string       `json:"published,omitempty"` // the day, YYYY-MM-DD, of sources that say so
	Author      string       `json:"author,omitempty"`    // as the source gives it
	Tier        string       `json:"tier,omitempty"`      // kind of a source of the web: journal, government, academic, news, other
	Accessed    string       `json:"accessed,omitempty"`  // the day a page of the web was read, YYYY-MM-DD
	Heading     string       `json:"heading,omitempty"`   // of the section the quote stands in
	Start       int          `json:"start"`
	End         int          `json:"end"`
	Quote       string       `json:"quote"`
	Computation *Computation `json:"computation,omitempty"`
}

// Computation is a figure that was computed from a source, with all that is
// needed to compute it again.
type Computation struct {
	Tool   string          `json:"tool"`
	Input  json.RawMessage `json:"input"`
	Result json.RawMessage `json:"result"`
}

// ID names the citation by its content, the same in every run and process:
// "e_" and the first 12 hexadecimal digits of a SHA-256 over snapshot, offsets
// and computation.
func (c Citation) ID() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s:%d:%d", c.SHA256, c.Start, c.End)
	if c.Computation != nil {
		fmt.Fprintf(h, ":%s:%s:%s", c.Computation.Tool, c.Computation.Input, c.Computation.Result)
	}
	return "e_" + hex.EncodeToString(h.Sum(nil))[:12]
}
