package eval_test

import (
	"fmt"
	"strings"
	"testing"
)

// indicators is a download as statistical offices give it: titles, a column for
// each year with one that is empty still, and marks for what is missing.
func indicators() string {
	var out strings.Builder
	out.WriteString("\ufeff\"Data source\",\"Indicators of the union\",\n\n\"Updated\",\"2025-07-01\",\n\n\"Country Name\",\"Country Code\",\"Indicator Name\"")
	for year := 2000; year <= 2024; year++ {
		fmt.Fprintf(&out, ",\"%d\"", year)
	}
	out.WriteString("\n")
	for i, country := range []string{"Arven", "Belmark, Rep.", "Coria", "World"} {
		fmt.Fprintf(&out, "\"%s\",\"%s\",\"Households with a bath (%% of households)\"", country, country[:3])
		for year := 2000; year <= 2023; year++ {
			if year == 2005 {
				out.WriteString(",..")
				continue
			}
			fmt.Fprintf(&out, ",\"%.1f\"", 20+float64(10*i)+float64(year-2000)*(1-0.4*float64(i)))
		}
		out.WriteString(",\n")
	}
	return out.String()
}

// grain has a row for each land and year but for one, and a total.
func grain() string {
	var out strings.Builder
	out.WriteString("Entity,Code,Year,Harvest per head (kg),Grain production (tonnes)\n")
	for i, land := range []string{"Arven", "Belmark", "Coria", "Dulse", "World"} {
		for year := 2001; year <= 2020; year++ {
			if land != "Coria" || year != 2010 {
				fmt.Fprintf(&out, "%s,%s,%d,%.1f,%d\n", land, strings.ToUpper(land[:3]), year, 200+float64(year%7), 1000*(i+1)+50*(year-2000))
			}
		}
	}
	return out.String()
}

// work has a row for each land, sex and year.
func work() string {
	var out strings.Builder
	out.WriteString("Country,Sex,Year,Employment rate (%)\n")
	for i, country := range []string{"Arven", "Belmark", "Coria", "Dulse"} {
		for j, sex := range []string{"Female", "Male", "Total"} {
			for year := 2010; year <= 2023; year++ {
				fmt.Fprintf(&out, "%s,%s,%d,%.1f\n", country, sex, year, 50+float64(3*i+4*j)+float64(year-2010)/2)
			}
		}
	}
	return out.String()
}

// hires has a row for each person, hardly two of them on one day.
func hires() string {
	var out strings.Builder
	out.WriteString("employee_id,department,hire_date,salary,performance_score\n")
	for i := range 200 {
		fmt.Fprintf(&out, "%d,%s,%d-%02d-%02d,%d,%d\n", 100+i, []string{"Sales", "IT", "HR"}[i*i%7%3], 2013+i*i/4001, 1+i*5%12, 1+i%28, 30000+i*i%997*10, 1+i%5)
	}
	return out.String()
}

// meters has a row for each month and plant, of four years.
func meters() string {
	var out strings.Builder
	out.WriteString("Month;Site;kWh\n")
	for i := range 48 {
		for _, site := range []string{"Plant A", "Plant B"} {
			winter := 0
			if i%12 < 2 || i%12 == 11 {
				winter = 90
			}
			fmt.Fprintf(&out, "%d-%02d;%s;%d %03d,5\n", 2020+i/12, 1+i%12, site, 5, 900-10*i+winter)
		}
	}
	return out.String()
}

