package trend_test

import (
	"fmt"

	"github.com/quaestor-run/quaestor/tools/trend"
)

func ExampleMannKendall() {
	values := []float64{5, 0, 2, 2, 3, 3, 6, 6, 18, 26}
	test := trend.MannKendall(values)
	slope := trend.TheilSen(values)
	fmt.Printf("S = %.0f, p = %.4f, %s by %.2f a year\n", test.S, test.P, test.Direction(0.05), slope.Value)
	// Output: S = 32, p = 0.0050, increasing by 1.20 a year
}
