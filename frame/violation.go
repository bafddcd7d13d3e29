package frame

// Violation names a rule of RFC 6455 that a frame breaks; zero is none.
type Violation uint8
