package certs

import (
	"container/list"
	"crypto/tls"
	"sync"
	"time"
)

// maxLeaves bounds the leaves kept, some 4 KiB each. A client that asks for ever
// new names costs signatures, not memory.
const maxLeaves = 1024

// leafUse is how long a leaf is handed out. What is left of its life then is for
// connections made with it shortly before.
const leafUse = leafLifetime / 2

// leaves keeps the leaves used last. A leaf that several goroutines want at
// once is minted once.
type leaves struct {
	bound int
	mint  func(name string, now time.Time) (*tls.Certificate, error)

	lock   sync.Mutex
	byName map[string]*list.Element // of *cachedLeaf
	recent *list.List               // the one used last in front
}

type cachedLeaf struct {
	name  string
	until time.Time
	get   func() (*tls.Certificate, error)
}

func newLeaves(bound int, mint func(string, time.Time) (*tls.Certificate, error)) *leaves {
	return &leaves{bound: bound, mint: mint, byName: make(map[string]*list.Element), recent: list.New()}
}

// get returns the leaf for name, which is canonical.
func (l *leaves) get(name string, now time.Time) (*tls.Certificate, error) {
	// Minting happens outside the lock: a new name does not hold up others.
	return l.entry(name, now).get()
}

func (l *leaves) entry(name string, now time.Time) *cachedLeaf {
	l.lock.Lock()
	defer l.lock.Unlock()
	if e := l.byName[name]; e != nil {
		if leaf := e.Value.(*cachedLeaf); now.Before(leaf.until) {
			l.recent.MoveToFront(e)
			return leaf
		}
		l.recent.Remove(e)
	}
	leaf := &cachedLeaf{name: name, until: now.Add(leafUse), get: sync.OnceValues(func() (*tls.Certificate, error) {
		return l.mint(name, now)
	})}
	l.byName[name] = l.recent.PushFront(leaf)
	if l.recent.Len() > l.bound {
		oldest := l.recent.Remove(l.recent.Back()).(*cachedLeaf)
		delete(l.byName, oldest.name)
	}
	return leaf
}
