package gateway

import (
	"math"
	"math/big"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/ledger"
)

// FuzzMoney compares the 128-bit arithmetic with arbitrary precision.
func FuzzMoney(f *testing.F) {
	f.Add(int64(1), int64(1), int64(1000), int64(15e9), int64(1e6))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64))
	f.Add(int64(0), int64(3e9), int64(0), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, input, inputPrice, output, outputPrice, remaining int64) {
		if min(input, inputPrice, output, outputPrice, remaining) < 0 || output > math.MaxInt32 {
			return
		}
		m := Model{Input: inputPrice, Output: outputPrice}
		product := func(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }
		million := big.NewInt(1_000_000)

		sum := new(big.Int).Add(product(input, inputPrice), product(output, outputPrice))
		want := new(big.Int).Div(sum.Add(sum, big.NewInt(999_999)), million)
		if !want.IsInt64() {
			want = big.NewInt(math.MaxInt64)
		}
		if got := nanoUSD(part{input, inputPrice}, part{output, outputPrice}); got != want.Int64() {
			t.Errorf("cost: %d, want %d", got, want)
		}

		fits := m.affordable(&ledger.ExceededError{Unit: "nano-dollars", Remaining: remaining}, input)
		if fits < 0 {
			t.Fatalf("%d tokens fit", fits)
		}
		if outputPrice == 0 || fits == math.MaxInt64 {
			return
		}
		have := new(big.Int).Sub(product(remaining, 1_000_000), product(input, inputPrice))
		if fits > 0 && product(fits, outputPrice).Cmp(have) > 0 {
			t.Errorf("%d tokens do not fit", fits)
		}
		if have.Sign() >= 0 && product(fits+1, outputPrice).Cmp(have) <= 0 && fits > 0 {
			t.Errorf("more than %d tokens fit", fits)
		}
	})
}
