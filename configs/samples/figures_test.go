package samples_test

import (
	"fmt"
	"strings"
	"time"
)

// phrases holds, for each document, the phrases with figures: computed ones,
// made from the public records, and named ones, which state what a study or a
// legal act says.
type phrases struct {
	computed func(records) []string
	named    []string
}

func percent(part, whole int) string {
	return fmt.Sprintf("%.1f percent", 100*float64(part)/float64(whole))
}

func figures() map[string]phrases {
	return map[string]phrases{
		"growth-of-ai-enabled-devices.md":         {computed: growth, named: []string{"as published in May 2024", "decline, because the list ends on 29 March 2024", "the incomplete year 2024"}},
		"adverse-events-of-ai-enabled-devices.md": {computed: adverse},
		"review-times-of-ai-enabled-devices.md":   {computed: reviewTimes, named: []string{"goal of 90 FDA days"}},
		"rules-for-ai-enabled-devices.md": {named: []string{
			"as of December 2024", "machine learning in January 2021", "followed in October 2021", "in December 2022", "Section 515C",
			"Omnibus Reform Act of 2022", "devices in December 2024", "HTI-1", "published in January 2024", "from 1 January 2025",
			"Regulation (EU) 2024/1689", "since 1 August 2024", "Regulation (EU) 2017/745", "from 2 August 2027", "guidance of June 2021",
		}},
		"buying-ai-for-care.md": {computed: buying, named: []string{
			"as published in May 2024", "in 2024 chooses", "in 2021 on 27,697 patients", "under the curve of 0.63", "sensitivity of 33 percent",
			"JAMA Internal Medicine 2021", "from 17.7 percent to 46.5 percent", "Science 2019", "from 40.4 percent to 54.8 percent",
			"Gastroenterology 2020",
		}},
		"radiology-and-ai.html": {computed: radiology, named: []string{
			"as published in May 2024", "about 80,000 women", "by 44.3 percent", "6.1 cancers per 1,000 women screened, against 5.1 with two",
			"Lancet Oncology 2023", "323,973 women", "85.3 percent with the software and 87.3 percent without it", "JAMA Internal Medicine 2015",
		}},
		"makers-of-ai-enabled-devices.html": {computed: makers, named: []string{
			"as published in May 2024", "sensitivity of 87.2 percent and a specificity of 90.7 percent", "npj Digital Medicine 2018",
		}},
		"evidence-on-ai-in-care.md": {computed: evidence, named: []string{
			"Quaestor project, 2024", "as published in May 2024", "by 44.3 percent in the MASAI trial", "about 80,000 women", "Lancet Oncology 2023",
			"6.1 cancers per 1,000 women screened, against 5.1 with double", "from 40.4 percent to 54.8 percent", "685 patients in Italy",
			"Gastroenterology 2020", "sensitivity of 87.2 percent and a specificity of 90.7 percent", "900 patients at ten sites", "Medicine 2018",
			"September 2020", "April 2024", "sensitivity of 33 percent in an external test on 27,697 patients", "JAMA Internal Medicine 2021",
			"18 percent of all", "COVID-19", "62 studies", "Machine Intelligence 2021", "from 17.7 percent to 46.5 percent", "Science 2019",
		}},
	}
}

func growth(r records) []string {
	all, recent := len(r.decisions), r.inYear(2020)+r.inYear(2021)+r.inYear(2022)+r.inYear(2023)
	first, last := r.decisions[0].date, r.decisions[0].date
	deNovo := func(y int) int {
		return count(r.decisions, func(d decision) bool { return d.date.Year() == y && strings.HasPrefix(d.number, "DEN") })
	}
	for _, d := range r.decisions {
		if d.date.Before(first) {
			first = d.date
		}
		if d.date.After(last) {
			last = d.date
		}
	}
	by := func(prefix string) int {
		return count(r.decisions, func(d decision) bool { return strings.HasPrefix(d.number, prefix) })
	}
	phrases := []string{
		fmt.Sprintf("names %d marketing decisions between %s and %s", all, first.Format("2 January 2006"), last.Format("2 January 2006")),
		fmt.Sprintf("shows %d decisions on AI-enabled devices in 2015 and %d in 2016", r.inYear(2015), r.inYear(2016)),
		fmt.Sprintf("rose from %d in 2016 to %d in 2023, the highest", r.inYear(2016), r.inYear(2023)),
		fmt.Sprintf("The years 2020 to 2023 together account for %d of the %d decisions on AI-enabled devices, or %s", recent, all, percent(recent, all)),
		fmt.Sprintf("The step from 2022 to 2023 was the largest: the count of AI-enabled devices rose from %d to %d, an increase of %s",
			r.inYear(2022), r.inYear(2023), percent(r.inYear(2023)-r.inYear(2022), r.inYear(2022))),
		fmt.Sprintf("with %d decisions on AI-enabled devices in 2020 and %d in 2021", r.inYear(2020), r.inYear(2021)),
		fmt.Sprintf("Of the %d decisions on AI-enabled devices, %d (%s) were 510(k) clearances, %d (%s) were De Novo grants and %d (%s) were premarket",
			all, by("K"), percent(by("K"), all), by("DEN"), percent(by("DEN"), all), by("P"), percent(by("P"), all)),
		fmt.Sprintf("The count of %d decisions on AI-enabled devices for 2024", r.inYear(2024)),
		fmt.Sprintf("the list shows %d De Novo grants for AI-enabled devices in 2021, none in 2022 and %d in 2023", deNovo(2021), deNovo(2023)),
		"evidence beyond the 510(k) summary",
	}
	rising := true
	for y := 2016; y <= 2023; y++ {
		rising = rising && r.inYear(y) > r.inYear(y-1)
	}
	if rising && deNovo(2022) == 0 {
		phrases = append(phrases, "increased every year from 2015 to 2023")
	}
	return phrases
}

