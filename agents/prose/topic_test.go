package prose_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/agents/prose"
)

func TestParseTopic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, subject, scope, phrase, effect string }{
		{"How is AI changing medical devices and care?", "AI", "medical devices and care", "AI, medical devices and care", "AI on medical devices and care"},
		{"What is the impact of carbon pricing on heavy industry?", "carbon pricing", "heavy industry", "carbon pricing and heavy industry", "carbon pricing on heavy industry"},
		{"How is climate change affecting coffee yields?", "climate change", "coffee yields", "climate change and coffee yields", "climate change on coffee yields"},
		{"Does remote work reduce productivity?", "remote work", "productivity", "remote work and productivity", "remote work on productivity"},
		{"Remote work in Europe", "remote work", "Europe", "remote work in Europe", "remote work in Europe"},
		{"How is electricity generation in Iowa changing?", "electricity generation", "Iowa", "electricity generation in Iowa", "electricity generation in Iowa"},
		{"How has solar capacity in Europe grown?", "solar capacity", "Europe", "solar capacity in Europe", "solar capacity in Europe"},
		{"How has internet use developed in Kenya?", "internet use", "Kenya", "internet use in Kenya", "internet use in Kenya"},
		{"How has internet use in Kenya developed since 2010?", "internet use", "Kenya", "internet use in Kenya", "internet use in Kenya"},
		{"How are our orders developing by region?", "orders", "", "orders", "orders"},
		{"How has rainfall changed over the last thirty years?", "rainfall", "", "rainfall", "rainfall"},
		{"How is trade between developed countries changing?", "trade between developed countries", "", "trade between developed countries", "trade between developed countries"},
		{"What drives inflation in the euro area?", "inflation", "the euro area", "inflation in the euro area", "inflation in the euro area"},
		{"What works to reduce loneliness in old age?", "loneliness in old age", "", "loneliness in old age", "loneliness in old age"},
		{"Which vaccines protect against dengue?", "vaccines", "dengue", "vaccines and dengue", "vaccines on dengue"},
		{"Has the minimum wage increased unemployment?", "the minimum wage", "unemployment", "the minimum wage and unemployment", "the minimum wage on unemployment"},
		{"What are the risks of lithium batteries?", "lithium batteries", "", "lithium batteries", "lithium batteries"},
		{"What do we know about triage software?", "triage software", "", "triage software", "triage software"},
		{"Trends in global fisheries", "global fisheries", "", "global fisheries", "global fisheries"},
		{"How do large models perform in exams?", "large models perform", "exams", "the topic", "large models perform"},
		{"How many people use mobile money in Kenya?", "people use mobile money", "Kenya", "the topic", "people use mobile money"},
		{"Carbon pricing", "carbon pricing", "", "carbon pricing", "carbon pricing"},
		{"Tesla suppliers", "Tesla suppliers", "", "Tesla suppliers", "Tesla suppliers"},
		{"Enforceability of non-compete clauses", "enforceability of non-compete clauses", "", "enforceability of non-compete clauses", "enforceability of non-compete clauses"},
		{"Should we acquire the Brandt group?", "acquire the Brandt group", "", "the topic", "acquire the Brandt group"},
		{"Wie wirken Radwege in der Stadt?", "wirken Radwege", "der Stadt", "the topic", "wirken Radwege"},
	} {
		topic := prose.ParseTopic(c.text)
		if topic.Subject != c.subject || topic.Scope != c.scope || topic.Phrase != c.phrase {
			t.Errorf("ParseTopic(%q) = %q, %q, %q", c.text, topic.Subject, topic.Scope, topic.Phrase)
		}
		if got := topic.Effect(topic.Subject); got != c.effect {
			t.Errorf("Effect of %q = %q, want %q", c.text, got, c.effect)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	topic := prose.ParseTopic("How is AI changing medical devices and care?")
	for _, c := range []struct {
		title, sentence string
		topical         bool
		want            prose.Tier
	}{
		{"A survey", "Machine learning found more tumours in hospital than readers did.", false, prose.Direct},
		{"Computer-aided diagnosis in mammography", "Specificity rose by a tenth.", false, prose.Direct},
		{"Are web-based records the answer in oncology?", "Uptake was slow in the north.", false, prose.Related},
		{"Prompts and family history", "No change occurred in screening of patients.", true, prose.Related},
		{"Automatic gearboxes and drivers of age", "Older drivers made fewer errors with it.", false, prose.Off},
		{"External radiotherapy for gallbladder cancer", "Pain was relieved in most patients.", false, prose.Off},
		{"Pertrochanteric fractures", "Patients were allotted by computer.", false, prose.Related},
	} {
		got := topic.Judge(prose.Passage{Title: c.title, Topical: c.topical}).Of(prose.NewSentence(c.sentence))
		if got.Tier != c.want {
			t.Errorf("%q under %q: tier %d, want %d", c.sentence, c.title, got.Tier, c.want)
		}
	}
}

// Whether a word at the beginning is a name is seen in the titles of the sources.
func TestParseTopicReadsTitles(t *testing.T) {
	t.Parallel()
	titles := []string{"Why water scarcity grows", "tesla sales by year", "Report on \"crops\", 2023"}
	for text, want := range map[string]string{
		"Water scarcity in cities": "water scarcity in cities", "Tesla sales": "Tesla sales", "Crops after a drought": "crops after a drought", "Sand for concrete": "Sand for concrete",
	} {
		if got := prose.ParseTopic(text, titles...).Phrase; got != want {
			t.Errorf("ParseTopic(%q) is of %q, want %q", text, got, want)
		}
	}
}

func TestTopicSynonyms(t *testing.T) {
	t.Parallel()
	if !prose.ParseTopic("Central bank digital currencies").Names("Five countries have issued a CBDC.") {
		t.Error("the acronym of a phrase does not name it")
	}
	if prose.ParseTopic("Carbon pricing").Names("The frame is made of steel and glass.") {
		t.Error("a sentence without any word of the topic names it")
	}
	direct, related := prose.ParseTopic("AI in hospitals").Synonyms()
	if !strings.Contains(strings.Join(direct, "|"), "machine learning") || !strings.Contains(strings.Join(related, "|"), "software") {
		t.Errorf("synonyms of AI: %q, %q", direct, related)
	}
}

func FuzzParseTopic(f *testing.F) {
	for _, seed := range []string{"", "?", "How is", "AI changing", "the of", "Wie", strings.Repeat("word ", 500), "\xff\xfe ü", "of of of of of"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		topic := prose.ParseTopic(text)
		topic.Judge(prose.Passage{Title: text}).Of(prose.NewSentence(text))
		if utf8.ValidString(text) && !utf8.ValidString(topic.Phrase) {
			t.Errorf("ParseTopic(%q) breaks a character: %q", text, topic.Phrase)
		}
		if len(topic.Terms()) > 24 {
			t.Errorf("%d search terms", len(topic.Terms()))
		}
	})
}
