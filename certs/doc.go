// Package certs is the local certificate authority by which wsluice reads
// inside TLS, the ways to have it trusted, and the reading of certificate files a
// user names.
//
// It promises that every installation has a root of its own, made on first use,
// whose key is created exclusively, readable by its owner only, and never
// leaves its file; that every leaf has a fresh random key; and that a file it
// finds is never overwritten, however broken. A store that others trust is
// changed by Store.Install and Store.Uninstall alone, with the programs its system
// has for that, and only in what is this authority's. The package never puts a
// name that came from the network into a path, never opens a connection, and
// starts no goroutine.
package certs
