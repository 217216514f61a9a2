package server_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/server"
	"github.com/quaestor-run/quaestor/workflows"
)

type schedule struct {
	ID, Cron, Interval, Overlap, Note string
	TimeZone                          string `json:"time_zone"`
	CatchUp                           string `json:"catch_up_window"`
	Paused                            bool
	Research                          json.RawMessage
	Links                             struct{ Self, Trigger, Runs string }
}

func TestScheduleLife(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var got schedule
	made := w.call("POST", "/v1/schedules", `{"id":"weekly","cron":" 0 7  * * 1 ","time_zone":"Europe/Berlin","overlap":"buffer_one",
		"catch_up_window":"1h","note":"Monday","research":{"topic":" heat pumps ","deadline":"30m","budget":{"usd":2.5}}}`).want(201)
	made.into(&got)
	if made.header.Get("Location") != "/v1/schedules/weekly" || got.Cron != "0 7 * * 1" || got.TimeZone != "Europe/Berlin" || got.CatchUp != "1h0m0s" {
		t.Errorf("made %+v at %q", got, made.header.Get("Location"))
	}
	if want := `{"budget":{"usd":2.5},"deadline":"30m0s","language":"en","max_iterations":3,"review":"none","topic":"heat pumps"}`; differ(jsonOf(t, got.Research), json.RawMessage(want)) != "" {
		t.Errorf("research %s, want %s", got.Research, want)
	}
	kept, err := w.engine.Schedule(t.Context(), "weekly")
	want := workflows.ResearchRequest{
		Topic: "heat pumps", Client: "local", MaxIterations: 3, Review: "none", Language: "en", Schedule: "weekly",
		Timeout: 30 * time.Minute, Budget: workflows.Budget{NanoUSD: 2_500_000_000},
	}
	if err != nil || differ(kept.Request, want) != "" || kept.Overlap != "buffer_one" || kept.CatchUp != time.Hour || kept.Client != "local" {
		t.Errorf("kept %+v, %v; %s", kept, err, differ(kept.Request, want))
	}
	w.call("POST", "/v1/schedules", `{"id":"weekly","interval":"6h","research":{"topic":"x"}}`).wantProblem(409, "conflict")

	w.call("PATCH", "/v1/schedules/weekly", `{"paused":true,"note":""}`).want(200).into(&got)
	if kept, _ = w.engine.Schedule(t.Context(), "weekly"); !kept.Paused || kept.Note != "" || len(kept.Cron) != 1 || kept.Overlap != "buffer_one" {
		t.Errorf("a pause left %+v", kept)
	}
	w.call("PATCH", "/v1/schedules/weekly", `{"interval":"90m","paused":false,"research":{"topic":"y"}}`).want(200)
	if kept, _ = w.engine.Schedule(t.Context(), "weekly"); kept.Cron != nil || kept.Every != 90*time.Minute || kept.Paused || kept.Request.Topic != "y" || kept.Request.Schedule != "weekly" {
		t.Errorf("an interval left %+v", kept)
	}
	w.call("POST", "/v1/schedules/weekly/trigger", "").want(202)
	if triggered := w.engine.Triggered(); len(triggered) != 1 || triggered[0] != "weekly" {
		t.Errorf("triggered %v", triggered)
	}
	w.call("GET", "/v1/schedules/weekly", "").want(200)
	w.call("DELETE", "/v1/schedules/weekly", "").want(204)
	for _, call := range [][3]string{
		{"GET", "/v1/schedules/weekly"},
		{"DELETE", "/v1/schedules/weekly"},
		{"PATCH", "/v1/schedules/weekly", `{"paused":true}`},
		{"POST", "/v1/schedules/weekly/trigger"},
	} {
		w.call(call[0], call[1], call[2]).wantProblem(404, "not-found")
	}
}

