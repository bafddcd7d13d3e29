// Command wsluice is an intercepting WebSocket debugging proxy.
//
// This package reads flags, environment and files named by a person, builds the
// rooms from them and connects their doors. Each subcommand is a file of its
// own. Only this package prints, knows exit codes and ends the process.
package main
