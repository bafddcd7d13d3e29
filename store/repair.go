package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Salvage is what a repair saved and what it did not.
type Salvage struct {
	Frames, Connections uint64
	// Lost is how many frames are known to be missing now and were not before.
	// What stood behind the last frame that was found is not known.
	Lost uint64
	// Broken counts blocks and parts of payloads that did not pass their checks,
	// Cut long payloads of which the end is missing because of that.
	Broken, Cut uint64
	// Unnamed counts connections of which there are frames, but not what they
	// were.
	Unnamed uint64
	// Pages counts places in the file that could not be read; what was there may
	// have been found elsewhere, or be of no importance.
	Pages uint64
}

// Whole reports whether nothing is known to be lost.
func (s *Salvage) Whole() bool { return s.Lost == 0 && s.Broken == 0 && s.Cut == 0 && s.Unnamed == 0 }

// DamagedPath is where Repair keeps the damaged capture at path.
func DamagedPath(path string) string { return path + ".damaged" }

// Repair copies every block, part of a payload and connection of the capture at
// from that passes its checks into a new one at to, also when so much of the
// file is lost that it cannot be opened. Where frames are missing in the middle
// of a connection that is noted, so that the new capture is whole. Frames that
// were deleted or pruned stay so, unless the notes of that are lost too. Global
// numbers are given anew from 1.
//
// With to equal to from, the damaged file is kept as DamagedPath says, where
// there must be none yet, and the new one takes its place. Otherwise there must
// be no file at to. Either happens at the end; when anything fails before,
// nothing has changed.
//
// Progress, unless it is nil, is told the blocks looked at and how many there
// are. Errors are ErrNotCapture when nothing of a capture is found, ErrVersion,
// ErrLocked after 5 seconds, fs.ErrExist, and syscall.ENOSPC.
func Repair(ctx context.Context, from, to string, progress func(done, total int64)) (Salvage, error) {
	inPlace := from == to
	path, err := filepath.EvalSymlinks(from)
	if err != nil {
		return Salvage{}, fmt.Errorf("repair: %w", err)
	}
	if inPlace {
		to = path
	}
	s, err := repair(ctx, path, to, progress)
	if err != nil {
		return Salvage{}, fmt.Errorf("repair %s: %w", from, err)
	}
	return s, nil
}

func repair(ctx context.Context, from, to string, progress func(done, total int64)) (Salvage, error) {
	aside := to
	if from == to {
		aside = DamagedPath(from)
	}
	if there, err := os.Lstat(aside); err == nil && !(from == to && sameFile(from, there)) {
		return Salvage{}, fmt.Errorf("%s: %w", aside, os.ErrExist)
	}
	f, err := openOwn(from, lockTimeout)
	if err != nil {
		return Salvage{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Salvage{}, err
	}
	draft := draftPath(to)
	r := &rescue{ctx: ctx, progress: progress, next: make(map[uint64]uint64), conns: make(map[uint64]*rescued), tombs: make(map[uint64]bool)}
	if err := r.run(f, info.Size(), draft); err != nil {
		return Salvage{}, err
	}
	if !replaceOpen {
		f.Close()
	}
	if from == to {
		err = setAside(from, aside)
		if err == nil {
			err = replace(draft, from)
		}
	} else {
		if err = setAside(draft, to); err == nil {
			os.Remove(draft)
			err = syncFolder(to)
		}
	}
	if err != nil {
		os.Remove(draft)
		return Salvage{}, err
	}
	return r.salvage, nil
}

// sameFile reports whether the file at path is the one described.
func sameFile(path string, other os.FileInfo) bool {
	info, err := os.Stat(path)
	return err == nil && os.SameFile(info, other)
}

// setAside gives the file at path the further name to, which no other file may
// have. Where a file can have one name only, it loses the one it had.
func setAside(path, to string) error {
	err := os.Link(path, to)
	if err == nil {
		return nil
	}
	if there, missing := os.Lstat(to); missing == nil {
		if sameFile(path, there) { // a repair was killed at this point
			return nil
		}
		return fmt.Errorf("%s: %w", to, os.ErrExist)
	}
	return os.Rename(path, to)
}

// openOwn opens the regular file at path so that nobody else can have it open as
// a capture, and waits at most the given time for that.
func openOwn(path string, wait time.Duration) (*os.File, error) {
	for deadline := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		switch {
		case err != nil:
		case !info.Mode().IsRegular():
			err = fmt.Errorf("%w: it is no regular file", ErrNotCapture)
		case info.Size() == 0:
			err = fmt.Errorf("%w: the file is empty", ErrNotCapture)
		default:
			var mine bool
			if mine, err = tryOwn(f); mine && sameFile(path, info) {
				return f, nil
			}
		}
		f.Close()
		switch {
		case err != nil:
			return nil, err
		case !time.Now().Before(deadline):
			return nil, ErrLocked
		}
	}
}
