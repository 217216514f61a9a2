//go:build !race

package documents

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Fifty megabytes take the race detector too long.
func TestHTMLOfFiftyMegabytes(t *testing.T) {
	t.Parallel()
	e := NewExtractor(ExtractorOptions{})
	defer e.Close()
	const size = 50 << 20
	started, before := time.Now(), totalAlloc()
	_, err := e.Extract(t.Context(), "tags.html", "", []byte("<title>x</title>"+strings.Repeat("<p>", size/3)))
	var unreadable *ReadError
	if !errors.As(err, &unreadable) || unreadable.Problem != ProblemTooLarge {
		t.Errorf("nothing but elements: %v", err)
	}
	// Lists in lists once took time that grew with the square of the text.
	out, err := e.Extract(t.Context(), "lists.html", "", []byte(strings.Repeat("<ul><li>", 200)+strings.Repeat("A word and another one. ", size/24)))
	if err != nil || len(out.Parts) != 1 || out.Parts[0].Gap == "" || len(out.Text) > 33<<20 {
		t.Errorf("nothing but text: %d bytes, gaps %+v, %v", len(out.Text), out.Parts, err)
	}
	if took, taken := time.Since(started), totalAlloc()-before; took > 20*time.Second || taken > 4<<30 {
		t.Errorf("took %s, allocated %d MB", took, taken>>20)
	}
}
