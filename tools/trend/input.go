package trend

import (
	"math"

	"github.com/quaestor-run/quaestor/tools"
)

// Input is what the tool takes: a table with its time column, or raw values.
type Input struct {
	Table          string            `json:"table,omitempty" jsonschema_description:"id of the table"`
	Time           string            `json:"time,omitempty" jsonschema_description:"column of dates or of whole years"`
	Across         bool              `json:"across,omitempty" jsonschema_description:"instead of time and value: time runs across the columns that are named by years, quarters or months"`
	Value          string            `json:"value,omitempty" jsonschema_description:"numeric column to sum or average; not needed to count rows"`
	Aggregate      string            `json:"aggregate,omitempty" jsonschema:"enum=count,enum=sum,enum=mean,enum=median" jsonschema_description:"what makes the figure of a period; count unless said"`
	Period         string            `json:"period,omitempty" jsonschema:"enum=year,enum=quarter,enum=month,enum=day" jsonschema_description:"length of a period; year unless said"`
	Where          []tools.Condition `json:"where,omitempty" jsonschema_description:"only the rows that meet all of these"`
	From           string            `json:"from,omitempty" jsonschema_description:"first period: 2010, 2010-Q1, 2010-01 or 2010-01-31"`
	To             string            `json:"to,omitempty" jsonschema_description:"last period, included"`
	By             string            `json:"by,omitempty" jsonschema_description:"column whose values are the sites of a regional or correlated_multivariate test"`
	Covariate      string            `json:"covariate,omitempty" jsonschema_description:"numeric column of the partial test, aggregated like value"`
	Values         []tools.Number    `json:"values,omitempty" jsonschema_description:"raw values in the order of time instead of a table; null is a missing one"`
	Times          []string          `json:"times,omitempty" jsonschema_description:"the time of each raw value"`
	Series         [][]tools.Number  `json:"series,omitempty" jsonschema_description:"several raw series of the same times: sites (regional, correlated_multivariate), or values and covariate (partial)"`
	Method         string            `json:"method,omitempty" jsonschema:"enum=original,enum=hamed_rao,enum=yue_wang,enum=pre_whitening,enum=trend_free_pre_whitening,enum=seasonal,enum=correlated_seasonal,enum=regional,enum=correlated_multivariate,enum=partial" jsonschema_description:"kind of Mann-Kendall test; chosen by season and autocorrelation unless said"`
	SeasonLength   int               `json:"season_length,omitempty" jsonschema:"minimum=0,maximum=400" jsonschema_description:"periods in a cycle; 12 for months and 4 for quarters unless said"`
	Lag            int               `json:"lag,omitempty" jsonschema:"minimum=0" jsonschema_description:"largest lag of hamed_rao and yue_wang; all unless said"`
	Alpha          float64           `json:"alpha,omitempty" jsonschema:"minimum=0,maximum=0.5" jsonschema_description:"level of the tests; 0.05 unless said"`
	Breaks         bool              `json:"breaks,omitempty" jsonschema_description:"look for several changes of level"`
	Forecast       int               `json:"forecast,omitempty" jsonschema:"minimum=0,maximum=60" jsonschema_description:"periods to forecast"`
	KeepIncomplete bool              `json:"keep_incomplete,omitempty" jsonschema_description:"keep a first or last period that the data cover only in part"`
}

// The limits that keep a call small.
const (
	minPeriods = 4
	maxPeriods = 1500 // all pairs of periods are compared
	maxSites   = 60
)

// resolved checks the arguments against each other and fills in defaults. What
// the data decide (method, from) stays open, so that a resolved input gives the
// same output again.
func (in Input) resolved() (Input, error) {
	if err := in.agrees(); err != nil {
		return in, err
	}
	if in.Alpha == 0 {
		in.Alpha = 0.05
	}
	if math.IsNaN(in.Alpha) || in.Alpha <= 0 || in.Alpha > 0.5 {
		return in, inputErrorf("alpha", "%v is no level; 0.05 is usual", in.Alpha)
	}
	if in.Table != "" && in.Period == "" && !in.Across {
		in.Period = string(year)
	}
	if in.Table != "" && in.Aggregate == "" && in.Value == "" && !in.Across {
		in.Aggregate = "count"
	}
	switch {
	case in.Method != "":
	case in.Covariate != "":
		in.Method = "partial"
	case in.By != "" || len(in.Series) > 0:
		in.Method = "regional"
	}
	return in, in.fits()
}

// agrees checks that the data come from one place.
func (in Input) agrees() error {
	switch {
	case in.Table == "" && len(in.Values) == 0 && len(in.Series) == 0:
		return &tools.InputError{Field: "table", Reason: "give table and time, or values"}
	case in.Table != "" && len(in.Values)+len(in.Series) > 0:
		return &tools.InputError{Field: "values", Reason: "give either a table or raw values"}
	case len(in.Values) > 0 && len(in.Series) > 0:
		return &tools.InputError{Field: "series", Reason: "give either values or series"}
	case in.Across && in.Time+in.Value+in.Covariate != "":
		return inputErrorf("across", "the columns named by periods give both time and value; leave time, value and covariate out")
	case in.Across && in.Aggregate == "count":
		return inputErrorf("aggregate", "the figures across the columns can be summed or averaged, not counted")
	case in.Table == "" && (in.Across || in.Time+in.Value+in.By+in.Covariate != "" || len(in.Where) > 0):
		return &tools.InputError{Field: "table", Reason: "columns were named without a table"}
	case len(in.Times) > 0 && len(in.Times) != len(in.Values):
		return inputErrorf("times", "%d times for %d values; give one for each value of values", len(in.Times), len(in.Values))
	}
	return nil
}

// fits checks the method against what it needs.
func (in Input) fits() error {
	sites := in.By != "" || (len(in.Series) > 0 && in.Method != "partial")
	switch in.Method {
	case "regional", "correlated_multivariate":
		if !sites {
			return inputErrorf("method", "%s compares several sites: name the column in by, or give series", in.Method)
		}
	case "partial":
		if in.Covariate == "" && len(in.Series) != 2 {
			return inputErrorf("method", "partial needs a covariate column, or two series: the values and the covariate")
		}
		if in.Covariate != "" && in.Aggregate == "count" {
			return inputErrorf("aggregate", "a covariate can be summed or averaged: say sum, mean or median, and name a value column")
		}
	default:
		if sites || in.Covariate != "" {
			return inputErrorf("method", "by and series go with regional or correlated_multivariate, covariate with partial; got %q", in.Method)
		}
	}
	if in.By != "" && in.Covariate != "" {
		return inputErrorf("by", "by and covariate do not go together")
	}
	if in.Value == "" && in.Aggregate != "count" && in.Table != "" && !in.Across {
		return inputErrorf("value", "name the numeric column to take the %s of", in.Aggregate)
	}
	if in.SeasonLength == 1 {
		return inputErrorf("season_length", "a cycle has at least 2 periods")
	}
	return nil
}
