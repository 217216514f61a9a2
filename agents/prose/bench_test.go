package prose_test

import (
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/agents/prose"
)

func BenchmarkParseTopic(b *testing.B) {
	long := strings.Repeat("how does climate change affect mountain regions and their people ", 30)
	for b.Loop() {
		prose.ParseTopic(long)
	}
}

func BenchmarkJudge(b *testing.B) {
	topic := prose.ParseTopic("How is AI changing medical devices and care?")
	p := prose.Passage{Title: "Are web-based records the answer in oncology?"}
	const sentence = "Uptake was slow in the north, and the number of hospitals that used the records did not grow over the period."
	for b.Loop() {
		topic.Judge(p).Of(prose.NewSentence(sentence))
	}
}
