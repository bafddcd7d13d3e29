// Package statistics computes what the messages of one connection amount to, and
// draws it: counts, rate and bytes over time, sizes, compression, ping round
// trips, pauses, and all that was out of the ordinary.
//
// A Collector is given the messages and keeps no more than some 200 KiB, however
// many there are; a Report is what it knows at one moment; its Lines are a page
// for a terminal, with plots.
//
// The package promises that counts are exact, that quantiles are within 1 % of the
// exact value, and that a page is never wider than asked and holds nothing but
// printable characters. It keeps no message, and no payload but those of pings that
// wait for their pong. It never looks at a clock, and starts no goroutines.
package statistics
