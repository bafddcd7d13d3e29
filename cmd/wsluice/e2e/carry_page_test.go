//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// readable exports a page and reads it in Chromium: it must list all messages, find
// some, and show one, without a word to any network and without a fault of its script.
func readable(t *testing.T, s *sluice) {
	pki := newAuthority(t)
	// All the page could ask a network for would be asked of this proxy.
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the browser asked for %s", r.URL)
		http.Error(w, "there is nothing", http.StatusNotFound)
	}))
	defer proxy.Close()
	browser := chromium(t, door{proxy: proxy.URL, authority: pki.file}, "about:blank")
	page := openPage(t, browser, "file://"+s.exported(t, "html", "apps.html"))

	all, posted, ticks := 0, 0, 0
	for _, c := range s.conns(t) {
		for _, m := range s.messages(t, c.Conn) {
			all++
			if strings.Contains(m.Text, "seen") {
				posted++
			}
			if m.From == "server" && strings.Contains(m.Text, "tick") && strings.Contains(m.Text, `"symbol":"B"`) {
				ticks++
			}
		}
	}
	page.awaits(t, `document.body.dataset.ready === "yes" && document.getElementById("count").textContent`, fmt.Sprintf("%d messages", all))
	find := `(() => { const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event(%q)); return true })()`
	count := `document.getElementById("count").textContent`
	page.awaits(t, fmt.Sprintf(find, "find", "seen", "input"), true)
	page.awaits(t, count, fmt.Sprintf("%d of %d messages", posted, all))
	page.awaits(t, fmt.Sprintf(find, "from", "server", "change"), true)
	page.awaits(t, fmt.Sprintf(find, "find", `tick "symbol":"b"`, "input"), true)
	page.awaits(t, count, fmt.Sprintf("%d of %d messages", ticks, all))
	page.awaits(t, `(document.querySelector("#rows > *").click(), true)`, true)
	page.awaits(t, `document.getElementById("detail").textContent.includes("symbol")`, true)
	page.quiet(t)
}

// openedPage is a page in a browser, spoken with in the protocol of its developer tools.
type openedPage struct {
	conn   *websocket.Conn
	last   int
	faults []string
}

var devtools = regexp.MustCompile(`DevTools listening on ws://([^/\s]+)`)

// openPage has a browser with one page open another one there, watched from before.
func openPage(t *testing.T, browser *process, url string) *openedPage {
	t.Helper()
	var address string
	browser.stderr.await(t, "address of the developer tools", func(stderr string) bool {
		if found := devtools.FindStringSubmatch(stderr); found != nil {
			address = found[1]
		}
		return address != ""
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + address + "/json/list")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var targets []struct {
		Type  string `json:"type"`
		Debug string `json:"webSocketDebuggerUrl"`
	}
	if err := json.NewDecoder(response.Body).Decode(&targets); err != nil {
		t.Fatal(err)
	}
	p := &openedPage{}
	for _, target := range targets {
		if target.Type == "page" && p.conn == nil {
			p.conn, _, err = websocket.DefaultDialer.Dial(target.Debug, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if p.conn == nil {
		t.Fatalf("the browser has no page: %+v", targets)
	}
	t.Cleanup(func() { p.conn.Close() })
	for _, domain := range []string{"Runtime", "Log", "Network", "Page"} {
		p.call(t, domain+".enable", map[string]any{})
	}
	p.call(t, "Page.navigate", map[string]any{"url": url})
	return p
}

// call calls a method and returns its result. Faults that are told meanwhile are kept.
func (p *openedPage) call(t *testing.T, method string, params any) json.RawMessage {
	t.Helper()
	p.last++
	p.conn.SetReadDeadline(time.Now().Add(patience))
	if err := p.conn.WriteJSON(map[string]any{"id": p.last, "method": method, "params": params}); err != nil {
		t.Fatal(err)
	}
	for {
		var got struct {
			ID     int             `json:"id"`
			Method string          `json:"method"`
			Params json.RawMessage `json:"params"`
			Result json.RawMessage `json:"result"`
			Error  json.RawMessage `json:"error"`
		}
		if err := p.conn.ReadJSON(&got); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		switch got.Method {
		case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded":
			p.faults = append(p.faults, string(got.Params))
		case "Network.requestWillBeSent", "Network.webSocketCreated":
			if !strings.Contains(string(got.Params), `"url":"file:///`) {
				p.faults = append(p.faults, string(got.Params))
			}
		}
		if got.ID == p.last && got.Method == "" {
			if got.Error != nil {
				t.Fatalf("%s: %s", method, got.Error)
			}
			return got.Result
		}
	}
}

// awaits evaluates an expression, again each time the page has drawn itself, until it
// has the value wanted.
func (p *openedPage) awaits(t *testing.T, expression string, want any) {
	t.Helper()
	script := fmt.Sprintf(`new Promise((resolve) => {
		const until = performance.now() + 10000;
		const look = () => {
			let value;
			try { value = %s } catch (err) { value = String(err) }
			if (value === %s || performance.now() > until) resolve(value);
			else setTimeout(look, 20);
		};
		look();
	})`, expression, mustJSON(want))
	var got struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
	}
	result := p.call(t, "Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true})
	if err := json.Unmarshal(result, &got); err != nil || got.Result.Value != want {
		t.Fatalf("%s is %v, want %v (%v)", expression, got.Result.Value, want, err)
	}
}

// quiet checks that the page reported no fault and asked for nothing but itself.
func (p *openedPage) quiet(t *testing.T) {
	t.Helper()
	for _, fault := range p.faults {
		t.Errorf("the page: %.500s", fault)
	}
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and booleans
	}
	return string(text)
}
