package trend

import "github.com/quaestor-run/quaestor/tools"

// Output is the result of one call. The periods of Series are those that
// entered the test; Slope, First and Last are in the units of the series.
type Output struct {
	Evidence        string            `json:"evidence,omitempty"` // citation id; empty for raw values
	Table           string            `json:"table,omitempty"`
	Title           string            `json:"title,omitempty"`
	Time            string            `json:"time,omitempty"`
	Across          bool              `json:"across,omitempty"`
	Value           string            `json:"value,omitempty"`
	Aggregate       string            `json:"aggregate,omitempty"`
	Period          string            `json:"period,omitempty"`
	Where           []tools.Condition `json:"where,omitempty"`
	Series          []Point           `json:"series"`
	Sites           []SiteTrend       `json:"sites,omitempty"`
	Excluded        []Excluded        `json:"excluded"`
	N               int               `json:"n"`
	Method          string            `json:"method"`
	Test            string            `json:"test"` // the method, for people
	S               float64           `json:"s"`
	VarS            float64           `json:"var_s"`
	Z               float64           `json:"z"`
	P               float64           `json:"p"` // two-sided
	Tau             float64           `json:"tau"`
	Alpha           float64           `json:"alpha"`
	Direction       string            `json:"direction"` // increasing, decreasing or no trend
	Significant     bool              `json:"significant"`
	Slope           SlopeRange        `json:"slope"`
	ChangePoint     *ChangePoint      `json:"change_point,omitempty"`
	Breaks          []Break           `json:"breaks,omitempty"` // where asked for
	Forecast        *Forecast         `json:"forecast,omitempty"`
	Season          *Season           `json:"season,omitempty"`
	First           Point             `json:"first"`
	Last            Point             `json:"last"`
	Autocorrelation float64           `json:"autocorrelation"` // lag 1, of the ranks of the detrended series
	Notes           []string          `json:"notes,omitempty"`

	citation *tools.Citation
}

// Point is one period of the series.
type Point struct {
	Period string  `json:"period"`
	Value  float64 `json:"value"`
}

// Excluded is a period, or a range of periods, that was left out.
type Excluded struct {
	Period string       `json:"period"`
	Value  tools.Number `json:"value"`
	Reason string       `json:"reason"`
}

// SlopeRange is Sen's slope with its limits. Intercept is the fitted value of
// the first period; Per is the step of the slope.
type SlopeRange struct {
	Value      float64 `json:"value"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	Intercept  float64 `json:"intercept"`
	Per        string  `json:"per"`
}

// ChangePoint is the most likely change of level; Period is the first one after
// it.
type ChangePoint struct {
	Period      string  `json:"period"`
	P           float64 `json:"p"`
	Significant bool    `json:"significant"`
	BeforeMean  float64 `json:"before_mean"`
	AfterMean   float64 `json:"after_mean"`
	Method      string  `json:"method"`
}

// Break is one of several changes of level; Period is the first one after it.
type Break struct {
	Period     string  `json:"period"`
	BeforeMean float64 `json:"before_mean"` // since the break before
	AfterMean  float64 `json:"after_mean"`  // until the next
}

// Season is the additive seasonal figure in the units of the series. H and P
// are of the Kruskal-Wallis test over the seasons.
type Season struct {
	Length      int           `json:"length"`
	Indices     []SeasonIndex `json:"indices"`
	Peak        string        `json:"peak"`
	Trough      string        `json:"trough"`
	Amplitude   float64       `json:"amplitude"` // highest less lowest index
	H           float64       `json:"h"`
	P           float64       `json:"p"`
	Significant bool          `json:"significant"`
	Method      string        `json:"method"`
}

// SeasonIndex is how far a season lies above the yearly level.
type SeasonIndex struct {
	Season string  `json:"season"`
	Index  float64 `json:"index"`
}

// SiteTrend is one site of a test over several.
type SiteTrend struct {
	Site  string  `json:"site"`
	N     int     `json:"n"`
	S     float64 `json:"s"`
	P     float64 `json:"p"`
	Tau   float64 `json:"tau"`
	Slope float64 `json:"slope"`
}

// Citations implements [tools.Cited].
func (o Output) Citations() []tools.Citation {
	if o.citation == nil {
		return nil
	}
	return []tools.Citation{*o.citation}
}

// cite attaches the computation to the header of its table.
func (o *Output) cite(table *tools.Table, in Input) error {
	citation, err := table.Cite(Name, in, o)
	if err != nil {
		return err
	}
	o.citation, o.Evidence = &citation, citation.ID()
	return nil
}
