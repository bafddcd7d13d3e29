package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/wsluice/wsluice"

// rooms is the table of docs/architecture.md: which packages of ours, and which
// foreign modules, each package may import outside its tests. A folder within a
// room that has a row of its own is a room of its own; who may import a room may
// import those within.
var rooms = map[string]struct{ ours, libraries []string }{
	"frame":          {libraries: []string{"github.com/klauspost/compress/flate"}},
	"certs":          {libraries: []string{"software.sslmate.com/src/go-pkcs12"}},
	"filter":         {ours: []string{"frame"}, libraries: []string{"github.com/expr-lang/expr"}},
	"store":          {ours: []string{"frame", "filter"}, libraries: []string{"go.etcd.io/bbolt", "github.com/klauspost/compress/s2", "github.com/klauspost/compress/zstd", "google.golang.org/protobuf/encoding/protowire", "golang.org/x/sys"}},
	"proxy":          {ours: []string{"frame", "certs", "filter"}, libraries: []string{"github.com/elazarl/goproxy", "github.com/gorilla/websocket", "golang.org/x/net"}},
	"proxy/rules":    {ours: []string{"frame", "filter"}, libraries: []string{"go.yaml.in/yaml"}},
	"control":        {ours: []string{"frame", "filter", "store", "proxy"}, libraries: []string{"golang.org/x/sys"}},
	"client":         {ours: []string{"frame", "filter"}, libraries: []string{"golang.org/x/net"}},
	"client/compare": {ours: []string{"frame"}},
	"client/replay":  {ours: []string{"frame", "filter", "client"}},
	"decode":         {ours: []string{"frame"}, libraries: []string{"github.com/vmihailenco/msgpack", "github.com/fxamacker/cbor", "google.golang.org/protobuf/encoding/protowire"}},
	"export":         {ours: []string{"frame", "decode"}, libraries: []string{"golang.org/x/crypto/chacha20poly1305"}},
	"inspector":      {ours: []string{"frame", "filter", "decode", "export"}, libraries: []string{"github.com/rivo/tview", "github.com/gdamore/tcell"}},
	"mock/recorded":  {ours: []string{"frame", "client"}},
	"cmd":            {ours: []string{"frame", "certs", "filter", "store", "proxy", "control", "client", "mock", "decode", "export", "inspector"}, libraries: []string{"github.com/BurntSushi/toml", "github.com/gdamore/tcell", "golang.org/x/image", "github.com/creack/pty", "github.com/spf13", "golang.org/x/term", "github.com/schollz/progressbar", "github.com/gorilla/websocket", "github.com/elazarl/goproxy", "github.com/klauspost/compress/s2", "golang.org/x/sys"}},
}

// TestImports catches an arrow between rooms, or a library, that the
// architecture does not have.
func TestImports(t *testing.T) {
	type listed struct {
		ImportPath string
		Imports    []string
		Standard   bool
	}
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	checked := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; checked++ {
		var pkg listed
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(pkg.ImportPath, module+"/")
		may, known := rooms[room]
		if !known {
			room, _, _ = strings.Cut(room, "/")
			may, known = rooms[room]
		}
		if !known {
			t.Errorf("package %s is in no room of the architecture", pkg.ImportPath)
			continue
		}
		for _, imported := range pkg.Imports {
			if !allowed(room, imported, may.ours, may.libraries) {
				t.Errorf("%s must not import %s", pkg.ImportPath, imported)
			}
		}
	}
	if checked < len(rooms) {
		t.Errorf("checked %d packages for %d rooms", checked, len(rooms))
	}
}

func allowed(room, imported string, ours, libraries []string) bool {
	if own, ok := strings.CutPrefix(imported, module+"/"); ok {
		own, _, _ = strings.Cut(own, "/")
		return own == room || slices.Contains(ours, own)
	}
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(libraries, func(l string) bool {
		return imported == l || strings.HasPrefix(imported, l+"/") || path.Dir(imported) == l
	})
}
