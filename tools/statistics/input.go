package statistics

import (
	"math"

	"github.com/quaestor-run/quaestor/tools"
)

// Input is what the tool takes: a table with columns, or raw values.
type Input struct {
	Table       string            `json:"table,omitempty" jsonschema_description:"id of the table"`
	Operation   string            `json:"operation" jsonschema:"enum=describe,enum=frequency,enum=crosstab,enum=group,enum=correlation,enum=regression,enum=t_test,enum=mann_whitney,enum=anova,enum=chi_square,enum=adjust"`
	Column      string            `json:"column,omitempty" jsonschema_description:"the column to describe, count or compare"`
	By          string            `json:"by,omitempty" jsonschema_description:"the column that makes the groups; dates are grouped by year"`
	X           string            `json:"x,omitempty" jsonschema_description:"first column of a pair; the predictor of a regression"`
	Y           string            `json:"y,omitempty" jsonschema_description:"second column of a pair; what a regression explains"`
	Predictors  []string          `json:"predictors,omitempty" jsonschema_description:"further predictors of a regression"`
	Degree      int               `json:"degree,omitempty" jsonschema:"minimum=0,maximum=10" jsonschema_description:"of a polynomial in x; a line unless said"`
	NoIntercept bool              `json:"no_intercept,omitempty" jsonschema_description:"fit through the origin"`
	Paired      bool              `json:"paired,omitempty" jsonschema_description:"t_test of pairs x and y"`
	Where       []tools.Condition `json:"where,omitempty" jsonschema_description:"only the rows that meet all of these"`
	Top         int               `json:"top,omitempty" jsonschema:"minimum=0,maximum=100" jsonschema_description:"how many values or groups to list; 10 unless said"`
	Values      [][]tools.Number  `json:"values,omitempty" jsonschema_description:"raw samples instead of a table: one, two or several; for regression the response and then the predictors; for chi_square the rows of counts; for adjust one list of p-values"`
	Alpha       float64           `json:"alpha,omitempty" jsonschema:"minimum=0,maximum=0.5" jsonschema_description:"level of limits and tests; 0.05 unless said"`
}

// The limits that keep a call small.
const (
	defaultTop    = 10
	maxPredictors = 20
	maxCategories = 50   // on each side of a chi-square test, or groups of an anova
	largest       = 1e60 // size of a figure up to which sums of squares and their products stay finite
)

// resolved checks the arguments and fills in defaults.
func (in Input) resolved() (Input, error) {
	if (in.Table == "") == (len(in.Values) == 0) {
		return in, refused("table", "give either a table or values")
	}
	if in.Alpha == 0 {
		in.Alpha = 0.05
	}
	if math.IsNaN(in.Alpha) || in.Alpha <= 0 || in.Alpha > 0.5 {
		return in, refused("alpha", "%v is no level; 0.05 is usual", in.Alpha)
	}
	if in.Top <= 0 {
		in.Top = defaultTop
	}
	if len(in.Predictors) >= maxPredictors {
		return in, refused("predictors", "%d predictors are more than %d", len(in.Predictors), maxPredictors)
	}
	if in.Degree < 0 || in.Degree > 10 {
		return in, refused("degree", "%d is not from 1 to 10", in.Degree)
	}
	return in, nil
}
