package format_test

import (
	"testing"

	"github.com/quaestor-run/quaestor/tools/format"
)

func BenchmarkPDF(b *testing.B) {
	document := sample()
	for b.Loop() {
		if _, err := format.PDF(document); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDOCX(b *testing.B) {
	document := tracked()
	for b.Loop() {
		if _, err := format.DOCX(document); err != nil {
			b.Fatal(err)
		}
	}
}
