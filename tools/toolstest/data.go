// Package toolstest gives tests the real data beside the repository, and tables
// for the tools that compute with them.
package toolstest

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Data is the path of a file or folder of ../shared/data beside the repository;
// the test is skipped where it is absent.
func Data(tb testing.TB, elements ...string) string {
	tb.Helper()
	path := filepath.Join(append([]string{Root(tb), "..", "shared", "data"}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("left out, the real data is not here: %v", err)
	}
	return path
}

// Root is the folder of go.mod.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the test")
		}
	}
}

// ReadJSON decodes a file.
func ReadJSON(tb testing.TB, path string, into any) {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		tb.Fatalf("reading %s: %v", path, err)
	}
}

// ReadCSV gives the lines of a file, its header among them.
func ReadCSV(tb testing.TB, path string) [][]string {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil {
		tb.Fatalf("reading %s: %v", path, err)
	}
	return rows
}
