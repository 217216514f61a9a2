package eval_test

import (
	"fmt"
	"strings"
)

// The corpora below are invented: names, figures and findings are nobody's.

func legalCorpus() map[string]string {
	return map[string]string{
		"bridle-v-harrow.md": `---
year: 2019
---
# Bridle Saddlery Ltd v Harrow

## Facts

The defendant worked as a saddle maker for six years. His contract held a non-compete clause of twelve months within fifty miles.

## Judgment

The court held that the non-compete clause was void because it reached further than the employer's legitimate interest. However, the clause on trade secrets was upheld. A restraint of trade must be no wider than is reasonably necessary to protect a legitimate interest. The claimant was awarded 4,200 crowns in costs.

## Comment

This decision is often cited. Employers should limit a non-compete clause to the region in which the employee actually worked.
`,
		"statute-note.html": `<html><head><title>The Restraint of Employment Act 2021: a note</title></head><body>
<h1>The Restraint of Employment Act 2021: a note</h1>
<h2>What the Act says</h2>
<p>Since 1 March 2021 a non-compete covenant with an employee who earns less than 40,000 crowns a year is unenforceable. An employer who relies on a void covenant risks a penalty of up to 10,000 crowns. See section 4 for the transitional rules.</p>
<h2>Criticism</h2>
<p>Practitioners say that the threshold has not reduced the number of disputes. It remains unclear whether garden leave counts towards the twelve months.</p>
<p>Copyright 2021, all rights reserved. Click here to subscribe.</p>
</body></html>`,
		"survey.txt": `Survey of restrictive covenants in small firms

Results

Of 310 firms surveyed in 2022, 37 per cent used a non-compete clause in standard employment contracts. Firms with a non-compete clause reported 12 per cent lower staff turnover. The survey was limited to firms with fewer than fifty employees, so the results cannot be carried over to large employers. No significant difference in wages was found between firms with and without restrictive covenants.

Gardening

The tulips in the yard of the institute bloomed early this year and were admired by all visitors.
`,
		"parking.md":   "# Parking at the courthouse\n\nVisitors must park behind the court building. The car park was reduced to forty places in 2020.\n",
		"disputes.csv": disputes(),
	}
}

func disputes() string {
	var out strings.Builder
	out.WriteString("case_id,filed,region,outcome\n")
	regions := []string{"North", "South", "Coast"}
	outcomes := []string{"Clause void", "Clause upheld", "Settled"}
	n := 0
	for year := 2012; year <= 2021; year++ {
		for i := range year - 2005 {
			n++
			fmt.Fprintf(&out, "C%04d,%d-%02d-%02d,%s,%s\n", n, year, i*12/(year-2005)+1, 1+i*7%28, regions[(n+i)%3%2+i%2], outcomes[n*n%7%3])
		}
	}
	return out.String()
}

func financeCorpus() map[string]string {
	return map[string]string{
		"minutes-march.md": `# Minutes of the rate committee, March 2023

## Decision

The committee raised the policy rate by 50 basis points to 3.25 per cent. Two members dissented, since they saw no evidence that demand was still too strong.

## Reasons

Consumer price inflation stood at 7.1 per cent in February, down from 8.4 per cent in November. Higher interest rates reduced mortgage lending by 18 per cent over twelve months. The committee should publish its forecasts for wages, staff recommended.
`,
		"research-note.md": `---
year: 2024
title: "Do higher rates still bite? Evidence from 900 firms"
---

## Abstract

We collected survey answers of 900 firms. Firms with floating-rate debt cut investment by 6.2 per cent for each percentage point of interest rate increase. Firms with fixed-rate debt did not change investment. The estimate may be too low, because loans to start-ups are missing from the register.

## Conclusion

Monetary policy reaches investment mainly through floating-rate debt. Inflation expectations fell within two quarters after a rate increase, but the effect was small.
`,
		"letter.txt": "To our shareholders\n\nInflation raised our input costs by 9 per cent in 2023. We increased prices twice and lost 4 per cent of volume. Our canteen received a new roof.\n",
		"broken.pdf": "this is no PDF",
		"prices.csv": prices(),
	}
}

