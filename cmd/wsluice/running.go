package main

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/wsluice/wsluice/control"
)

// running returns the address of the proxy that records into the capture at path
// now, if there is one.
func (p *program) running(ctx context.Context, path string) (address string, ok bool, err error) {
	status, err := askStatus(ctx, path)
	if errors.Is(err, control.ErrNotRecording) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return reachable(status.Address), true, nil
}

// askStatus asks the recorder of the capture at path how it fares. Without one
// that is control.ErrNotRecording.
func askStatus(ctx context.Context, path string) (control.Status, error) {
	client, err := control.Dial(ctx, path)
	if err != nil {
		return control.Status{}, err
	}
	defer client.Close()
	return client.Status(ctx)
}

// reachable returns where a proxy that listens on address is reached from the
// same machine.
func reachable(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsUnspecified() {
		return address
	}
	host := "127.0.0.1"
	if at.Addr().Is6() {
		host = "::1"
	}
	_, port, _ := net.SplitHostPort(address)
	return net.JoinHostPort(host, port)
}
