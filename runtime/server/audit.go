package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/server/api"
)

const mediaZIP = "application/zip"

// GetAudit packs everything a run stands on.
func (o operations) GetAudit(ctx context.Context, in api.GetAuditRequestObject) (api.GetAuditResponseObject, error) {
	run, err := o.visibleRun(ctx, in.ID)
	switch {
	case err != nil:
		return nil, err
	case o.audit == nil:
		return nil, newProblem(http.StatusNotAcceptable, "This server makes no audit packs.")
	case !run.Status.Final():
		return nil, newProblem(http.StatusConflict, "The run is in phase %q and still changes. Follow %s and ask again when it ends.",
			run.Phase, runLinks(run.ID).Events)
	}
	return auditPack{server: o.Server, ctx: ctx, run: run.ID}, nil
}

// auditPack writes the pack of one run as it is made.
type auditPack struct {
	server *Server
	ctx    context.Context // of the request, which the generated Visit does not pass
	run    string
}

// VisitGetAuditResponse implements api.GetAuditResponseObject. What fails before
// the first byte is a problem; what fails later cuts the connection, so that
// nobody takes half a pack for a whole one.
func (a auditPack) VisitGetAuditResponse(w http.ResponseWriter) error {
	out := &patient{w: w, control: http.NewResponseController(w), begin: func() {
		w.Header().Set("Content-Type", mediaZIP)
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", a.run+".audit.zip"))
		w.Header().Set("Cache-Control", "no-store")
	}}
	err := a.server.audit(a.ctx, out, a.run)
	if err != nil && out.begun {
		a.server.log.Warn("an audit pack ended early", append(exchangeOf(a.ctx).fields(), zap.Error(err))...)
		panic(http.ErrAbortHandler)
	}
	return err
}

// patient is a response of unknown length: each piece of it has the time that a
// whole response has else.
type patient struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begin   func()
	begun   bool
}

// Write implements io.Writer.
func (p *patient) Write(data []byte) (int, error) {
	if !p.begun {
		p.begun = true
		_ = p.control.SetReadDeadline(time.Time{}) // nothing more is read; its passing would end the request
		p.begin()
	}
	_ = p.control.SetWriteDeadline(time.Now().Add(writePatience)) // a writer that knows none has none
	return p.w.Write(data)
}
