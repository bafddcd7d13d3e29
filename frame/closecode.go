package frame

// CloseCode is the status code of a close frame (RFC 6455 section 7.4).
type CloseCode uint16