func jsonOf(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestCreateScheduleNamesItself(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var got schedule
	w.call("POST", "/v1/schedules", `{"interval":"6h","research":{"topic":"x"}}`).want(201).into(&got)
	if !strings.HasPrefix(got.ID, "s-") || got.Interval != "6h0m0s" || got.Overlap != "skip" || got.Links.Runs != "/v1/research?schedule="+got.ID {
		t.Errorf("made %+v", got)
	}
}

func TestSchedulesRefuse(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.call("POST", "/v1/schedules", `{"id":"there","interval":"6h","research":{"topic":"x"}}`).want(201)
	for name, test := range map[string]struct{ fields, field string }{
		"neither":            {``, "/cron"},
		"both":               {`"cron":"@daily","interval":"6h",`, "/interval"},
		"bad cron":           {`"cron":"61 * * * *",`, "/cron"},
		"six fields":         {`"cron":"0 0 7 * * 1",`, "/cron"},
		"every":              {`"cron":"@every 5m",`, "/cron"},
		"zone in cron":       {`"cron":"TZ=0",`, "/cron"},
		"interval of words":  {`"interval":"daily",`, "/interval"},
		"interval too short": {`"interval":"10ms",`, "/interval"},
		"unknown zone":       {`"interval":"6h","time_zone":"Europe/Atlantis",`, "/time_zone"},
		"local zone":         {`"interval":"6h","time_zone":"Local",`, "/time_zone"},
		"zone with path":     {`"interval":"6h","time_zone":"../../etc/passwd",`, "/time_zone"},
		"unknown overlap":    {`"interval":"6h","overlap":"pile",`, "/overlap"},
		"catch up too short": {`"interval":"6h","catch_up_window":"1s",`, "/catch_up_window"},
		"bad id":             {`"interval":"6h","id":"Not An Id",`, "/id"},
		"unknown field":      {`"interval":"6h","crno":"x",`, "/crno"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := *w
			w.t = t
			w.call("POST", "/v1/schedules", `{`+test.fields+`"research":{"topic":"x"}}`).wantField(422, "invalid", "body", test.field)
		})
	}
	w.call("POST", "/v1/schedules", `{"interval":"6h"}`).wantField(422, "invalid", "body", "/research")
	w.call("POST", "/v1/schedules", `{"interval":"6h","research":{"topic":" "}}`).wantField(422, "invalid", "body", "/research/topic")
	w.call("POST", "/v1/schedules", `{"interval":"6h","research":{"topic":"x","deadline":"2040-01-01T00:00:00Z"}}`).
		wantField(422, "invalid", "body", "/research/deadline")
	w.call("POST", "/v1/schedules", `{"interval":"6h","research":{"topic":"x","sources":{"documents":["none"]}}}`).
		wantField(422, "invalid", "body", "/research/sources/documents/0")
	w.call("PATCH", "/v1/schedules/there", `{}`).wantField(422, "invalid", "body", "")
	w.call("PATCH", "/v1/schedules/there", `{"time_zone":"Nowhere"}`).wantField(422, "invalid", "body", "/time_zone")
	w.engine.Fail(errors.New("connection refused"))
	for _, call := range [][3]string{
		{"POST", "/v1/schedules", `{"interval":"6h","research":{"topic":"x"}}`},
		{"GET", "/v1/schedules"},
		{"GET", "/v1/schedules/there"},
		{"PATCH", "/v1/schedules/there", `{"paused":true}`},
		{"DELETE", "/v1/schedules/there"},
		{"POST", "/v1/schedules/there/trigger"},
	} {
		w.call(call[0], call[1], call[2]).wantField(503, "unavailable", "component", "temporal")
	}
}

func TestSchedulesOfClientsAreApart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ann, bob := w.addKey("acme", "ann"), w.addKey("umbrella", "bob")
	ann.call("POST", "/v1/schedules", `{"id":"of-ann","interval":"6h","research":{"topic":"x"}}`).want(201)
	bob.call("POST", "/v1/schedules", `{"id":"of-bob","interval":"6h","research":{"topic":"x"}}`).want(201)
	var list struct{ Schedules []schedule }
	ann.call("GET", "/v1/schedules", "").want(200).into(&list)
	if len(list.Schedules) != 1 || list.Schedules[0].ID != "of-ann" {
		t.Errorf("ann sees %+v", list)
	}
	for _, call := range [][3]string{
		{"GET", "/v1/schedules/of-ann"},
		{"PATCH", "/v1/schedules/of-ann", `{"paused":true}`},
		{"DELETE", "/v1/schedules/of-ann"},
		{"POST", "/v1/schedules/of-ann/trigger"},
	} {
		bob.call(call[0], call[1], call[2]).wantProblem(404, "not-found")
	}
	var kept server.Schedule
	kept, err := w.engine.Schedule(t.Context(), "of-ann")
	if err != nil || kept.Paused || kept.Client != "acme" || len(w.engine.Triggered()) != 0 {
		t.Errorf("bob changed ann's schedule: %+v, %v", kept, err)
	}
}
