package control

import (
	"encoding/json"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// route is one thing a client may ask for.
type route struct {
	method, path string
	about        string
	params       []string // names of query parameters
	// long marks an answer that may be long, as all are that follow: of these only
	// so many are made at a time.
	long   bool
	handle func(*Server, *answer) error
}

// routes are all there is. An action on the recording is a POST, with its
// arguments as JSON in the body; everything else is a GET and changes nothing.
func routes() []route {
	return []route{
		{"GET", "/v1/", "what can be asked for", nil, false, (*Server).index},
		{"GET", "/v1/status", "how the recording fares", nil, false, (*Server).status},
		{"GET", "/v1/stats", "the numbers of the status", []string{"every"}, false, (*Server).numbers},

		{"GET", "/v1/conns", "connections, newest first", []string{"before", "limit", "filter", "follow"}, false, (*Server).conns},
		{"GET", "/v1/conns/{id}", "one connection", nil, false, (*Server).conn},
		{"GET", "/v1/messages", "messages", []string{"conn", "filter", "from", "start", "limit", "last", "follow"}, true, (*Server).messages},
		{"GET", "/v1/frames", "frames", []string{"conn", "filter", "from", "start", "limit", "last", "follow", "wire"}, true, (*Server).frames},
		{"GET", "/v1/payload", "the payload of a frame", []string{"frame", "conn", "seq"}, true, (*Server).payload},
		{"GET", "/v1/events", "what happened to the recording", []string{"after", "limit", "last", "follow"}, false, (*Server).events},
		{"GET", "/v1/marks", "marks and notes on messages", nil, false, (*Server).marks},
		{"GET", "/v1/snapshot", "a copy of the capture", nil, true, (*Server).snapshot},

		{"GET", "/v1/held", "messages that are held", nil, true, (*Server).held},
		{"POST", "/v1/inject", "send a message into a connection", []string{"timeout"}, false, (*Server).inject},
		{"POST", "/v1/kill", "end a connection", nil, false, (*Server).kill},
		{"POST", "/v1/hold", "hold messages", nil, false, (*Server).hold},
		{"POST", "/v1/verdict", "decide about messages that are held", nil, false, (*Server).decide},
		{"GET", "/v1/rules", "the rules in force", nil, false, (*Server).rules},
		{"POST", "/v1/rules", "put rules in force", nil, false, (*Server).setRules},
		{"POST", "/v1/rule", "switch a rule on or off", nil, false, (*Server).switchRule},

		{"POST", "/v1/prune", "remove the oldest frames", nil, false, (*Server).prune},
		{"POST", "/v1/delete", "remove connections", nil, false, (*Server).delete},
		{"POST", "/v1/marks", "mark a message", nil, false, (*Server).mark},

		{"GET", "/v1/count", "the number of the last frame", []string{"conn"}, false, (*Server).counted},
		{"GET", "/v1/wait", "the version of the capture, when it is another", []string{"version"}, false, (*Server).wait},
		{"GET", "/v1/blocks", "stored blocks", []string{"conn", "from", "records", "limit", "heads", "want"}, false, (*Server).blocks},
		{"GET", "/v1/stored", "how much is stored of a long payload", []string{"frame"}, false, (*Server).stored},
		{"GET", "/v1/part", "the stored part of a long payload", []string{"frame", "offset"}, false, (*Server).part},
	}
}

// answer is a request under way.
type answer struct {
	http.ResponseWriter
	*http.Request
	query   query
	begun   bool
	askTime time.Duration // for the rest of the request
}

// WriteHeader takes note that it is too late for another status.
func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// as sets what kind of content follows.
func (a *answer) as(contentType string) { a.ResponseWriter.Header().Set("Content-Type", contentType) }

// json answers with one value.
func (a *answer) json(v any) error {
	if !a.begun {
		a.as("application/json")
	}
	to := json.NewEncoder(a)
	to.SetEscapeHTML(false)
	return to.Encode(v)
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes() {
		pattern := r.method + " " + r.path
		if strings.HasSuffix(r.path, "/") {
			pattern += "{$}"
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, request *http.Request) { s.answer(r, w, request) })
	}
	mux.HandleFunc("/", s.unknown)
	return mux
}

// answer answers a request for a route. Whatever goes wrong is the client's to
// know: in the status, or when the answer has begun, by its breaking off.
func (s *Server) answer(r route, w http.ResponseWriter, request *http.Request) {
	a := &answer{ResponseWriter: w, Request: request, askTime: s.options.askTime}
	err := s.attempt(r, a)
	if err == nil {
		return
	}
	if !a.begun {
		asProblem(err).write(w)
		return
	}
	panic(http.ErrAbortHandler)
}

func (s *Server) attempt(r route, a *answer) (err error) {
	if excess(a.Request) {
		a.ResponseWriter.Header().Set("Connection", "close")
		return busy("too many readers are connected")
	}
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			s.options.Logger.Error("panic", "route", r.path, "error", v, "stack", string(debug.Stack()))
			err = &problem{Text: "internal error", status: http.StatusInternalServerError}
		}
	}()
	if a.query, err = parseQuery(a.URL.RawQuery, r.params); err != nil {
		return err
	}
	if r.long || a.query.has("follow") || a.query.has("every") {
		select {
		case s.streams <- struct{}{}:
			defer func() { <-s.streams }()
		default:
			return busy("too many long answers are under way")
		}
	}
	return r.handle(s, a)
}

// index lists the routes.
func (s *Server) index(a *answer) error {
	return a.json(struct {
		Capture string   `json:"capture"`
		Routes  []string `json:"routes"`
	}{s.options.Path, listing()})
}

// listing describes the routes, one a line.
func listing() []string {
	var lines []string
	for _, r := range routes() {
		line := r.method + " " + r.path
		if len(r.params) > 0 {
			line += "?" + strings.Join(r.params, "&")
		}
		lines = append(lines, line+"  "+r.about)
	}
	return lines
}

// unknown answers a request for what there is not.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	p := problem{Text: "there is no " + r.URL.Path, status: http.StatusNotFound}
	p.Hint = "ask for one of: " + strings.Join(listing(), "; ")
	known := routes()
	if i := slices.IndexFunc(known, func(k route) bool { return k.path == r.URL.Path }); i >= 0 {
		method := known[i].method
		w.Header().Set("Allow", method)
		p = problem{Text: r.URL.Path + " takes no " + r.Method, Hint: "use " + method, status: http.StatusMethodNotAllowed}
	}
	p.Code = codeUnknown
	p.write(w)
}
