package trend_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/tools"
	"github.com/quaestor-run/quaestor/tools/toolstest"
	"github.com/quaestor-run/quaestor/tools/trend"
)

// FuzzTimes gives any text as times: it is refused as wrong input, or gives a
// result that can be encoded.
func FuzzTimes(f *testing.F) {
	for _, seed := range []string{"2020", "2020-Q3", "2020-02-29", "02/30/2021", "Jan 2019", "9999-12-31", "2020-12-31T23:59:59Z", "", "-1"} {
		f.Add(seed, 1.5)
	}
	f.Fuzz(func(t *testing.T, text string, value float64) {
		v := tools.Number(value)
		out, err := trend.Compute(nil, trend.Input{
			Values: []tools.Number{v, 2, 3, 4, 5}, Times: []string{text, "2001", "2002", "2003", "2004"},
		})
		encodable(t, out, err)
	})
}

// FuzzValues gives any numbers.
func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"values": [1, 2, null, 4, 1e308, -1e308], "season_length": 2}`))
	f.Add([]byte(`{"series": [[1, 2, 3, 4], [4, null, 2, 1]], "method": "partial"}`))
	f.Add([]byte(`{"values": [1, 1, 1, 1, 1], "method": "yue_wang", "lag": 9}`))
	tool, err := trend.New(toolstest.Tables{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		out, err := tool.Call(t.Context(), tools.Scope{}, args)
		encodable(t, out, err)
	})
}

func encodable(t *testing.T, out any, err error) {
	t.Helper()
	var input *tools.InputError
	if err != nil {
		if !errors.As(err, &input) {
			t.Fatalf("not an input error: %v", err)
		}
		return
	}
	if _, err := json.Marshal(out); err != nil {
		t.Fatalf("encoding: %v", err)
	}
}

func BenchmarkCompute100kRows(b *testing.B) {
	rows := make([][]string, 100_000)
	for i := range rows {
		d := on(1990, 1, 1).AddDate(0, 0, i/8)
		rows[i] = []string{d.Format(time.DateOnly), fmt.Sprint(i % 97)}
	}
	table := toolstest.NewTable("t", []string{"day", "amount"}, rows)
	b.ReportAllocs()
	for b.Loop() {
		in := trend.Input{Table: "t", Time: "day", Value: "amount", Aggregate: "sum", Period: "month"}
		if _, err := trend.Compute(table, in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTheilSen1500(b *testing.B) {
	values := make([]float64, 1500)
	for i := range values {
		values[i] = float64(i*i%101) + float64(i)/10
	}
	b.ReportAllocs()
	for b.Loop() {
		trend.TheilSen(values)
	}
}
