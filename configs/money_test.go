package configs_test

import (
	"fmt"
	"testing"

	"github.com/quaestor-run/quaestor/configs"
)

func ExampleParseUSD() {
	price, err := configs.ParseUSD("0.075")
	fmt.Println(int64(price), price, err)
	// Output: 75000000 0.075 <nil>
}

func TestParseUSD(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]configs.NanoUSD{
		"0": 0, "3": 3e9, "18.75": 1875e7, "0.000000001": 1, "007.10": 71e8, "9223372036.854775807": 9223372036854775807, "3.": 3e9,
	} {
		if got, err := configs.ParseUSD(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".5", "-1", "+1", "1e3", "1,5", "1.2.3", "0.0000000001", "9223372036.854775808", "99999999999999999999", "NaN"} {
		if got, err := configs.ParseUSD(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}

func FuzzParseUSD(f *testing.F) {
	f.Add("1.5")
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := configs.ParseUSD(text)
		if err != nil {
			return
		}
		if again, err := configs.ParseUSD(amount.String()); err != nil || again != amount {
			t.Errorf("%q is %d, written %q, read again %d (%v)", text, amount, amount, again, err)
		}
	})
}
