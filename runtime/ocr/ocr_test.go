package ocr_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/quaestor-run/quaestor/runtime/ocr"
)

// page is a picture of lines of text.
func page(tb testing.TB, lines ...string) image.Image {
	tb.Helper()
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		tb.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 12, DPI: 200})
	if err != nil {
		tb.Fatal(err)
	}
	picture := image.NewGray(image.Rect(0, 0, 1654, 200+60*len(lines)))
	for i := range picture.Pix {
		picture.Pix[i] = 0xff
	}
	drawer := font.Drawer{Dst: picture, Src: image.NewUniform(color.Black), Face: face}
	for i, line := range lines {
		drawer.Dot = fixed.P(120, 150+60*i)
		drawer.DrawString(line)
	}
	return picture
}

func TestRecognise(t *testing.T) {
	t.Parallel()
	tesseract, err := ocr.Find(ocr.Options{})
	if errors.Is(err, ocr.ErrMissing) {
		t.Skipf("left out: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := tesseract.Recognize(t.Context(), page(t, "Nurses slept six hours on average.", "They wanted eight."))
	if err != nil || !strings.Contains(text, "Nurses slept six hours") || !strings.Contains(text, "wanted eight") {
		t.Errorf("%q, %v", text, err)
	}
}

// program is a script in place of tesseract.
func program(t *testing.T, script string, timeout time.Duration) *ocr.Tesseract {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tesseract")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	found, err := ocr.Find(ocr.Options{Program: path, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestProgramsThatMisbehave(t *testing.T) {
	t.Parallel()
	picture := image.NewGray(image.Rect(0, 0, 10, 10))
	for name, test := range map[string]struct {
		script, want string
		timeout      time.Duration
	}{
		"hangs":    {"exec sleep 60", "longer than", 300 * time.Millisecond},
		"floods":   {"exec yes", "more than", 20 * time.Second},
		"fails":    {"echo no such language >&2; exit 1", "no such language", 20 * time.Second},
		"children": {"sleep 60 & wait", "longer than", 300 * time.Millisecond},
	} {
		started := time.Now()
		_, err := program(t, test.script, test.timeout).Recognize(t.Context(), picture)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if took := time.Since(started); took > 10*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := program(t, "exec sleep 60", time.Minute).Recognize(ctx, picture); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that went away: %v", err)
	}
	if _, err := ocr.Find(ocr.Options{Program: "no-such-program-here"}); !errors.Is(err, ocr.ErrMissing) {
		t.Errorf("a program that is missing: %v", err)
	}
}