func adverse(r records) []string {
	all, devices := len(r.reports), len(r.devices)
	counts := tally(r.reports, func(p report) string { return p.device })
	top := largest(counts)
	decided := map[string]time.Time{}
	for _, d := range r.devices {
		decided[d.id] = d.decided
	}
	early := count(r.reports, func(p report) bool {
		after := p.received.Sub(decided[p.device]).Hours() / 24
		return after >= 0 && after <= 365
	})
	of := func(kind string) int { return count(r.reports, func(p report) bool { return p.kind == kind }) }
	return []string{
		fmt.Sprintf("concern %d AI-enabled devices with decisions from 2010 to 2023", devices),
		"received between 28 October 2013 and 31 December 2023",
		fmt.Sprintf("received %d adverse event reports on AI-enabled devices between October 2013 and December 2023", all),
		fmt.Sprintf("concern %d of the %d AI-enabled devices studied, or %s; the other %d AI-enabled", len(counts), devices, percent(len(counts), devices), devices-len(counts)),
		fmt.Sprintf("%d of the %d reports on AI-enabled devices (%s) describe a malfunction, %d (%s) an injury and %d (%s) a death",
			of("M"), all, percent(of("M"), all), of("IN"), percent(of("IN"), all), of("D"), percent(of("D"), all)),
		fmt.Sprintf("account for %d of the %d reports on AI-enabled devices (%s)", top[0]+top[1], all, percent(top[0]+top[1], all)),
		fmt.Sprintf("account for %d of the %d reports, or %s", top[0]+top[1]+top[2]+top[3], all, percent(top[0]+top[1]+top[2]+top[3], all)),
		fmt.Sprintf("rose from %d in 2022 to %d in 2023", r.reportsIn(2022), r.reportsIn(2023)),
		fmt.Sprintf("increased from %d in 2022 to %d in 2023", r.reportedIn(2022), r.reportedIn(2023)),
		fmt.Sprintf("received %d reports in 2019, %d in 2020 and %d in 2021", r.reportsIn(2019), r.reportsIn(2020), r.reportsIn(2021)),
		fmt.Sprintf("%d of the %d reports on AI-enabled devices were received within a year", early, all),
		fmt.Sprintf("All %d reports on AI-enabled devices came from manufacturers", count(r.reports, func(p report) bool { return p.source == "M" })),
	}
}

func reviewTimes(r records) []string {
	all := r.reviews(func(device) bool { return true })
	in := func(y int) float64 { return median(r.reviewsIn(y)) }
	longest := 0.0
	for _, d := range r.reviewsIn(2022) {
		longest = max(longest, d)
	}
	most := 0
	for y := 2010; y < 2016; y++ {
		most = max(most, len(r.reviewsIn(y)))
	}
	traditional, special, deNovo := r.reviewsBy("Traditional"), r.reviewsBy("Special"), r.reviewsBy("Direct")
	return []string{
		fmt.Sprintf("decision of %d AI-enabled devices in the public records", len(all)), "decisions from 2010 to 2023.",
		fmt.Sprintf("a median of %.0f calendar days", median(all)),
		fmt.Sprintf("the mean for the %d AI-enabled devices decided from 2010 to 2023 was %.1f days", len(all), mean(all)),
		fmt.Sprintf("decided in 2022 lasted %.0f days", longest),
		fmt.Sprintf("Traditional 510(k) submissions for AI-enabled devices took a median of %.0f days (%d devices)", median(traditional), len(traditional)),
		fmt.Sprintf("Special 510(k) submissions, which concern changes to the maker's own device, a median of %.0f days (%d devices)", median(special), len(special)),
		fmt.Sprintf("De Novo requests a median of %.0f days (%d devices)", median(deNovo), len(deNovo)),
		fmt.Sprintf("took %.0f days for decisions in 2016, %.0f days in 2019, %.0f days in 2021 and %.0f days in 2023", in(2016), in(2019), in(2021), in(2023)),
		fmt.Sprintf("increased from %d in 2016 to %d in 2023", len(r.reviewsIn(2016)), len(r.reviewsIn(2023))),
		"trend from 2016 to 2023",
		fmt.Sprintf("Before 2016 no year has more than %d AI-enabled", most), "for a 510(k) decision",
	}
}

