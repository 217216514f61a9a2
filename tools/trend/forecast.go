package trend

import (
	"fmt"
	"math"
)

// Forecast continues a series. What it assumes stands in Method and Notes.
type Forecast struct {
	Method     string          `json:"method"`
	Confidence float64         `json:"confidence"`
	Points     []ForecastPoint `json:"points"`
}

// ForecastPoint is a period to come with its limits.
type ForecastPoint struct {
	Period string  `json:"period"`
	Value  float64 `json:"value"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// The least that a forecast is made from.
const (
	minForecast = 8
	maxHorizon  = 60
)

// Drift continues a complete series by its mean change (Hyndman and
// Athanasopoulos, Forecasting: Principles and Practice, section 5.2), with limits
// from the residuals: σ̂·√(h(1 + h/(n−1))) (section 5.5). It takes at least three
// values.
func Drift(x []float64, horizon int, alpha float64) (values, half []float64) {
	n := len(x)
	step := (x[n-1] - x[0]) / float64(n-1)
	squares := 0.0
	for i := 1; i < n; i++ {
		r := x[i] - x[i-1] - step
		squares += r * r
	}
	sigma := math.Sqrt(squares / float64(n-2))
	for i := range horizon {
		h := float64(i + 1)
		values = append(values, x[n-1]+h*step)
		half = append(half, quantile(1-alpha/2)*sigma*math.Sqrt(h*(1+h/float64(n-1))))
	}
	return values, half
}

// forecast continues the series: by drift, and where it has a season, by drift
// of what is left without the season of STL, which is added again.
func (f frame) forecast(horizon, length int, season *Season, alpha float64) (*Forecast, []string, error) {
	n := len(f.values)
	switch {
	case horizon > maxHorizon || horizon > n/2:
		return nil, nil, inputErrorf("forecast", "%d periods ahead are too many for %d periods; at most half as many, and %d", horizon, n, maxHorizon)
	case n < minForecast:
		return nil, nil, inputErrorf("forecast", "%d periods are too few; at least %d are needed", n, minForecast)
	case len(present(f.values)) < n:
		return nil, nil, inputErrorf("forecast", "%d periods have no value; a forecast needs them all", n-len(present(f.values)))
	case len(f.sites) > 0:
		return nil, nil, inputErrorf("forecast", "a forecast is of one series, not of several sites")
	}
	made := &Forecast{Method: "drift", Confidence: 1 - alpha}
	adjusted, seasonal := f.values, make([]float64, n)
	if season != nil && season.Significant {
		d, err := STL(f.values, length, STLOptions{Periodic: true})
		if err != nil {
			return nil, nil, err
		}
		made.Method, seasonal = "STL season, drift", d.Seasonal
		adjusted = make([]float64, n)
		for i, v := range f.values {
			adjusted[i] = v - seasonal[i]
		}
	}
	values, half := Drift(adjusted, horizon, alpha)
	for i, v := range values {
		if made.Method != "drift" {
			v += seasonal[n-length+i%length]
		}
		made.Points = append(made.Points, ForecastPoint{f.label(n + i), v, v - half[i], v + half[i]})
	}
	return made, []string{fmt.Sprintf("The forecast (%s) goes on as on average from first to last, and assumes that nothing else changes; its limits count the scatter of the steps and the uncertainty of their mean.", made.Method)}, nil
}

// breaks are the changes of level found by PELT, each with the means on its two
// sides.
func (f frame) breaks(season *Season) ([]Break, []string, error) {
	values, how := f.values, ""
	if season != nil && season.Significant {
		values, how = deseasoned(values, season), " after the season was removed"
	}
	if len(present(values)) < len(values) {
		return nil, nil, inputErrorf("breaks", "%d periods have no value; to look for several changes each needs one", len(values)-len(present(values)))
	}
	changes := PELT(values)
	found := []Break{}
	for i, at := range changes {
		from, to := 0, len(values)
		if i > 0 {
			from = changes[i-1]
		}
		if i+1 < len(changes) {
			to = changes[i+1]
		}
		found = append(found, Break{f.label(at), mean(values[from:at]), mean(values[at:to])})
	}
	note := fmt.Sprintf("PELT found %d changes of level%s (penalty 3·log n). A steady trend, or values that depend on their neighbours, appear as steps too.", len(found), how)
	return found, []string{note}, nil
}
