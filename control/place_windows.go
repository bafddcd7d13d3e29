package control

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// identify returns what the file at path is. Its owner is not looked at.
func identify(path string) (identity, int, error) {
	f, err := os.Open(path)
	if err != nil {
		return identity{}, 0, err
	}
	defer f.Close()
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info); err != nil {
		return identity{}, 0, &os.PathError{Op: "identify", Path: path, Err: err}
	}
	return identity{
		device: uint64(info.VolumeSerialNumber),
		file:   uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow),
	}, -1, nil
}

// home returns the folder for sockets: below the user's profile, which is closed
// to others.
func home(int) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "wsluice"), nil
}

// check returns an error when the folder is not there.
func (p *place) check() error {
	_, err := os.Lstat(p.folder)
	return err
}

// make makes the folder unless it is there.
func (p *place) make() error { return os.MkdirAll(p.folder, 0o700) }

// secure does nothing: the socket inherits the permissions of the profile.
func (p *place) secure() error { return nil }
