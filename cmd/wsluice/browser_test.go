package main

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func TestBrowserArgs(t *testing.T) {
	tests := []struct {
		name  string
		args  []string
		dash  int
		url   string
		extra []string
		fails bool
	}{
		{name: "nothing", dash: -1},
		{name: "url", args: []string{"https://a.example"}, dash: -1, url: "https://a.example"},
		{name: "url and flags", args: []string{"https://a.example", "--", "--incognito"}, dash: -1, url: "https://a.example", extra: []string{"--incognito"}},
		{name: "flags", args: []string{"--incognito", "--x"}, dash: 0, extra: []string{"--incognito", "--x"}},
		{name: "flag of ours too late", args: []string{"https://a.example", "--insecure"}, dash: -1, fails: true},
	}
	for _, test := range tests {
		url, extra, err := browserArgs(test.args, test.dash)
		if url != test.url || !slices.Equal(extra, test.extra) || (err != nil) != test.fails {
			t.Errorf("%s: got %q, %q, %v", test.name, url, extra, err)
		}
	}
}

// TestFindBrowser would catch a place that is not looked into.
func TestFindBrowser(t *testing.T) {
	env := map[string]string{
		"HOME": "/Users/me", "ProgramFiles": `C:\Program Files`, "ProgramFiles(x86)": `C:\Program Files (x86)`,
		"LocalAppData": `C:\Users\me\AppData\Local`,
	}
	for _, test := range []struct{ goos, there, want string }{
		{"linux", "chromium", "/usr/bin/chromium"},
		{"linux", "brave-browser", "/usr/bin/brave-browser"},
		{"darwin", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", ""},
		{"darwin", "/Users/me/Applications/Chromium.app/Contents/MacOS/Chromium", ""},
		{"windows", `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, ""},
		{"windows", `C:\Users\me\AppData\Local\Google\Chrome\Application\chrome.exe`, ""},
	} {
		look := func(name string) (string, error) {
			switch {
			case name != test.there:
				return "", fs.ErrNotExist
			case test.want != "":
				return test.want, nil
			}
			return name, nil
		}
		got, err := findBrowser(test.goos, func(name string) string { return env[name] }, look)
		if err != nil || got != test.want && got != test.there {
			t.Errorf("%s with %s: got %q, %v", test.goos, test.there, got, err)
		}
	}
	_, err := findBrowser("linux", func(string) string { return "" }, func(string) (string, error) { return "", fs.ErrNotExist })
	f, ok := errors.AsType[*failure](err)
	if !ok || f.code != exitNotFound || !strings.Contains(f.Error(), "chromium") || f.hint == "" {
		t.Errorf("without a browser: %v", err)
	}
}
