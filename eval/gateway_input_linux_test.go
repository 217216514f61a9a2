package eval_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/ledger"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

// mostMemory is what bad input may add to the memory of a gateway, in bytes.
const mostMemory = 150 << 20

// badInput is a body and the error it is refused with.
type badInput struct {
	body    string
	chunked bool // without a Content-Length
	status  int
	code    string
	param   string
}

const head = `{"model":"test-openai","max_tokens":100,"messages":[`

// megabytes is a request of that many bytes, in messages of so many.
func megabytes(size, each int) string {
	const before, after = `{"role":"user","content":"`, `"},`
	message := before + strings.Repeat("a", each-len(before)-len(after)) + after
	text := strings.Repeat(message, (size-len(head)-3)/each)
	text = head + strings.TrimSuffix(text, ",") + "]}"
	return text + strings.Repeat(" ", max(0, size-len(text)))
}

func badInputs() map[string]badInput {
	const user = `{"role":"user","content":"Hello."}`
	tool := func(schema string) string {
		return head + user + `],"tools":[{"type":"function","function":{"name":"f","parameters":` + schema + `}}]}`
	}
	return map[string]badInput{
		"10 MB in one message":           {body: megabytes(10_000_000, 9_999_900), status: 400, code: "context_length_exceeded", param: "messages"},
		"11 MB":                          {body: megabytes(11_000_000, 10_000), status: 413, code: "request_too_large"},
		"11 MB without a length":         {body: megabytes(11_000_000, 10_000), chunked: true, status: 413, code: "request_too_large"},
		"10 MB of brackets":              {body: head + strings.Repeat("[", 9_900_000), status: 400},
		"broken JSON":                    {body: head + user, status: 400},
		"no JSON":                        {body: "hello", status: 400},
		"nothing":                        {body: "", status: 400},
		"unknown model":                  {body: strings.Replace(head, "test-openai", "gpt-99", 1) + user + "]}", status: 404, code: "model_not_found", param: "model"},
		"negative max_tokens":            {body: strings.Replace(head, "100", "-5", 1) + user + "]}", status: 400, code: "integer_below_min_value", param: "max_tokens"},
		"10,000 messages":                {body: head + strings.Repeat(user+",", 9_999) + user + "]}", status: 400, code: "array_above_max_length", param: "messages"},
		"invalid UTF-8":                  {body: head + "{\"role\":\"user\",\"content\":\"\xff\xfe\"}]}", status: 400},
		"a schema that is a number":      {body: tool("12"), status: 400, code: "invalid_type", param: "tools[0].function.parameters"},
		"a schema of an unknown type":    {body: tool(`{"type":"nonsense"}`), status: 400, code: "invalid_function_parameters", param: "tools[0].function.parameters"},
		"a schema that refers to a file": {body: tool(`{"$ref":"file:///etc/passwd"}`), status: 400, code: "invalid_function_parameters", param: "tools[0].function.parameters"},
	}
}

// Bad input gets the error that OpenAI's API gives, sends nothing, reserves
// nothing, and takes bounded memory, also when it comes four at a time.
func TestBadInputIsRefusedInBoundedMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mocktest.StartScript(t, calm), "", "")
	key, _ := w.addKey(t, "c")
	p, client := w.start(t), newClient(t)
	good := ask{model: viaOpenAI, text: markText, max: 100}
	if got := good.send(t.Context(), client, p.url, key); !got.whole {
		t.Fatalf("a good request: %s", got)
	}
	before := p.memory(t)
	for range 3 {
		for name, input := range badInputs() {
			input.check(t, name, client, p.url, key)
		}
	}
	one := p.memory(t)
	var storm sync.WaitGroup
	for range 4 {
		storm.Go(func() {
			for name, input := range badInputs() {
				input.check(t, name, client, p.url, key)
			}
		})
	}
	storm.Wait()
	most := p.memory(t)
	t.Logf("memory at its peak: %d MB before, %d MB with one bad request at a time, %d MB with four", before>>20, one>>20, most>>20)
	if most-before > mostMemory {
		t.Errorf("bad input took %d MB", (most-before)>>20)
	}
	if n := len(w.served()); n != 1 {
		t.Errorf("the emulator got %d calls", n)
	}
	if got := w.attempts(t, ledger.AttemptFilter{}); len(got) != 1 {
		t.Errorf("the ledger has %d attempts", len(got))
	}
	if got := good.send(t.Context(), client, p.url, key); !got.whole {
		t.Errorf("a good request afterwards: %s", got)
	}
}

// However many large requests there are, those that would fill the memory are
// refused, and small ones are served.
func TestLargeRequestsDoNotFillTheMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mocktest.StartScript(t, "rules: [{latency: 3s, match: {message: aaa}}]"), "", "")
	key, _ := w.addKey(t, "c")
	p, client := w.start(t), newClient(t)
	before := p.memory(t)
	body := megabytes(10_000_000, 10_000)
	var statuses [600]atomic.Int64
	var storm sync.WaitGroup
	for range 60 {
		storm.Go(func() {
			response, err := post(t.Context(), client, p.url, key, strings.NewReader(body))
			if err != nil { // refused while it was being sent
				statuses[http.StatusServiceUnavailable].Add(1)
				return
			}
			response.Body.Close()
			statuses[response.StatusCode].Add(1)
			if response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") == "" {
				t.Error("refused without a Retry-After")
			}
		})
	}
	await(t, "large requests are refused", func() bool { return statuses[503].Load() > 0 })
	if got := (ask{model: viaOpenAI, text: markText, max: 100}).send(t.Context(), client, p.url, key); !got.whole {
		t.Errorf("a small request meanwhile: %s", got)
	}
	storm.Wait()
	t.Logf("of 60 requests of 10 MB %d were answered and %d refused; %d MB were taken", statuses[200].Load(), statuses[503].Load(), (p.memory(t)-before)>>20)
	if statuses[200].Load()+statuses[503].Load() != 60 || statuses[200].Load() < 20 {
		t.Error("others than the ones above 256 MB were refused")
	}
}

