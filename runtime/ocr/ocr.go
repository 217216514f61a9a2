// Package ocr reads the text in pictures of pages with Tesseract, a program
// that is looked for on this machine and never required.
package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/tools/documents"
)

// Options configure [Find]. Zero values mean the defaults.
type Options struct {
	Program   string        // its name or path; tesseract
	Languages string        // as tesseract names them, joined by "+"; eng
	Timeout   time.Duration // of one page; 45 s
}

// Tesseract recognises pages, each in a process of its own that has a limited
// time and whose output is limited. It is safe for concurrent use.
type Tesseract struct {
	program   string
	languages string
	timeout   time.Duration
}

var _ documents.Recognizer = (*Tesseract)(nil)

// The limits of what a process may write, and how long one that was killed may
// take to end.
const (
	maxOutput = 1 << 20
	maxErrors = 4 << 10
	grace     = 2 * time.Second
)

// ErrMissing says that the program is not installed.
var ErrMissing = errors.New("tesseract is not installed")

// Find looks for the program. Where it is not installed the error wraps
// [ErrMissing].
func Find(options Options) (*Tesseract, error) {
	if options.Program == "" {
		options.Program = "tesseract"
	}
	if options.Languages == "" {
		options.Languages = "eng"
	}
	if options.Timeout <= 0 {
		options.Timeout = 45 * time.Second
	}
	program, err := exec.LookPath(options.Program)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return &Tesseract{program: program, languages: options.Languages, timeout: options.Timeout}, nil
}

// Recognize implements [documents.Recognizer].
func (t *Tesseract) Recognize(ctx context.Context, page image.Image) (string, error) {
	var picture bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&picture, page); err != nil {
		return "", fmt.Errorf("encoding the picture of a page: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	command := exec.CommandContext(limited, t.program, "stdin", "stdout", "-l", t.languages, "--dpi", "200")
	command.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1") // several threads take longer together
	command.Stdin = &picture
	output, complaints := &bounded{most: maxOutput}, &bounded{most: maxErrors}
	command.Stdout, command.Stderr = output, complaints
	command.WaitDelay = grace
	err := command.Run() // the context kills this one process, by its id
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case output.full:
		return "", fmt.Errorf("text recognition gave more than %d MB for one page", maxOutput>>20)
	case limited.Err() != nil:
		return "", fmt.Errorf("text recognition took longer than %s", t.timeout)
	case err != nil:
		return "", fmt.Errorf("text recognition failed: %w: %s", err, firstLine(complaints.String()))
	}
	return strings.ToValidUTF8(output.String(), ""), nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.ToValidUTF8(line, "")
}

// bounded keeps the first bytes that are written to it. What writes more is
// cut off.
type bounded struct {
	kept bytes.Buffer // not embedded: its ReadFrom knows no bounds
	most int
	full bool
}

func (b *bounded) String() string { return b.kept.String() }

var errFull = errors.New("too much output")

// Write implements io.Writer.
func (b *bounded) Write(data []byte) (int, error) {
	if b.kept.Len()+len(data) > b.most {
		b.full = true
		return 0, errFull
	}
	return b.kept.Write(data)
}
