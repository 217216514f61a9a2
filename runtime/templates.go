package runtime

import (
	"github.com/quaestor-run/quaestor/agents"
	"github.com/quaestor-run/quaestor/configs"
	"github.com/quaestor-run/quaestor/runtime/activity"
	"github.com/quaestor-run/quaestor/tools/format"
)

// reportTemplates are the templates of the configuration as reports are
// published with them.
func reportTemplates(configured map[string]configs.Template) map[string]activity.Template {
	templates := map[string]activity.Template{}
	for name, t := range configured {
		template := activity.Template{Style: format.Style{
			Cover: t.Cover, Disclaimer: t.Disclaimer, Words: t.Words, Colour: t.Colour, Font: t.Font,
		}}
		for _, section := range t.Sections {
			template.Sections = append(template.Sections, activity.TemplateSection{Kind: agents.SectionKind(section.Kind), Title: section.Title})
		}
		templates[name] = template
	}
	return templates
}

// templateStyles are the styles of citation of templates, by name.
func templateStyles(configured map[string]configs.Template) map[string]string {
	styles := map[string]string{}
	for name, t := range configured {
		styles[name] = t.CitationStyle
	}
	return styles
}
