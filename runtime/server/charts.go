package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/quaestor-run/quaestor/runtime/server/api"
	"github.com/quaestor-run/quaestor/runtime/store"
)

const (
	mediaSVG = "image/svg+xml"
	mediaPNG = "image/png"
)

// VisitGetChartResponse implements api.GetChartResponseObject.
func (a respond) VisitGetChartResponse(w http.ResponseWriter) error { return a.write(w) }

// GetChart gives a chart of the published report as an image.
func (o operations) GetChart(ctx context.Context, in api.GetChartRequestObject) (api.GetChartResponseObject, error) {
	run, report, err := o.published(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	form := given(in.Params.Format)
	if form == "" {
		media, _ := negotiate(exchangeOf(ctx).request.Header.Values("Accept"), []string{mediaSVG, mediaPNG})
		if form = api.GetChartParamsFormatSvg; media == mediaPNG {
			form = api.GetChartParamsFormatPng
		}
	}
	header := http.Header{"Content-Type": {mediaSVG}, "Content-Security-Policy": {reportPolicy}, "Vary": {"Accept"}}
	if form == api.GetChartParamsFormatPng {
		header.Set("Content-Type", mediaPNG)
	}
	etag := fmt.Sprintf("%q", fmt.Sprintf("%s.chart-%d.%s", report.Digest, in.Number, form))
	header["Etag"] = []string{etag}
	if sameTag(given(in.Params.IfNoneMatch), etag) {
		return respond{status: http.StatusNotModified, header: header}, nil
	}
	if o.renderChart == nil {
		return nil, newProblem(http.StatusNotAcceptable, "This server draws no charts.")
	}
	body, err := o.renderChart(ctx, run.ID, in.Number, string(form))
	if errors.Is(err, store.ErrNotFound) {
		return nil, notFound("chart", fmt.Sprintf("%s/charts/%d", run.ID, in.Number))
	}
	if err != nil {
		return nil, fmt.Errorf("drawing chart %d of run %s: %w", in.Number, run.ID, err)
	}
	return respond{status: http.StatusOK, header: header, body: body}, nil
}
