package control

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"time"

	"github.com/wsluice/wsluice/store"
)

const (
	// lookEvery is the time between two looks at a file at rest.
	lookEvery = 250 * time.Millisecond
	// settled is how old a change must be for the next one to have another time.
	settled = 100 * time.Millisecond
)

// Wait implements store.Source. At rest it returns when somebody has written to
// the file or put another in its place, and holds no lock meanwhile.
func (c *capture) Wait(ctx context.Context, version uint64) (uint64, error) {
	for {
		seen, err := look(c.path)
		if err != nil {
			return version, err
		}
		now, err := c.version(ctx, version)
		switch {
		case interrupted(err):
			continue
		case err == nil && now != version:
			return now, nil
		case err != nil && !errors.Is(err, store.ErrLocked):
			return version, err
		}
		if err := c.stir(ctx, seen); err != nil {
			return version, err
		}
	}
}

// version returns the version of the capture. Through a recorder it waits until
// that is another than the given one.
func (c *capture) version(ctx context.Context, than uint64) (uint64, error) {
	h, err := c.acquire(ctx)
	if err != nil {
		return 0, err
	}
	// A version counts the commits of one file.
	salt := h.at.salt()
	var past uint64
	if h.live {
		past = than ^ salt
	}
	version, err := h.source.Wait(ctx, past)
	c.release(h, h.live && interrupted(err))
	return version ^ salt, err
}

// stir waits until the file is not as it was seen, or has a recorder.
func (c *capture) stir(ctx context.Context, seen sight) error {
	for {
		if err := sleep(ctx, lookEvery); err != nil {
			return err
		}
		now, err := look(c.path)
		if err != nil {
			return err
		}
		if now != seen || c.recorded(ctx) {
			return nil
		}
	}
}

// recorded reports whether somebody listens on the socket of the capture.
func (c *capture) recorded(ctx context.Context) bool {
	at, err := locate(c.path)
	if err != nil || at.check() != nil {
		return false
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", at.socket())
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// sight is how a file looks from outside.
type sight struct {
	identity
	size     int64
	modified int64
	settled  bool // the next change will show
}

func look(path string) (sight, error) {
	at, _, err := identify(path)
	if err != nil {
		return sight{}, fmt.Errorf("watch capture %s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return sight{}, fmt.Errorf("watch capture %s: %w", path, err)
	}
	return sight{
		identity: at, size: info.Size(), modified: info.ModTime().UnixNano(),
		settled: time.Since(info.ModTime()) > settled,
	}, nil
}

// salt makes versions of different files different.
func (i identity) salt() uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%x-%x", i.device, i.file)
	return h.Sum64()
}
