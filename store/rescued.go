package store

import "github.com/wsluice/wsluice/frame"

// rescued is what was found of a connection.
type rescued struct {
	find
	lost bool // there is no record of it
	// open is set while its end is not known. What it carried is counted then,
	// from the global number counted on.
	open    *counters
	counted uint64
	began   int64
	// arriving is set for a side whose last frame came to no end.
	arriving [2]bool
}

// describe returns the record of a connection that has ended, and how many
// frames it counts.
func (c *rescued) describe(id uint64, s *survey) (p []byte, frames uint64, err error) {
	stored := storedConnection{Connection: frame.Connection{ID: id, State: frame.Open}}
	if c.lost {
		stored.Start = instant(c.began)
		p, err = appendConnection(nil, &stored.Connection)
	} else {
		p = s.value(c.find)
		err = stored.merge(p)
	}
	if err != nil {
		return nil, 0, err
	}
	if c.open != nil {
		c.open.long = [2]uint64{}
		stored.setCounters(c.open)
		end := stored.abandon()
		if c.lost {
			end.Error = "what was known of the connection besides its frames is lost"
		}
		p = appendCounters(appendEnd(p, frame.Closed, &end), c.open)
	}
	return p, stored.Frames[0] + stored.Frames[1], nil
}