func prices() string {
	var out strings.Builder
	out.WriteString("month,inflation_rate,policy_rate\n")
	for i := range 60 {
		fmt.Fprintf(&out, "%d-%02d-01,%.1f,%.2f\n", 2019+i/12, i%12+1, 1.5+0.11*float64(i)+float64(i*i%5)/10, 0.25*float64(i/8))
	}
	return out.String()
}

func climateCorpus() map[string]string {
	return map[string]string{
		"glaciers.md": `---
year: 2020
---
# Glacier retreat in the Arven range

## Results

Between 1985 and 2019 the glaciers of the Arven range lost 41 % of their area. The mean summer temperature rose by 1.7 °C over the same period. Snow cover on the northern slopes did not change significantly.

## Conclusions

Global warming is the most likely driver of the retreat. Water authorities should plan for lower summer flows from 2035 on. Further studies are needed on debris-covered glaciers.
`,
		"floods.md": `# Floods and roads

## Background

Heavy rainfall damages roads.

## Findings

Climate change increased the frequency of road floods in the valley from 2 to 5 events per decade. Repairs cost 3.1 million crowns a year. These figures exclude private roads. Warmer winters reduced frost damage by a fifth, which offsets part of the cost.
`,
		"recipes.md":   "# Soup for cold days\n\nThe temperature of the soup should not exceed 80 °C. Stir the lentils for ten minutes and season to taste.\n",
		"stations.csv": stations(),
	}
}

func stations() string {
	var out strings.Builder
	out.WriteString("year,station,mean_temperature_c\n")
	for year := 1990; year < 2020; year++ {
		for i, station := range []string{"Arven Pass", "Low Mill", "Harbour"} {
			fmt.Fprintf(&out, "%d,%s,%.2f\n", year, station, 4+3*float64(i)+0.03*float64(year-1990)+float64((year*7+i*3)%9)/20)
		}
	}
	return out.String()
}

// powerPage is a page whose figures stand in a table, with marks of footnotes and
// names over names.
func powerPage() string {
	var page strings.Builder
	page.WriteString("<html><body><main><h1>Power in Europe</h1><p>Solar capacity in Europe has grown in every year since 2012, as the yearly survey shows.</p>" +
		"<table><caption>Installed capacity in Europe</caption><thead><tr><th rowspan=2>Year</th><th colspan=2>Installed</th></tr>" +
		"<tr><th>solar (GW)</th><th>wind (GW)</th></tr></thead>")
	wind := 107.1
	for i, solar := range []float64{71, 81.9, 89.1, 97.8, 104.9, 111.8, 120.6, 140.4, 161.2, 185.7, 225.5} {
		wind += 12.5
		fmt.Fprintf(&page, "<tr><td>%d</td><td>%.1f<sup>a</sup></td><td>%.1f</td></tr>", 2012+i, solar, wind)
	}
	page.WriteString("<tr><td colspan=3>a: provisional</td></tr></table><h2>Solar capacity by country</h2><table><tr><th>Country</th><th>Megawatts</th></tr>" +
		"<tr><td>Germany</td><td>2,205</td></tr><tr><td>Italy</td><td>1,012</td></tr><tr><td>Spain</td><td>955</td></tr></table></main></body></html>")
	return page.String()
}

func germanCorpus() map[string]string {
	return map[string]string{
		"radwege.md": `---
year: 2021
---
# Radwege in der Innenstadt

## Ergebnisse

Die neuen Radwege haben die Zahl der Unfälle in der Innenstadt um 23 Prozent gesenkt. Der Einzelhandel an den Radwegen verzeichnete keinen messbaren Rückgang des Umsatzes. Die Stadt sollte weitere Radwege im Süden bauen.
`,
		"parken.md": "# Parkgebühren\n\nDie Parkgebühren wurden im Jahr 2020 um einen Euro je Stunde erhöht.\n",
	}
}
