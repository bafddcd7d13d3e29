package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// readBuffer is what ends that carry much read into.
const readBuffer = 256 << 10

// send writes frames until the job's time or number is reached, then a close
// frame. Before that it stores in expect how many bytes the receiver will have
// got by then, which counts frames as the side sends them whose frames it gets.
func (l *load) send(e *end, t *traffic, gets frame.Side, expect *atomic.Int64) (sent int, err error) {
	start := time.Now()
	until := start.Add(l.Time)
	for i := 0; ; i++ {
		write := t.writes[i%len(t.writes)]
		n := t.perWrite
		if l.Rate > 0 {
			const writes = 200 // a second
			n = min(n, max(1, l.Rate/writes))
			time.Sleep(time.Until(start.Add(time.Duration(sent) * time.Second / time.Duration(l.Rate))))
		}
		if l.Messages > 0 {
			n = min(n, l.Messages-sent)
		} else if time.Now().After(until) {
			n = 0
		}
		if n == 0 {
			break
		}
		if _, err := e.Write(write[:n*t.wire]); err != nil {
			return sent, fmt.Errorf("send: %w", err)
		}
		sent += n
	}
	expect.Store(int64(sent)*int64(wireSize(gets, l.Size)) + int64(len(closing(gets))))
	if _, err := e.Write(closing(e.side)); err != nil {
		return sent, fmt.Errorf("send the close frame: %w", err)
	}
	return sent, nil
}

// receive reads until the bytes in expect, which is set before the last of them
// are sent, have come.
func receive(e *end, expect *atomic.Int64) error {
	buffer := make([]byte, readBuffer)
	for got := int64(0); ; {
		n, err := e.Read(buffer)
		got += int64(n)
		switch want := expect.Load(); {
		case want > 0 && got == want:
			return nil
		case want > 0 && got > want:
			return fmt.Errorf("received %d bytes, %d were sent", got, want)
		case err != nil:
			return fmt.Errorf("receive after %d of %d bytes: %w", got, want, err)
		}
	}
}

// push sends messages one way. If it is to wait, it calls hold before.
func (l *load) push(ctx context.Context, hold func(outcome) error) (outcome, error) {
	from, to, err := l.pair(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer from.Close()
	defer to.Close()
	if l.Work == pushDown {
		from, to = to, from
	}
	t := newTraffic(from.side, l.Size)
	if l.Wait {
		if err := hold(outcome{}); err != nil {
			return outcome{}, err
		}
	}
	var expect atomic.Int64
	received := make(chan error, 1)
	start := time.Now()
	go func() {
		err := receive(to, &expect)
		if err != nil {
			from.Close() // or it would send for ever
		}
		received <- err
	}()
	sent, err := l.send(from, t, from.side, &expect)
	if err != nil {
		to.Close()
	}
	if err = errors.Join(err, <-received); err != nil {
		return outcome{}, err
	}
	result := outcome{Messages: sent, Frames: sent + 2, Time: time.Since(start)}
	return result, answerClose(from, to)
}

// answerClose sends the close frame back from an end that has received one.
func answerClose(from, to *end) error {
	answer := closing(to.side)
	if _, err := to.Write(answer); err != nil {
		return fmt.Errorf("answer the close frame: %w", err)
	}
	if _, err := io.ReadFull(from, answer); err != nil {
		return fmt.Errorf("read the answer to the close frame: %w", err)
	}
	return nil
}

// pushEcho sends messages to a server that sends them back.
func (l *load) pushEcho(ctx context.Context) (outcome, error) {
	client, server, err := l.pair(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer client.Close()
	defer server.Close()
	t := newTraffic(frame.Client, l.Size)
	var expect atomic.Int64
	echoed, received := make(chan error, 1), make(chan error, 1)
	start := time.Now()
	go func() { echoed <- server.echo(readBuffer) }()
	go func() {
		err := receive(client, &expect)
		if err != nil {
			client.Close()
		}
		received <- err
	}()
	sent, err := l.send(client, t, frame.Server, &expect)
	if err != nil {
		client.Close()
	}
	if err = errors.Join(err, <-received); err != nil {
		server.Close()
	}
	result := outcome{Messages: sent, Frames: 2*sent + 2, Time: time.Since(start)}
	return result, errors.Join(err, <-echoed)
}

// roundTrips sends one message at a time and waits for its echo.
func (l *load) roundTrips(ctx context.Context) (outcome, error) {
	client, server, err := l.pair(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer client.Close()
	defer server.Close()
	t := newTraffic(frame.Client, l.Size)
	echoed := make(chan error, 1)
	go func() { echoed <- server.echo(readBuffer) }()
	answer := make([]byte, wireSize(frame.Server, l.Size))
	var times []time.Duration
	start := time.Now()
	for err == nil && time.Since(start) < l.Time {
		i := len(times) % (len(t.writes) * t.perWrite)
		message := t.writes[i/t.perWrite][i%t.perWrite*t.wire:][:t.wire]
		began := time.Now()
		if err = exchange(client, message, answer); err == nil {
			times = append(times, time.Since(began))
		}
	}
	result := outcome{Messages: len(times), Frames: 2*len(times) + 2, Time: time.Since(start)}
	if err == nil {
		err = exchange(client, closing(frame.Client), answer[:4])
	}
	if err != nil {
		server.Close()
	}
	if err = errors.Join(err, <-echoed); err != nil {
		return outcome{}, err
	}
	slices.Sort(times)
	result.P50, result.P99 = quantile(times, 0.5), quantile(times, 0.99)
	return result, nil
}

// exchange sends a message and reads the answer, whose size is known.
func exchange(e *end, message, answer []byte) error {
	if _, err := e.Write(message); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if _, err := io.ReadFull(e, answer); err != nil {
		return fmt.Errorf("read the echo: %w", err)
	}
	return nil
}
