package store

import "container/list"

// cacheBlocks is how many inflated blocks a reader keeps, of 64 KiB each as a
// rule. A page of one in a thousand busy connections touches about a hundred.
const cacheBlocks = 128

// cache keeps the blocks that were read last, so that scrolling is cheap. The
// zero value is empty.
type cache struct {
	byKey map[uint64]*list.Element // of *block
	order list.List                // the latest first
}

// get returns the block with the given key and number of records, or nil: the
// last block of a live capture grows.
func (c *cache) get(key uint64, records uint32) *block {
	el := c.byKey[key]
	if el == nil || el.Value.(*block).count != records {
		return nil
	}
	c.order.MoveToFront(el)
	return el.Value.(*block)
}

// put keeps b, which must not change any more.
func (c *cache) put(b *block) {
	if c.byKey == nil {
		c.byKey = make(map[uint64]*list.Element)
	}
	if el := c.byKey[b.base]; el != nil {
		c.order.Remove(el)
	}
	c.byKey[b.base] = c.order.PushFront(b)
	if c.order.Len() > cacheBlocks {
		oldest := c.order.Back()
		delete(c.byKey, c.order.Remove(oldest).(*block).base)
	}
}
