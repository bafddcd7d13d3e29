// Command wsluice-bench measures what wsluice costs, against bare relays that
// carry the same traffic in the same run, and writes BENCHMARKS.md.
//
// It starts each relay as a process of its own, the real wsluice among them, so
// that CPU and memory are those of the relay alone; clients and servers are a
// third process. Everything happens on loopback, in a temporary folder that is
// removed at the end, and in rounds: each round visits every relay in turn, and
// ratios are taken within a round, because neighbours on a shared machine change
// the absolute figures from one minute to the next.
//
// Figures are only good if nothing was lost, so the frames in every capture are
// counted against those sent; one that is missing fails the run.
package main
