package control

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// identity tells files apart, whatever names they have.
type identity struct{ device, file uint64 }

// place is where the socket of a capture is. It follows from the capture's file
// alone: every name of the file, and whatever the environment of a process,
// leads to the same place, and a file put in the capture's stead to another.
type place struct {
	identity
	owner  int    // of the capture, and so of folder and socket; -1 where there is none
	folder string // for its owner only
}

// locate returns the place of the capture at path, which must exist.
func locate(path string) (place, error) {
	id, owner, err := identify(path)
	if err != nil {
		return place{}, err
	}
	folder, err := home(owner)
	if err != nil {
		return place{}, fmt.Errorf("find a place for the control socket: %w", err)
	}
	return place{identity: id, owner: owner, folder: folder}, nil
}

// socket returns the path of the socket. It is shorter than the 104 bytes that
// an address has room for.
func (p *place) socket() string {
	return filepath.Join(p.folder, fmt.Sprintf("%x-%x.sock", p.device, p.file))
}

// sweep removes sockets that killed recorders of other captures have left. One
// that was made just now may be about to be listened on.
func (p *place) sweep() {
	const young, most = time.Minute, 1000
	folder, err := os.Open(p.folder)
	if err != nil {
		return
	}
	defer folder.Close()
	entries, _ := folder.ReadDir(most)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Type() != os.ModeSocket || time.Since(info.ModTime()) < young {
			continue
		}
		name := filepath.Join(p.folder, e.Name())
		c, err := net.DialTimeout("unix", name, time.Second)
		switch {
		case err == nil:
			c.Close()
		case errors.Is(err, syscall.ECONNREFUSED):
			_ = os.Remove(name)
		}
	}
}
