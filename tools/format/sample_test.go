package format_test

import (
	"encoding/json"
	"math"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/format"
)

// sample is a report with everything that a report can have.
func sample() format.Document {
	return format.Document{
		Title:  "How machine learning reaches the bedside",
		Notice: "Written without a language model: the sentences are quotes and computed figures, arranged by rules.",
		Meta:   []format.Field{{Label: "Date", Value: "14 March 2025"}, {Label: "Sources", Value: "4 documents, 1 table"}, {Label: "Run", Value: "r_7c1d"}},
		Sections: []format.Section{
			{Heading: "Executive summary", Paragraphs: []format.Paragraph{{List: true, Sentences: []format.Sentence{
				{Text: "Clearances rose from 6 in 2015 to 221 in 2023, an increase in every year but one.", References: []int{1}, Evidence: []string{"e_a"}},
				{Text: "Radiology accounts for three of four devices.", References: []int{1, 2}, Evidence: []string{"e_b", "e_c"}},
				{Text: "Few devices report how they were validated.", References: []int{2, 3, 4}, Evidence: []string{"e_c"}},
			}}}},
			{
				Heading: "Growth of clearances", Paragraphs: []format.Paragraph{{Sentences: []format.Sentence{
					{Text: "The number of clearances shows a rising trend (Mann-Kendall, S = 26, p = 0.003).", References: []int{1}, Evidence: []string{"e_a"}},
					{Text: "The growth is expected to continue.", Marked: true},
					{Text: "“We saw more submissions than in any year before,” a reviewer noted.", References: []int{3}},
				}}},
				Charts: []format.Chart{
					{
						Kind: format.KindLine, Title: "Devices cleared each year", XLabel: "Year of decision", YLabel: "Devices",
						X: []string{"2015", "2016", "2017", "2018", "2019", "2020", "2021", "2022", "2023"}, Y: []float64{6, 19, 26, 63, 77, 113, 131, 160, 221},
						Note: "2024 is left out: the table ends in May.", References: []int{1},
					},
					{
						Kind: format.KindBar, Title: "Devices by panel of review", XLabel: "Panel", YLabel: "Devices cleared, 2015 to 2023",
						X: []string{"Radiology", "Cardiovascular", "Neurology", "Gastroenterology and urology", "Haematology", "Clinical chemistry and clinical toxicology, with laboratory equipment", "Ophthalmic"},
						Y: []float64{671, 90, 30, 14, 15, 7, 9}, References: []int{1},
					},
					{
						Kind: format.KindBar, Title: "Change against the year before", XLabel: "Quarter", YLabel: "Change, %",
						X: []string{"Q1", "Q2", "Q3", "Q4"}, Y: []float64{12.5, -4.2, math.NaN(), 7},
					},
				},
			},
			{
				Heading: "Where they are used", Paragraphs: []format.Paragraph{{Sentences: []format.Sentence{
					{Text: "Reading times fell in two of three hospitals.", References: []int{4}, Evidence: []string{"e_d"}},
				}}},
				Tables: []format.Table{{
					Caption: "Devices and reports of harm by panel", Columns: []string{"Panel", "Devices", "Share", "Reports", "First year"},
					Rows: [][]string{
						{"Radiology", "671", "76.1%", "1,204", "1995"},
						{"Cardiovascular", "90", "10.2%", "310", "2001"},
						{"Neurology", "30", "3.4%", "n/a", "2008"},
						{"Gastroenterology and urology", "14", "1.6%", "12", "2016"},
					}, References: []int{1, 2},
				}},
			},
		},
		References: []format.Reference{
			{
				Number: 1, Text: "List of cleared devices (2024). https://data.example.org/devices.csv", URI: "https://data.example.org/devices.csv", SHA256: "3f0a9c8877d1aa02b5b5c5d6",
				Passages: []format.Passage{{
					ID: "e_a", Start: 0, End: 34, Quote: "Date,Device,Company,Panel,Submission",
					Computation: &tools.Computation{
						Tool:   "trend",
						Input:  json.RawMessage(`{"table":"devices","date_column":"Date","period":"year","where":[{"column":"Status","equals":"cleared"}]}`),
						Result: json.RawMessage(`{"test":"Mann-Kendall","n":9,"s":26,"z":2.9542,"p":0.00312,"slope":24.5,"excluded":["2024"]}`),
					},
				}, {ID: "e_b", Start: 120, End: 151, Quote: "671 of 882 devices in radiology"}},
			},
			{Number: 2, Text: "Validation of devices (2022). validation.pdf", URI: "validation.pdf", SHA256: "b1d2", Passages: []format.Passage{
				{ID: "e_c", Page: 7, Start: 9120, End: 9170, Quote: "Of the devices studied, few\nreported a prospective test."},
			}},
			{Number: 3, Text: "Interviews with reviewers. interviews.md", URI: "interviews.md", SHA256: "cc"},
			{Number: 4, Text: "Reading times (2023). https://hospital.example/reading-times", URI: "https://hospital.example/reading-times", SHA256: "dd00dd00dd00dd00", Passages: []format.Passage{
				{ID: "e_d", Start: 10, End: 20, Quote: "the median fell from 11 to 7 minutes"},
			}},
		},
	}
}
