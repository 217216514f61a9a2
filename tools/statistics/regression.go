package statistics

import (
	"math"

	"github.com/quaestor-run/quaestor/tools"
)

// RegressOptions of a regression.
type RegressOptions struct {
	NoIntercept bool
	Degree      int     // of a polynomial in a single predictor; 0 and 1 are a line
	Alpha       float64 // level of the limits; 0 is 0.05
}

// Regression is an ordinary least squares fit. F and T are infinite where the
// fit is exact.
type Regression struct {
	N            int           `json:"n"`
	Coefficients []Coefficient `json:"coefficients"` // the intercept first, unless left out
	RSD          float64       `json:"rsd"`          // residual standard deviation
	R2           float64       `json:"r2"`           // about zero when there is no intercept
	AdjustedR2   float64       `json:"adjusted_r2"`
	F            tools.Number  `json:"f"`
	P            float64       `json:"p"` // of F
	DF           int           `json:"df"`
	DFResidual   int           `json:"df_residual"`
	SSModel      float64       `json:"ss_model"`
	SSResidual   float64       `json:"ss_residual"`

	DurbinWatson float64      `json:"durbin_watson,omitempty"` // of the residuals in the order of the rows
	Assumptions  []Assumption `json:"assumptions,omitempty"`
}

// Coefficient is one estimate with its standard deviation and limits.
type Coefficient struct {
	Name  string       `json:"name"`
	Value float64      `json:"value"`
	SD    float64      `json:"sd"`
	T     tools.Number `json:"t"`
	P     float64      `json:"p"` // two-sided
	Low   float64      `json:"low"`
	High  float64      `json:"high"`
}

// The relative size of what is left of a predictor, after the ones before it
// are taken out, at which it is taken for a combination of them. The powers of
// a polynomial are exact and may come closer.
const (
	collinear      = 1e-14
	collinearPower = 1e-24
)

// Regress fits y on the predictors xs (each as long as y, no NaN) by modified
// Gram-Schmidt orthogonalisation in double precision twice over (Björck 1967).
// It refuses predictors that are combinations of each other, and fewer values
// than two more than coefficients, an exact line through its points included.
func Regress(y []float64, xs [][]float64, options RegressOptions) (Regression, error) {
	columns, err := design(y, xs, options)
	if err != nil {
		return Regression{}, err
	}
	n, p := len(y), len(columns)
	if n < p+1 {
		return Regression{}, refused("values", "%d complete rows are too few for %d coefficients; at least %d are needed", n, p, p+1)
	}
	limit := collinear
	if options.Degree > 1 {
		limit = collinearPower
	}
	response := decimals(y)
	r, z, err := orthogonalise(columns, response, limit)
	if err != nil {
		return Regression{}, err
	}
	fit := Regression{N: n, DF: p, DFResidual: n - p}
	if !options.NoIntercept {
		fit.DF--
	}
	if fit.DF == 0 {
		return Regression{}, refused("x", "name at least one predictor")
	}
	all := squares(y, !options.NoIntercept)
	if all.hi == 0 {
		return Regression{}, refused("y", "all values are equal, so there is nothing to explain")
	}
	rest := dot(response, response)
	if rest.hi <= 1e-28*all.hi {
		rest = double{}
	}
	fit.ss(all, rest)
	fit.coefficients(r, z, rest, options)
	if rest.hi > 0 {
		residuals := make([]float64, n)
		for i := range residuals {
			residuals[i] = response[i].float()
		}
		alpha := options.Alpha
		if alpha == 0 {
			alpha = 0.05
		}
		fit.DurbinWatson = DurbinWatson(residuals)
		fit.Assumptions = assume([]string{"residuals"}, [][]float64{residuals}, alpha)
	}
	return fit, nil
}

// design makes the columns: the intercept, and the predictors or their powers.
func design(y []float64, xs [][]float64, options RegressOptions) ([][]double, error) {
	if options.Degree > 1 && len(xs) != 1 {
		return nil, refused("degree", "a polynomial has one predictor, got %d", len(xs))
	}
	var columns [][]double
	if !options.NoIntercept {
		ones := make([]double, len(y))
		for i := range ones {
			ones[i] = from(1)
		}
		columns = append(columns, ones)
	}
	for _, x := range xs {
		if len(x) != len(y) {
			return nil, refused("values", "a predictor has %d values and the response %d", len(x), len(y))
		}
		base := decimals(x)
		power := base
		columns = append(columns, append([]double(nil), base...))
		for range options.Degree - 1 {
			next := make([]double, len(base))
			for i := range next {
				next[i] = power[i].mul(base[i])
			}
			power = next
			columns = append(columns, append([]double(nil), next...))
		}
	}
	return columns, nil
}

