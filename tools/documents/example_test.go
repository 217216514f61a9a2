package documents_test

import (
	"context"
	"fmt"

	"github.com/quaestor-run/quaestor/tools/documents"
)

func Example() {
	ctx := context.Background()
	extractor := documents.NewExtractor(documents.ExtractorOptions{})
	defer func() { _ = extractor.Close() }()
	text := "# Night work\n\n## Results\n\nNurses on night shifts slept 5.4 hours (P < 0.01). Day shifts slept seven.\n"
	doc, err := extractor.Extract(ctx, "night-work.md", "", []byte(text))
	if err != nil {
		panic(err)
	}
	index, err := documents.NewIndex(ctx, []documents.Source{{ID: "d_1", Title: doc.Title, Text: doc.Text, Segments: doc.Segments}})
	if err != nil {
		panic(err)
	}
	hits, err := index.Search(ctx, documents.Query{Text: "How long do nurses sleep?"})
	if err != nil {
		panic(err)
	}
	quote := hits[0].Quotes[0]
	fmt.Printf("%s, %s: %q at %d\n", hits[0].Title, hits[0].Heading, quote.Text, quote.Start)
	// Output: Night work, Results: "Nurses on night shifts slept 5.4 hours (P < 0.01)." at 26
}

func ExampleReadTable() {
	table, err := documents.ReadTable(documents.TableSource{
		URI: "sales.csv", Text: "day;sales\n31.12.2023;1.204,50\n01.01.2024;n/a\n",
	}, documents.Limits{})
	if err != nil {
		panic(err)
	}
	for _, column := range table.Columns {
		fmt.Println(column.Name, column.Type, column.Empty)
	}
	fmt.Println(table.Columns[0].Dates[0].Format("2006-01-02"), table.Columns[1].Numbers[0])
	// Output:
	// day date 0
	// sales number 1
	// 2023-12-31 1204.5
}