func buying(r records) []string {
	code := count(r.decisions, func(d decision) bool { return d.code == "LLZ" })
	return []string{
		fmt.Sprintf("The FDA list of May 2024 names %d AI-enabled devices reviewed by the radiology panel, against %d in gastroenterology and urology and %d in dental",
			r.ofPanel("Radiology"), r.ofPanel("Gastroenterology-Urology"), r.ofPanel("Dental")),
		fmt.Sprintf("LLZ, covers %d of the %d decisions on AI-enabled devices (%s)", code, len(r.decisions), percent(code, len(r.decisions))),
	}
}

func radiology(r records) []string {
	all, lead, heart, nerves := len(r.decisions), r.ofPanel("Radiology"), r.ofPanel("Cardiovascular"), r.ofPanel("Neurology")
	share := func(y int) string { return percent(r.panelInYear("Radiology", y), r.inYear(y)) }
	panels := tally(r.decisions, func(d decision) string { return d.panel })
	return []string{
		fmt.Sprintf("led %d of the %d decisions on the FDA list of May 2024, or %s", lead, all, percent(lead, all)),
		fmt.Sprintf("with %d decisions (%s) and neurology with %d decisions (%s)", heart, percent(heart, all), nerves, percent(nerves, all)),
		fmt.Sprintf("The other %d panels share the remaining %d decisions", len(panels)-3, all-lead-heart-nerves),
		fmt.Sprintf("grew from %s of the decisions in 2019 to %s in 2020, and has since fallen to %s in 2023", share(2019), share(2020), share(2023)),
		fmt.Sprintf("rose from %d decisions in 2019 to %d in 2023", r.panelInYear("Radiology", 2019), r.panelInYear("Radiology", 2023)),
		"by lead panel, 1995 to March 2024",
		fmt.Sprintf("Radiology %d Cardiovascular %d Neurology %d Hematology %d Gastroenterology-Urology %d",
			lead, heart, nerves, r.ofPanel("Hematology"), r.ofPanel("Gastroenterology-Urology")),
		fmt.Sprintf("pathology with %d decisions and obstetrics and gynecology with %d.", r.ofPanel("Pathology"), r.ofPanel("Obstetrics and Gynecology")),
	}
}

func makers(r records) []string {
	counts := tally(r.decisions, func(d decision) string { return d.company })
	single, electric, all := 0, 0, len(r.decisions)
	for name, n := range counts {
		if n == 1 {
			single++
		}
		if strings.HasPrefix(name, "GE Medical Systems") {
			electric++
		}
	}
	recent, fresh, imaging := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, d := range r.decisions {
		if d.panel == "Radiology" {
			imaging[d.company] = true
		}
		if d.date.Year() == 2023 {
			recent[d.company], fresh[d.company] = true, true
		}
	}
	for _, d := range r.decisions {
		if d.date.Year() < 2023 {
			delete(fresh, d.company)
		}
	}
	a, b, c := counts["Siemens Medical Solutions USA, Inc."], counts["Canon Medical Systems Corporation"], counts["Aidoc Medical, Ltd."]
	phrases := []string{
		fmt.Sprintf("The FDA list of May 2024 names %d companies for %d decisions on AI-enabled devices, and %d of these companies (%s)", len(counts), all, single, percent(single, len(counts))),
		fmt.Sprintf("accounts for %d of the %d decisions, Canon Medical Systems for %d and Aidoc Medical, a maker of software alone, for %d.", a, all, b, c),
		fmt.Sprintf("together hold %s of the decisions", percent(a+b+c, all)),
		fmt.Sprintf("Of the %d companies with a decision in 2023, %d (%s)", len(recent), len(fresh), percent(len(fresh), len(recent))),
		fmt.Sprintf("%d company names share %d decisions", len(imaging), r.ofPanel("Radiology")),
	}
	for _, d := range r.decisions {
		if d.number == "DEN180001" && d.company == "IDx, LLC" {
			phrases = append(phrases, "De Novo grant of "+d.date.Format("2 January 2006"))
		}
	}
	if electric > 3 {
		phrases = append(phrases, "GE Medical Systems appears under more than three names")
	}
	return phrases
}

func evidence(r records) []string {
	cleared := count(r.decisions, func(d decision) bool { return strings.HasPrefix(d.number, "K") })
	return []string{
		fmt.Sprintf("The FDA list of May 2024 names no trial for any of its %d decisions on AI-enabled devices, and %d of these decisions were 510(k) clearances", len(r.decisions), cleared),
	}
}
