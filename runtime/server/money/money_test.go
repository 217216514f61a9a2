package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/server/money"
)

func TestDollars(t *testing.T) {
	t.Parallel()
	for nano, want := range map[int64]json.Number{
		0: "0", 1: "0.000000001", 4_500_000_000: "4.5", -1: "-0.000000001", 10_000_000_000: "10",
		math.MinInt64: "-9223372036.854775808", math.MaxInt64: "9223372036.854775807",
	} {
		if got := money.Dollars(nano); got != want {
			t.Errorf("%d is %s, want %s", nano, got, want)
		}
	}
}

func FuzzNano(f *testing.F) {
	for _, seed := range []string{"0", "4.50", "1e9", "0.000000001", "1e-10", "9223372036.854775807", "1e99", "-1", "01", "1e999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		nano, err := money.Nano(json.Number(text))
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(text)
		got, _ := new(big.Rat).SetString(string(money.Dollars(nano)))
		if !ok || got == nil || want.Cmp(got) != 0 {
			t.Errorf("%q is %d nano-dollars, which is %s", text, nano, money.Dollars(nano))
		}
	})
}
