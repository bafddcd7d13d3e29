// Package demo is a small world of WebSocket servers and of apps that use them,
// in one process and without a network: something to look at for newcomers,
// pictures and tests.
//
// It promises traffic of many kinds within seconds, the ways in which
// connections go wrong among them, at a rate that can be read; conversations
// that one seed makes again word for word; and memory that does not grow. Its
// servers have names below .test, which nobody else can have (RFC 6761 section
// 6.2) and which only its own tunnel knows: the proxy that is to be shown reaches
// them through Demo.Upstream. It listens on loopback alone and connects to nothing
// but the proxy it is given. It writes no files and trusts no authority but those
// it is given.
package demo
