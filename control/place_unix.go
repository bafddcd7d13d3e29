//go:build unix

package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// identify returns what the file at path is, and its owner.
func identify(path string) (identity, int, error) {
	info, err := os.Stat(path)
	if err != nil {
		return identity{}, 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, 0, fmt.Errorf("%s has no file number", path)
	}
	return identity{uint64(stat.Dev), uint64(stat.Ino)}, int(stat.Uid), nil
}

// home returns the folder for the sockets of a user. It is not one of those the
// environment names: that of a service, of cron or of sudo differs from that of
// a terminal.
func home(owner int) (string, error) { return "/tmp/wsluice-" + strconv.Itoa(owner), nil }

// check returns an error unless only the owner of the capture can have put
// something into the folder.
func (p *place) check() error {
	info, err := os.Lstat(p.folder)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", p.folder)
	case !ok || int(stat.Uid) != p.owner:
		return fmt.Errorf("%s belongs to another user", p.folder)
	case info.Mode().Perm() != 0o700:
		return fmt.Errorf("%s has mode %04o, not 0700", p.folder, info.Mode().Perm())
	}
	return nil
}

// make makes the folder unless it is there.
func (p *place) make() error {
	err := os.Mkdir(p.folder, 0o700)
	switch {
	case err == nil:
		err = p.give(p.folder)
	case errors.Is(err, fs.ErrExist):
		err = nil
	}
	if err != nil {
		return err
	}
	return p.check()
}

// secure leaves the socket to the owner of the capture alone.
func (p *place) secure() error {
	if err := os.Chmod(p.socket(), 0o600); err != nil {
		return err
	}
	return p.give(p.socket())
}

// give makes the owner of the capture that of path: root may record what
// belongs to another user, who may read it meanwhile.
func (p *place) give(path string) error {
	if os.Geteuid() == p.owner {
		return nil
	}
	return os.Lchown(path, p.owner, -1)
}
