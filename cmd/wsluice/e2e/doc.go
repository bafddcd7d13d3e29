// Package e2e proves wsluice from outside: real clients talk to real servers
// through a real wsluice process, and what both ends say they sent and received
// is compared with the capture, byte by byte.
//
// It holds tests only, behind the build tag e2e. They need what setup.sh
// installs (Node with the packages of package-lock.json, Debian's Python
// packages, curl, Chromium, tshark) and fail where that is missing:
//
//	cmd/wsluice/e2e/setup.sh && go test -tags e2e -count 1 ./cmd/wsluice/e2e/
//
// WSLUICE_BIN names the binary to test; without it one is built.
//
// # Peers
//
// The clients and servers in peers/ all speak one small protocol with the
// tests: plans in, events out, both as JSON lines. A client reads plans from its
// standard input and plays one after the other; PROXY in its environment is the
// proxy's URL, CA the file with the authority to trust. A server is told its
// certificate and key, reports the ports it listens on (for ws and wss, each
// with compression off, without context takeover, and with it), and takes its
// steps from the query of each request. Both end with their input.
//
//	{"case":"17","url":"wss://localhost:4711/17?steps=[...]","deflate":true,
//	 "protocols":["a","b"],"headers":{},"origin":"","steps":[{"do":"send",...}]}
//
// A step is one of
//
//	{"do":"send","type":"text","text":"hello"}        also "base64", or "size" for noise
//	{"do":"fragments","texts":["a","b"],"repeat":9,"ping":"p"}
//	                                                  each text so often is a fragment, a ping after the first
//	{"do":"ping","text":"p"}                          and waits for the pong
//	{"do":"receive","count":1}                        waits for data messages
//	{"do":"echo"}                                     sends back all that comes
//	{"do":"close","code":4001,"reason":"done"}        code 0: without a code
//
// and after the last one a peer takes in what comes until the connection is
// over. The events of a case are open, then sent and received (with type, size
// and SHA-256 of the payload), then closed with the code and reason received;
// or refused, with the status, or failed.
package e2e
