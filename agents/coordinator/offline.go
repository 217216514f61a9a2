package coordinator

import (
	"strconv"
	"strings"

	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/agents/prose"
	"github.com/quaestor-run/quaestor/tools"
)

// plan asks the facets of the topic that the sources can say something about.
func plan(turn agents.Turn[Input]) (agents.Move[agents.Plan], error) {
	in := turn.Input
	topic := prose.ParseTopic(in.Topic, in.Survey.Value.Titles()...)
	tables := sortTables(topic, in.Survey.Value)
	out := agents.Plan{Title: title(topic, in.Topic)}
	for _, text := range in.Questions {
		if text = strings.TrimSpace(text); text != "" && len(out.Questions) < maxQuestions {
			out.Questions = append(out.Questions, asked(topic, text, tables))
		}
	}
	for _, f := range facets(tables) {
		if len(out.Questions) == maxQuestions {
			break
		}
		out.Questions = append(out.Questions, f.question(topic, tables))
	}
	for i := range out.Questions {
		out.Questions[i].ID = "q" + strconv.Itoa(i+1)
	}
	out.Structure = structure(out.Questions)
	return agents.Done(out), nil
}

const maxTitle = 150

func title(topic prose.Topic, text string) string {
	mark := ""
	if strings.HasSuffix(strings.TrimSpace(text), "?") {
		mark = "?"
	}
	return prose.Capital(prose.Shorten(topic.Text, maxTitle)) + mark
}

// structure arranges the themes: what the user asked first, then from what can
// be counted to what is advised.
func structure(questions []agents.Question) []string {
	var themes []string
	add := func(theme string) {
		for _, t := range themes {
			if t == theme {
				return
			}
		}
		themes = append(themes, theme)
	}
	for _, q := range questions {
		add(q.Theme)
	}
	return themes
}

// asked turns a user's question into a research question.
func asked(topic prose.Topic, text string, tables tableRoles) agents.Question {
	own := prose.ParseTopic(text)
	q := agents.Question{Text: text, Theme: prose.Shorten(text, 100)}
	q.Queries = queries(topic, prose.QuestionFacet(text))
	q.Queries = append([]string{strings.Join(own.Terms(), " ")}, q.Queries...)
	if q.Queries[0] == "" {
		q.Queries = q.Queries[1:]
	}
	switch prose.QuestionFacet(text) {
	case prose.Development:
		q.Tables = ids(tables.timed)
	case prose.Distribution:
		q.Tables = ids(tables.categorical)
	case prose.Harms:
		q.Tables = ids(tables.harmful)
	}
	return q
}

type facet struct {
	kind  prose.Facet
	theme string
	ask   func(prose.Topic) string
}

// facets lists what to ask, in the order of the report. Without tables nobody
// can count, and the two questions that count are asked of the text as one.
func facets(tables tableRoles) []facet {
	all := []facet{
		{prose.Development, "Development over time", func(t prose.Topic) string {
			return "How has " + field(t) + " developed over time?"
		}},
		{prose.Distribution, "Where it is concentrated", func(t prose.Topic) string {
			return "Where is activity in " + field(t) + " concentrated?"
		}},
		{prose.Effects, "Reported effects", func(t prose.Topic) string {
			return "What effects of " + t.Effect(subject(t)) + " do the sources report?"
		}},
		{prose.Harms, "Risks and harms", func(t prose.Topic) string {
			return "What risks, harms or adverse events are reported for " + subject(t) + "?"
		}},
		{prose.Contrary, "Contrary and null results", func(t prose.Topic) string {
			return "Which results on " + subject(t) + " are contrary, mixed or show no effect?"
		}},
		{prose.Advice, "What the sources recommend", func(t prose.Topic) string {
			return "What do the sources recommend on " + subject(t) + "?"
		}},
		{prose.Limits, "Limits of the evidence", func(t prose.Topic) string {
			return "What limits the evidence on " + subject(t) + "?"
		}},
	}
	if len(tables.timed) == 0 && len(tables.categorical) == 0 {
		return append(all[2:], all[1])
	}
	return all
}

func (f facet) question(topic prose.Topic, tables tableRoles) agents.Question {
	q := agents.Question{Text: f.ask(topic), Theme: f.theme, Queries: queries(topic, f.kind)}
	switch f.kind {
	case prose.Development:
		q.Tables = ids(tables.timed)
	case prose.Distribution:
		q.Tables = ids(tables.categorical)
	case prose.Harms:
		q.Tables = ids(tables.harmful)
	}
	return q
}

// field names the topic in the singular grammar that the questions use.
func field(topic prose.Topic) string {
	switch phrase := topic.Phrase; {
	case phrase == "the topic":
		return subject(topic)
	case strings.Contains(phrase, ","), strings.Contains(phrase, " and "), strings.HasSuffix(phrase, "s"):
		return "the field of " + phrase
	default:
		return phrase
	}
}

// subject names what the topic is about, as far as it can stand in a sentence.
func subject(topic prose.Topic) string {
	if topic.Phrase == "the topic" {
		return "the matter asked about"
	}
	return topic.Subject
}

// queries searches for the topic by its own words, by its synonyms and by the
// neighbouring subjects, each with the words of the facet.
func queries(topic prose.Topic, kind prose.Facet) []string {
	terms := strings.Join(topic.Terms(), " ")
	if terms == "" {
		terms = prose.Shorten(topic.Text, 200)
	}
	direct, related := topic.Synonyms()
	list := []string{terms + " " + kind.Vocabulary()}
	list = append(list, chunks(direct[:min(maxSynonyms, len(direct))], 7)...)
	list = append(list, chunks(related[:min(maxSynonyms, len(related))], 6)...)
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// maxSynonyms bounds the other names of a topic that are searched for.
const maxSynonyms = 18

func chunks(names []string, size int) []string {
	var out []string
	for len(names) > 0 {
		n := min(size, len(names))
		out = append(out, strings.Join(names[:n], " "))
		names = names[n:]
	}
	return out
}

func ids(profiles []tools.TableProfile) []string {
	var out []string
	for _, p := range profiles {
		out = append(out, p.ID)
	}
	return out
}

func hasID(id string) func(tools.TableProfile) bool {
	return func(p tools.TableProfile) bool { return p.ID == id }
}
