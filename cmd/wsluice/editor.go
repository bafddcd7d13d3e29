package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// editor returns what runs the user's editor on a file with the terminal to
// itself: $VISUAL, otherwise $EDITOR. It is nil when neither is set.
func editor() func(path string) error {
	command := strings.TrimSpace(os.Getenv("VISUAL"))
	if command == "" {
		command = strings.TrimSpace(os.Getenv("EDITOR"))
	}
	if command == "" {
		return nil
	}
	return func(path string) error {
		c := editorCommand(command, path)
		c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("run the editor %q: %w", command, err)
		}
		return nil
	}
}

// editorCommand takes the command as a shell does where there is one, as it may
// have arguments and quotes.
func editorCommand(command, path string) *exec.Cmd {
	if runtime.GOOS != "windows" {
		return exec.Command("sh", "-c", command+` "$1"`, "sh", path)
	}
	if _, err := exec.LookPath(command); err == nil {
		return exec.Command(command, path)
	}
	words := strings.Fields(command)
	return exec.Command(words[0], append(words[1:], path)...)
}
