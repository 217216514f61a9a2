package main

import (
	"bytes"
	"os"
	"testing"
)

// TestShippedPDF says when the source was changed and the PDF was not made anew.
func TestShippedPDF(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../source/evidence-on-ai-in-care.md")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := os.ReadFile("../documents/evidence-on-ai-in-care.pdf")
	if err != nil {
		t.Fatal(err)
	}
	made, err := render(string(source))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, shipped) {
		t.Errorf("the shipped PDF (%d bytes) is not what its source gives (%d bytes); run go generate ./configs/samples", len(shipped), len(made))
	}
}

func TestSourceWithoutTitle(t *testing.T) {
	t.Parallel()
	if _, err := render("no title"); err == nil {
		t.Error("a source without a title was accepted")
	}
}