// index has a row for each year and a column for each month of it.
func index() string {
	var out strings.Builder
	out.WriteString("Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec,Annual\n")
	for year := 2008; year <= 2022; year++ {
		fmt.Fprint(&out, year)
		for month := range 13 {
			fmt.Fprintf(&out, ",%.1f", 90+float64(3*(year-2008))+float64(month)/4)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func answers() string {
	var out strings.Builder
	out.WriteString("respondent,age_group,satisfied_with_pay,coffees_a_day\n")
	for i := range 100 {
		fmt.Fprintf(&out, "%d,%s,%d,%d\n", i+1, []string{"18-29", "30-44", "45-64"}[i*i%7%3], 1+i%5, i%4)
	}
	return out.String()
}

func orders() string {
	var out strings.Builder
	out.WriteString("order_id,order_date,region,product,amount_eur\n")
	n := 0
	for year := 2015; year <= 2022; year++ {
		for i := range 40 + year%3 {
			n++
			fmt.Fprintf(&out, "%d,%d-%02d-%02d,%s,%s,%d.50\n", 7000+n, year, 1+i%12, 1+(i*7)%28, []string{"North", "South", "Coast"}[n*n%7%3], []string{"Chair", "Desk", "Lamp", "Sofa"}[n*n%11%4], 30+n%50+20*(year-2015))
		}
	}
	return out.String()
}

// What a topic asks for is followed, in tables of every layout, and nothing else
// in its place.
func TestTheSeriesThatTheTopicNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, data, topic string
		says, never       []string
	}{
		"a column for each year": {
			"baths.csv", indicators(), "How has the share of households with a bath developed in Belmark?",
			[]string{
				"The figure for “Households with a bath (% of households)” per year in “Baths” for Country Name “Belmark, Rep.” rose from 30 in 2000 to 43.8 in 2023 (Mann-Kendall test, n = 23 years,",
				"In “Baths”, “Households with a bath (% of households)” for “Belmark, Rep.” went up from 30 (2000) to 43.8 (2023)",
			},
			[]string{"for Country Name “Coria”", "The mean of", "left out"},
		},
		"a row for the whole": {
			"baths.csv", indicators(), "How have baths in households developed?",
			[]string{"for Country Name “World” fell from 50 in 2000 to 45.4 in 2023"},
			[]string{"“Arven” rose", "The mean of"},
		},
		"a row for each land and year": {
			"grain.csv", grain(), "How has grain production in Coria developed since 2001?",
			[]string{"The figure for “Grain production (tonnes)” per year in “Grain” for entity “Coria” rose from 3050 in 2001 to 4000 in 2020 (Mann-Kendall test with Hamed-Rao correction, n = 19 years,"},
			[]string{"Harvest per head (kg)” per year", "“World” with", "have “Coria”"},
		},
		"a row for each land, sex and year": {
			"employment.csv", work(), "How has the employment rate of women in Belmark changed?",
			[]string{"for country “Belmark” and sex “Female” rose from 53 in 2010 to 59.5 in 2023"},
			[]string{"“Male”", "“Total” rose", "The mean of"},
		},
		"a row for each person": {
			"staff.csv", hires(), "How are our hires developing?",
			[]string{"The number of records per year in “Staff”, counted by “hire date”,", "with a value for “department”"},
			[]string{"performance score", "“salary”"},
		},
		"a row for each month and plant": {
			"energy.csv", meters(), "How is the energy use of Plant A developing?",
			[]string{"The figure for “kWh” per month in “Energy” for site “Plant A” fell from", "n = 48 months", "per year, 95 % CI"},
			[]string{"“Plant B” fell"},
		},
		"a column for each month of the year in the row": {
			"price-index.csv", index(), "How have prices developed?",
			[]string{"The mean of “Price index” per year rose from 91.4 in 2008 to 133.4 in 2022 (Mann-Kendall test, n = 15 years,"},
			[]string{"“Jan”", "“Annual”"},
		},
		"a row for each answer": {
			"survey.csv", answers(), "How satisfied are our employees?",
			[]string{"The mean of “satisfied with pay” in “Survey” is 3 (n = 100, median 3, standard deviation 1.42)", "In “Survey”, the mean of “satisfied with pay” is 3."},
			[]string{"coffees", "respondent”"},
		},
		"a row for each order, of one region": {
			"orders.csv", orders(), "How are our orders in the South developing?",
			[]string{"In “Orders”, yearly records for “South” went", "in “Orders” for region “South”, counted by “order date”,"},
			[]string{"”, for “"},
		},
		"a row for each order": {
			"orders.csv", orders(), "How are our orders developing by region?",
			[]string{
				"The number of records per year in “Orders”, counted by “order date”,", "The total of “amount EUR” per year in “Orders” rose from",
				"for “amount EUR” in “Orders”,", "How has the field of orders developed over time?",
			},
			[]string{"orders on by", "orders and by"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setup(t, map[string]string{c.file: c.data})
			out := o.research(c.topic)
			report := text(out.report())
			sound(t, o, out)
			for _, q := range out.plan.Questions {
				report += "\n" + q.Text
			}
			for _, said := range c.says {
				if !strings.Contains(report, said) {
					t.Errorf("it does not say %q:\n%s", said, report)
				}
			}
			for _, said := range c.never {
				if strings.Contains(report, said) {
					t.Errorf("it says %q:\n%s", said, report)
				}
			}
		})
	}
}