// Ten megabytes that are good input: what does not fit the window is left out,
// and the answer says so.
func TestTenMegabytesOfConversationAreCutToTheWindow(t *testing.T) {
	t.Parallel()
	w, url, key := newEnd(t, "{answer: {text: All that I know., usage: full}}")
	var told struct {
		Choices []struct{ Message struct{ Content string } }
	}
	response, err := post(t.Context(), newClient(t), url, key, strings.NewReader(megabytes(10_000_000, 10_000)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil || response.StatusCode != http.StatusOK || len(told.Choices) != 1 {
		t.Fatalf("status %d, %+v, %v", response.StatusCode, told, err)
	}
	omitted, err := strconv.Atoi(response.Header.Get("X-Quaestor-Omitted-Messages"))
	if err != nil || omitted < 900 || omitted > 998 {
		t.Errorf("%d messages of 999 were left out: %v", omitted, err)
	}
	if a, entry := w.attempt(t), w.only(t); a.State != ledger.StateSettled || a.Usage.InputTokens != entry.Usage.Input || entry.Usage.Input > 400_000 {
		t.Errorf("the attempt is %s with %+v; the emulator has %+v", a.State, a.Usage, entry.Usage)
	}
}

func post(ctx context.Context, client *http.Client, url, key string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key)
	return client.Do(r)
}

// send sends the body. A server that refuses it while it is being sent may close
// the connection before the client has read why.
func (b badInput) send(ctx context.Context, client *http.Client, url, key string) (response *http.Response, err error) {
	for range 3 {
		var body io.Reader = strings.NewReader(b.body)
		if b.chunked {
			body = io.MultiReader(body)
		}
		if response, err = post(ctx, client, url, key, body); err == nil {
			return response, nil
		}
	}
	return nil, err
}

func (b badInput) check(t *testing.T, name string, client *http.Client, url, key string) {
	t.Helper()
	response, err := b.send(t.Context(), client, url, key)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	var refusal struct {
		Error struct {
			Message, Type, Code, Param string
		}
	}
	if failed := json.Unmarshal(text, &refusal); failed != nil || err != nil {
		t.Errorf("%s: status %d with %.200q: %v, %v", name, response.StatusCode, text, failed, err)
		return
	}
	told := refusal.Error
	if response.StatusCode != b.status || told.Code != b.code || !strings.HasPrefix(told.Param, b.param) || told.Type != "invalid_request_error" || told.Message == "" {
		t.Errorf("%s: status %d, %+v; want %d, code %q, param %q", name, response.StatusCode, told, b.status, b.code, b.param)
	}
}

// memory is the most that the process has had in memory at once, in bytes.
func (p *gatewayProcess) memory(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("the system does not tell the memory of a process")
	return 0
}

// Clients that send their headers or their bodies a byte at a time are cut off,
// and others are served meanwhile.
func TestClientsThatTrickleAreCutOff(t *testing.T) {
	t.Parallel()
	_, url, key := newEnd(t, "{answer: {text: All that I know., usage: full}}")
	header := "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 5000\r\nAuthorization: Bearer " + key + "\r\n"
	var trickling sync.WaitGroup
	for range 50 {
		trickling.Go(func() {
			said, took := trickle(t, url, "", header+strings.Repeat("X-More: more\r\n", 1000))
			if said != "" && !strings.HasPrefix(said, "HTTP/1.1 400 ") || took > 20*time.Second {
				t.Errorf("after %v of headers it was told %q", took, said)
			}
		})
		trickling.Go(func() {
			said, took := trickle(t, url, header+"\r\n", `{"model":"`+strings.Repeat("a", 4000))
			if !strings.HasPrefix(said, "HTTP/1.1 408 ") || !strings.Contains(said, `"type":"invalid_request_error"`) || took > 80*time.Second {
				t.Errorf("after %v of a body it was told %q", took, said)
			}
		})
	}
	client := newClient(t)
	var slowest []time.Duration
	for range 100 {
		started := time.Now()
		if got := (ask{model: viaOpenAI, text: markText, max: 100}).send(t.Context(), client, url, key); !got.whole {
			t.Errorf("meanwhile: %s", got)
		}
		slowest = append(slowest, time.Since(started))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(slowest)
	t.Logf("100 calls beside 100 slow clients: median %v, slowest %v", slowest[50], slowest[99])
	trickling.Wait()
}

// trickle sends a text at once and another one byte by byte, until the server
// has enough of it. It gives what the server said.
func trickle(t *testing.T, url, atOnce, slowly string) (said string, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Error(err)
		return "", 0
	}
	defer conn.Close()
	started := time.Now()
	if _, err := io.WriteString(conn, atOnce); err != nil {
		t.Error(err)
	}
	go func() {
		for i := range len(slowly) {
			if _, err := io.WriteString(conn, slowly[i:i+1]); err != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
	}()
	text, _ := io.ReadAll(conn) // cut off, with or without a word
	return string(text), time.Since(started)
}
