package frame

import "syscall"

// resetErrors are how the system reports that the peer has reset a connection.
var resetErrors = [...]error{syscall.WSAECONNRESET, syscall.WSAECONNABORTED}
