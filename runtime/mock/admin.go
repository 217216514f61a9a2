package mock

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
)

// adminPath begins the paths by which a test steers the emulator: POST
// /_mock/script puts a script in place of the present one, GET /_mock/log gives
// the log (?after=SEQ the part after a sequence), DELETE /_mock/log clears it.
const adminPath = "/_mock/"

func (s *Server) admin(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "POST /_mock/script":
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxScript))
		if err != nil {
			adminError(w, http.StatusRequestEntityTooLarge, err)
			return
		}
		script, err := ParseScript("script", text)
		if err == nil {
			err = s.Use(script)
		}
		if err != nil {
			adminError(w, http.StatusBadRequest, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	case "GET /_mock/log":
		s.showLog(w, r)
	case "DELETE /_mock/log":
		s.log.Clear()
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":"there are POST /_mock/script, GET /_mock/log and DELETE /_mock/log"}`)
	}
}

func (s *Server) showLog(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // none is 0
	entries := s.log.Entries()
	for len(entries) > 0 && entries[0].Sequence <= after {
		entries = entries[1:]
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(entries) // an error is the client's going away
}

func adminError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(appendQuoted([]byte(`{"error":`), err.Error()), '}'))
}
