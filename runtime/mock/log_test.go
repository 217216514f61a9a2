package mock_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

// Whoever has seen a byte of an answer finds the request in the file, also when
// the emulator dies at that moment.
func TestTheLogIsAheadOfTheAnswer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log.jsonl")
	file, err := mock.OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	script, err := mock.ParseScript("script", []byte("rules: [{answer: {text: one two three, usage: {input: 5, output: 7}}, fault: {kind: hang, after: 1}}]"))
	if err != nil {
		t.Fatal(err)
	}
	s := mocktest.Start(t, mock.Options{Script: script, Log: file})
	output, err := bedrock(s.URL, "us-east-1").ConverseStream(t.Context(), converseStream("Hi"))
	if err != nil {
		t.Fatal(err)
	}
	stream := output.GetStream()
	<-stream.Events()
	entries, err := mock.ReadLog(bytes.NewReader(readFile(t, path)))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	if e := entries[0]; e.Ended || e.Usage != (mock.Usage{Input: 5, Output: 7}) || !e.UsageUntold || e.Fault != mock.FaultHang || e.Region != "us-east-1" {
		t.Errorf("entry %+v", e)
	}
	stream.Close()
	if e := s.Ended(t, 1)[0]; e.Complete || e.Pieces != 1 {
		t.Errorf("entry %+v", e)
	}
}
