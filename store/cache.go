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

// get returns the block with the given key and stored form.
func (c *cache) get(key uint64, value []byte) (*block, error) {
	e, err := parseEnvelope(value)
	if err != nil {
		return nil, inBlock(key, err)
	}
	if el := c.byKey[key]; el != nil {
		// The last block of a live capture may have grown.
		if b := el.Value.(*block); b.count == e.count {
			c.order.MoveToFront(el)
			return b, nil
		}
		c.order.Remove(el)
	}
	b := new(block)
	if err := b.parse(key, value); err != nil {
		delete(c.byKey, key)
		return nil, err
	}
	if c.byKey == nil {
		c.byKey = make(map[uint64]*list.Element)
	}
	c.byKey[key] = c.order.PushFront(b)
	if c.order.Len() > cacheBlocks {
		oldest := c.order.Back()
		delete(c.byKey, c.order.Remove(oldest).(*block).base)
	}
	return b, nil
}
