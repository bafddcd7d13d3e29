package control

import (
	"context"
	"sync"
)

// opened are the captures that Open has opened in this process. A file can be
// written to only while nobody reads it, so whoever writes has to find them.
var opened = struct {
	sync.Mutex
	captures map[*capture]struct{}
	writing  chan struct{} // holds one while they have made way
}{captures: make(map[*capture]struct{}), writing: make(chan struct{}, 1)}

// enter adds c to the captures that make way.
func (c *capture) enter() {
	opened.Lock()
	defer opened.Unlock()
	opened.captures[c] = struct{}{}
}

// leave takes c off them.
func (c *capture) leave() {
	opened.Lock()
	defer opened.Unlock()
	delete(opened.captures, c)
}

// makeWay has all readers of this process let go of the file at path, until back
// is called: calls that come meanwhile wait. One under way, such as a snapshot,
// keeps the file until it is done.
func makeWay(ctx context.Context, path string) (back func(), err error) {
	at, _, err := identify(path)
	if err != nil {
		return nil, err
	}
	select {
	case opened.writing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var aside []*capture
	back = func() {
		for _, c := range aside {
			<-c.opening
		}
		<-opened.writing
	}
	opened.Lock()
	all := make([]*capture, 0, len(opened.captures))
	for c := range opened.captures {
		all = append(all, c)
	}
	opened.Unlock()
	for _, c := range all {
		if own, _, err := identify(c.path); err != nil || own != at {
			continue
		}
		select {
		case c.opening <- struct{}{}:
			aside = append(aside, c)
			c.letGo()
		case <-ctx.Done():
			back()
			return nil, ctx.Err()
		}
	}
	return back, nil
}

// letGo lets go of a file at rest.
func (c *capture) letGo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now != nil && !c.now.live {
		c.drop(c.now)
	}
}
