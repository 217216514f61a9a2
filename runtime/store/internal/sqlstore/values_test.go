package sqlstore

import (
	"errors"
	"math/big"
	"testing"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/runtime/store"
)

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("MTpy")
	f.Add(cursor{created: -5, id: "r:ü"}.String())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err != nil {
			if !errors.Is(err, store.ErrCursor) {
				t.Fatalf("error %v is not ErrCursor", err)
			}
			return
		}
		again, err := parseCursor(c.String())
		if err != nil || again != c {
			t.Fatalf("%+v came back as %+v, %v", c, again, err)
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("a\x00b\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := plain(s)
		if !utf8.ValidString(got) || plain(got) != got {
			t.Fatalf("%q became %q", s, got)
		}
		for i := range len(got) {
			if got[i] == 0 {
				t.Fatalf("%q still has a NUL", got)
			}
		}
	})
}

func FuzzSetDigest(f *testing.F) {
	f.Add([]byte{1}, []byte{0xff})
	f.Add(make([]byte, 32), make([]byte, 32))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var x, y setDigest
		copy(x[:], a)
		copy(y[:], b)
		sum := x
		sum.add(y)
		want := new(big.Int).Add(new(big.Int).SetBytes(x[:]), new(big.Int).SetBytes(y[:]))
		want.Mod(want, new(big.Int).Lsh(big.NewInt(1), 256))
		if new(big.Int).SetBytes(sum[:]).Cmp(want) != 0 {
			t.Fatalf("%x + %x = %x, want %x", x, y, sum, want)
		}
		sum.subtract(y)
		if sum != x {
			t.Fatalf("%x + %x - %x = %x", x, y, y, sum)
		}
	})
}
