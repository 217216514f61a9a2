package statistics

import (
	"math"
	"strconv"
)

// double is an unevaluated sum of two float64, about 32 decimal digits
// (Dekker 1971; Knuth, volume 2, section 4.2.2). Sums of squares and
// orthogonalisation are done in it, so that what is printed is right to the
// last digits of a float64.
type double struct{ hi, lo float64 }

func from(x float64) double { return double{x, 0} }

func (a double) float() float64 { return a.hi + a.lo }

func (a double) neg() double { return double{-a.hi, -a.lo} }

func (a double) add(b double) double {
	s, e := twoSum(a.hi, b.hi)
	t, f := twoSum(a.lo, b.lo)
	s, e = quickTwoSum(s, e+t)
	return normal(s, e+f)
}

func (a double) sub(b double) double { return a.add(b.neg()) }

func (a double) mul(b double) double {
	p := a.hi * b.hi
	e := math.FMA(a.hi, b.hi, -p)
	return normal(p, e+(a.hi*b.lo+a.lo*b.hi))
}

func (a double) div(b double) double {
	q := a.hi / b.hi
	r := a.sub(b.mul(from(q)))
	q2 := r.hi / b.hi
	r = r.sub(b.mul(from(q2)))
	return normal(q, q2).add(from(r.hi / b.hi))
}

func (a double) sqrt() double {
	if a.hi <= 0 {
		return double{}
	}
	x := math.Sqrt(a.hi)
	rest := a.sub(from(x).mul(from(x)))
	return normal(x, rest.hi/(2*x))
}

func twoSum(a, b float64) (sum, err float64) {
	sum = a + b
	v := sum - a
	return sum, (a - (sum - v)) + (b - v)
}

func quickTwoSum(a, b float64) (sum, err float64) {
	sum = a + b
	return sum, b - (sum - a)
}

func normal(hi, lo float64) double {
	s, e := quickTwoSum(hi, lo)
	return double{s, e}
}

// decimal reads x as the shortest decimal number that it stands for. The cells
// of a table are decimals: 0.1 is meant as one tenth, not as the float64 beside
// it, and where values share many leading digits that difference is all of
// their variance.
func decimal(x float64) double {
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 || math.IsInf(x, 0) || math.IsNaN(x) {
		return from(x)
	}
	var buffer [32]byte
	text := strconv.AppendFloat(buffer[:0], math.Abs(x), 'e', -1, 64)
	digits, places, i := int64(0), 0, 0
	for ; text[i] != 'e'; i++ {
		if text[i] == '.' {
			continue
		}
		digits = digits*10 + int64(text[i]-'0')
		places++
	}
	exponent, err := strconv.Atoi(string(text[i+1:]))
	if err != nil {
		return from(x)
	}
	hi := float64(digits)
	value := scale(normal(hi, float64(digits-int64(hi))), exponent-(places-1))
	if x < 0 {
		return value.neg()
	}
	return value
}

// scale multiplies by ten to the exponent, in steps that float64 holds exactly.
func scale(a double, exponent int) double {
	const exact = 22
	for ; exponent > 0; exponent -= exact {
		a = a.mul(from(math.Pow10(min(exponent, exact))))
	}
	for ; exponent < 0; exponent += exact {
		a = a.div(from(math.Pow10(min(-exponent, exact))))
	}
	return a
}

func decimals(values []float64) []double {
	out := make([]double, len(values))
	for i, v := range values {
		out[i] = decimal(v)
	}
	return out
}

func total(x []double) double {
	var sum double
	for _, v := range x {
		sum = sum.add(v)
	}
	return sum
}

func average(x []double) double { return total(x).div(from(float64(len(x)))) }

func dot(a, b []double) double {
	var sum double
	for i := range a {
		sum = sum.add(a[i].mul(b[i]))
	}
	return sum
}

// centred gives the values less their mean, and the mean.
func centred(values []float64) (deviations []double, mean double) {
	deviations = decimals(values)
	mean = average(deviations)
	for i := range deviations {
		deviations[i] = deviations[i].sub(mean)
	}
	return deviations, mean
}
