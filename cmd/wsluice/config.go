package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/wsluice/wsluice/inspector/draw"
	"github.com/wsluice/wsluice/inspector/keys"
)

const configHint = "$WSLUICE_HOME/config.toml or $XDG_CONFIG_HOME/wsluice/config.toml"

// config is how a user likes the inspector.
type config struct {
	theme *draw.Theme
	mouse bool
	keys  *keys.Map
}

// readConfig reads the configuration file; without one all is as by default.
func readConfig() (config, error) {
	dir, err := home("XDG_CONFIG_HOME", ".config")
	if err != nil {
		return config{}, err
	}
	path := filepath.Join(dir, "config.toml")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return config{}, err
	}
	c, err := parseConfig(string(text))
	if err != nil {
		return config{}, usagef("see wsluice inspect --help for what can stand there", "%s: %w", path, err)
	}
	return c, nil
}

func parseConfig(text string) (config, error) {
	var file struct {
		Theme string              `toml:"theme"`
		Mouse bool                `toml:"mouse"`
		Keys  map[string][]string `toml:"keys"`
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return config{}, err
	}
	if odd := meta.Undecoded(); len(odd) > 0 {
		return config{}, fmt.Errorf("%q is no setting; there are theme, mouse and keys", odd[0].String())
	}
	c := config{mouse: file.Mouse, theme: draw.Themes()[0]}
	if file.Theme != "" {
		if c.theme = draw.ThemeNamed(file.Theme); c.theme == nil {
			return config{}, fmt.Errorf("there is no theme %q; there are %s", file.Theme, themeNames())
		}
	}
	c.keys, err = keys.New(file.Keys)
	return c, err
}

// themeNames lists the themes.
func themeNames() string {
	var names []string
	for _, t := range draw.Themes() {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}
