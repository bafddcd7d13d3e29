//go:build !windows

package proxy

import "syscall"

// resetErrors are how the system reports that the peer has reset a connection,
// to a reader and to a writer.
var resetErrors = [...]error{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}
