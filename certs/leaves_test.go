package certs

import (
	"crypto/tls"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Catches a cache that grows with the names asked for, or forgets those in use.
func TestLeavesAreBounded(t *testing.T) {
	minted := make(map[string]int)
	l := newLeaves(3, func(name string, _ time.Time) (*tls.Certificate, error) {
		minted[name]++
		return new(tls.Certificate), nil
	})
	now := time.Now()
	for i := range 100 {
		l.get("often", now)
		l.get(strconv.Itoa(i), now)
	}
	if minted["often"] != 1 {
		t.Errorf("the leaf in use was minted %d times", minted["often"])
	}
	if len(l.byName) != 3 || l.recent.Len() != 3 {
		t.Errorf("%d names, %d leaves are kept", len(l.byName), l.recent.Len())
	}
	l.get("99", now)
	l.get("0", now)
	if minted["99"] != 1 || minted["0"] != 2 {
		t.Errorf("the last name was minted %d times, the first %d", minted["99"], minted["0"])
	}
}

// Catches a burst of connections to one host that mints a leaf for each, and a
// slow mint that holds up other names.
func TestLeavesMintOnce(t *testing.T) {
	var minted atomic.Int32
	release := make(chan struct{})
	l := newLeaves(8, func(name string, _ time.Time) (*tls.Certificate, error) {
		if name == "slow" {
			minted.Add(1)
			<-release
		}
		return new(tls.Certificate), nil
	})
	now := time.Now()
	var burst sync.WaitGroup
	var got [32]*tls.Certificate
	for i := range got {
		burst.Go(func() { got[i], _ = l.get("slow", now) })
	}
	if _, err := l.get("other", now); err != nil {
		t.Error(err)
	}
	close(release)
	burst.Wait()
	if n := minted.Load(); n != 1 {
		t.Errorf("minted %d times", n)
	}
	for _, c := range got {
		if c != got[0] {
			t.Fatal("the burst got different leaves")
		}
	}
}