// orthogonalise replaces the columns by an orthogonal basis and the response by
// its residual; r is the upper triangle with unit diagonal, and z holds the
// coefficients of the response in the basis. The squared norms of the basis are
// on the diagonal of r.
func orthogonalise(columns [][]double, response []double, limit float64) (r [][]double, z []double, err error) {
	p := len(columns)
	r, z = make([][]double, p), make([]double, p)
	before := make([]float64, p)
	for k := range columns {
		r[k] = make([]double, p)
		before[k] = dot(columns[k], columns[k]).hi
	}
	for k, q := range columns {
		norm := dot(q, q)
		if norm.hi <= limit*limit*before[k] || norm.hi == 0 {
			return nil, nil, refused("x", "predictor %d is constant, or a combination of the ones before it", k)
		}
		r[k][k] = norm
		for j := k + 1; j < p; j++ {
			r[k][j] = dot(q, columns[j]).div(norm)
			subtract(columns[j], r[k][j], q)
		}
		z[k] = dot(q, response).div(norm)
		subtract(response, z[k], q)
	}
	return r, z, nil
}

func subtract(from []double, factor double, q []double) {
	for i := range from {
		from[i] = from[i].sub(factor.mul(q[i]))
	}
}

func squares(y []float64, about bool) double {
	if about {
		d, _ := centred(y)
		return dot(d, d)
	}
	d := decimals(y)
	return dot(d, d)
}

func (fit *Regression) ss(all, rest double) {
	df, left := from(float64(fit.DF)), from(float64(fit.DFResidual))
	model := all.sub(rest)
	fit.SSModel, fit.SSResidual = model.float(), rest.float()
	fit.RSD = rest.div(left).sqrt().float()
	fit.R2 = model.div(all).float()
	fit.AdjustedR2 = 1 - (1-fit.R2)*float64(fit.DF+fit.DFResidual)/float64(fit.DFResidual)
	fit.F = tools.Number(math.Inf(1))
	if rest.hi > 0 {
		fit.F = tools.Number(model.div(df).div(rest.div(left)).float())
	}
	fit.P = fTail(max(0, float64(fit.F)), float64(fit.DF), float64(fit.DFResidual))
}

// coefficients solves R b = z, and R⁻¹ for the standard deviations.
func (fit *Regression) coefficients(r [][]double, z []double, rest double, options RegressOptions) {
	p := len(z)
	alpha := options.Alpha
	if alpha == 0 {
		alpha = 0.05
	}
	half := tQuantile(1-alpha/2, float64(fit.DFResidual))
	variance := rest.div(from(float64(fit.DFResidual)))
	b := make([]double, p)
	inverse := make([][]double, p) // of the unit upper triangle
	for j := p - 1; j >= 0; j-- {
		b[j] = z[j]
		inverse[j] = make([]double, p)
		inverse[j][j] = from(1)
		for k := j + 1; k < p; k++ {
			b[j] = b[j].sub(r[j][k].mul(b[k]))
			for m := k; m < p; m++ {
				inverse[j][m] = inverse[j][m].sub(r[j][k].mul(inverse[k][m]))
			}
		}
	}
	for j := range b {
		var spread double
		for k := j; k < p; k++ {
			spread = spread.add(inverse[j][k].mul(inverse[j][k]).div(r[k][k]))
		}
		c := Coefficient{Value: b[j].float(), SD: variance.mul(spread).sqrt().float()}
		c.T = tools.Number(math.Inf(1))
		if c.SD > 0 {
			c.T = tools.Number(c.Value / c.SD)
		}
		c.P = tTail(float64(c.T), float64(fit.DFResidual))
		c.Low, c.High = c.Value-half*c.SD, c.Value+half*c.SD
		fit.Coefficients = append(fit.Coefficients, c)
	}
}
