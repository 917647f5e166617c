package config_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/config"
)

type level int

func (l *level) UnmarshalText(b []byte) error {
	if string(b) != "high" {
		return fmt.Errorf("want high")
	}
	*l = 9
	return nil
}

type settings struct {
	HTTPAddr string        `env:"FORTNIGHT_HTTP_ADDR" default:"127.0.0.1:8080" doc:"Where to listen."`
	Format   string        `env:"FORTNIGHT_LOG_FORMAT" default:"text" oneof:"text,json" doc:"How to log."`
	Key      config.Secret `env:"FORTNIGHT_KEY" doc:"The key."`
	Limits   struct {
		Timeout time.Duration `env:"FORTNIGHT_TIMEOUT" default:"10s"`
		Size    int32         `env:"FORTNIGHT_SIZE" default:"7"`
		Count   uint8         `env:"FORTNIGHT_COUNT"`
		Ratio   float64       `env:"FORTNIGHT_RATIO" default:"0.5"`
	}
	Services []string `env:"FORTNIGHT_SERVICES" default:"cycle,experiment"`
	Demo     bool     `env:"FORTNIGHT_DEMO"`
	Level    level    `env:"FORTNIGHT_LEVEL"`
	Derived  string   // no setting
}

func defaults() settings {
	s := settings{HTTPAddr: "127.0.0.1:8080", Format: "text", Services: []string{"cycle", "experiment"}}
	s.Limits.Timeout, s.Limits.Size, s.Limits.Ratio = 10*time.Second, 7, 0.5
	return s
}

func files(content map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		text, ok := content[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
}

func options(o config.Options, content map[string]string) config.Options {
	o.Prefix, o.FileKey, o.Ignore, o.ReadFile = "FORTNIGHT_", "FORTNIGHT_CONFIG_FILE", []string{"FORTNIGHT_URL"}, files(content)
	return o
}

func TestLoad(t *testing.T) {
	for name, c := range map[string]struct {
		options config.Options
		files   map[string]string
		want    func(*settings)
		sources map[string]string
	}{
		"nothing but defaults": {config.Options{}, nil, func(*settings) {}, map[string]string{"FORTNIGHT_HTTP_ADDR": "default", "FORTNIGHT_KEY": "default"}},
		"environment": {
			config.Options{Environ: []string{"FORTNIGHT_SIZE=-3", "FORTNIGHT_COUNT=255", "FORTNIGHT_RATIO=1e-2", "FORTNIGHT_DEMO=true", "FORTNIGHT_TIMEOUT=1m30s", "FORTNIGHT_SERVICES= a , b,,", "FORTNIGHT_LEVEL=high", "FORTNIGHT_KEY=k=v", "OTHER=1"}},
			nil,
			func(s *settings) {
				s.Limits.Size, s.Limits.Count, s.Limits.Ratio, s.Limits.Timeout = -3, 255, 0.01, 90*time.Second
				s.Demo, s.Services, s.Level, s.Key = true, []string{"a", "b"}, 9, "k=v"
			},
			map[string]string{"FORTNIGHT_SIZE": "environment", "FORTNIGHT_HTTP_ADDR": "default"},
		},
		"an empty value is a value": {
			config.Options{Environ: []string{"FORTNIGHT_HTTP_ADDR=", "FORTNIGHT_SERVICES=", "FORTNIGHT_TIMEOUT="}},
			nil,
			func(s *settings) { s.HTTPAddr, s.Services, s.Limits.Timeout = "", nil, 0 },
			map[string]string{"FORTNIGHT_HTTP_ADDR": "environment"},
		},
		"each wins over the one before": {
			config.Options{
				Environ: []string{"FORTNIGHT_CONFIG_FILE=/etc/f", "FORTNIGHT_SIZE=2", "FORTNIGHT_RATIO=2"},
				Flags:   map[string]string{"FORTNIGHT_RATIO": "3"},
			},
			map[string]string{"/etc/f": "# comment\n\nFORTNIGHT_LOG_FORMAT=json\n FORTNIGHT_SIZE = 1 \nFORTNIGHT_RATIO=1\n"},
			func(s *settings) { s.Format, s.Limits.Size, s.Limits.Ratio = "json", 2, 3 },
			map[string]string{"FORTNIGHT_LOG_FORMAT": "file /etc/f:3", "FORTNIGHT_SIZE": "environment", "FORTNIGHT_RATIO": "flag", "FORTNIGHT_TIMEOUT": "default"},
		},
		"a given file wins over the named one": {
			config.Options{File: "/given", Environ: []string{"FORTNIGHT_CONFIG_FILE=/named"}},
			map[string]string{"/given": "FORTNIGHT_SIZE=5"},
			func(s *settings) { s.Limits.Size = 5 },
			map[string]string{"FORTNIGHT_SIZE": "file /given:1"},
		},
		"quotes": {
			config.Options{File: "/f"},
			map[string]string{"/f": "FORTNIGHT_HTTP_ADDR=\" a # b \"\r\nFORTNIGHT_KEY='it\"s'\r\n"},
			func(s *settings) { s.HTTPAddr, s.Key = " a # b ", `it"s` }, nil,
		},
		"a secret from a file": {
			config.Options{Environ: []string{"FORTNIGHT_KEY_FILE=/run/key"}},
			map[string]string{"/run/key": " spaced \n"},
			func(s *settings) { s.Key = " spaced " },
			map[string]string{"FORTNIGHT_KEY": "FORTNIGHT_KEY_FILE /run/key"},
		},
		"a secret's file in the file, the secret in the environment": {
			config.Options{File: "/f", Environ: []string{"FORTNIGHT_KEY=direct"}},
			map[string]string{"/f": "FORTNIGHT_KEY_FILE=/run/key", "/run/key": "k"},
			func(s *settings) { s.Key = "direct" },
			map[string]string{"FORTNIGHT_KEY": "environment"},
		},
		"variables of others": {
			config.Options{Environ: []string{"FORTNIGHT_URL=x", "FORTNIGHT_SERVICE_HOST=10.0.0.1", "FORTNIGHT_SERVICE_PORT=1", "FORTNIGHT_SERVICE_PORT_HTTP=1", "FORTNIGHT_PORT=tcp://10.0.0.1:1", "FORTNIGHT_PORT_80_TCP=tcp://x", "FORTNIGHT_PORT_80_TCP_ADDR=x", "FORTNIGHT_NATS_SERVICE_HOST=x", "FORTNIGHTLY=1"}},
			nil, func(*settings) {}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got settings
			shown, err := config.Load(&got, options(c.options, c.files))
			if err != nil {
				t.Fatal(err)
			}
			want := defaults()
			c.want(&want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			sources := map[string]string{}
			for _, s := range shown {
				sources[s.Key] = s.Source
			}
			for key, source := range c.sources {
				if sources[key] != source {
					t.Errorf("%s comes from %q, want %q", key, sources[key], source)
				}
			}
		})
	}
}

func TestShownSettings(t *testing.T) {
	var s settings
	shown, err := config.Load(&s, options(config.Options{Environ: []string{"FORTNIGHT_KEY=canary-1234"}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := (config.Setting{Key: "FORTNIGHT_HTTP_ADDR", Value: "127.0.0.1:8080", Source: "default", Doc: "Where to listen.", Default: "127.0.0.1:8080"}); shown[0] != want {
		t.Errorf("got %+v", shown[0])
	}
	if want := (config.Setting{Key: "FORTNIGHT_KEY", Value: "[secret]", Source: "environment", Doc: "The key.", Secret: true}); shown[2] != want {
		t.Errorf("got %+v", shown[2])
	}
	if len(shown) != 10 {
		t.Errorf("%d settings", len(shown))
	}
	if text := fmt.Sprintf("%+v %#v", shown, shown); strings.Contains(text, "canary") {
		t.Errorf("the secret is shown: %s", text)
	}
}

func TestProblemsComeAllAtOnce(t *testing.T) {
	var s settings
	_, err := config.Load(&s, options(config.Options{
		File: "/f",
		Environ: []string{
			"FORTNIGHT_HTTP_ADR=x", "FORTNIGHT_COMPLETELY_DIFFERENT=x", "FORTNIGHT_HTTP_ADDR_FILE=/x", "FORTNIGHT_SIZE=much", "FORTNIGHT_COUNT=256", "FORTNIGHT_RATIO=half",
			"FORTNIGHT_DEMO=yes please", "FORTNIGHT_TIMEOUT=10", "FORTNIGHT_LEVEL=low", "FORTNIGHT_LOG_FORMAT=xml", "FORTNIGHT_KEY=canary", "FORTNIGHT_KEY_FILE=/missing", "FORTNIGHT_PORT=8080",
		},
		Flags: map[string]string{"FORTNIGHT_DEMOO": "1"},
	}, map[string]string{"/f": "FORTNIGHT_URL=x\ncanary without a name\nFORTNIGHT_SERVICES=\"open\nFORTNIGHT_DEMO=1\nFORTNIGHT_DEMO=0\n"}))
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.Split(err.Error(), "\n")
	want := []string{
		`file /f:2: not a line of the form NAME=value`,
		`file /f:3: FORTNIGHT_SERVICES has a quote that does not end`,
		`file /f:5: FORTNIGHT_DEMO is set already (file /f:4)`,
		`FORTNIGHT_URL (file /f:1) is not a setting`,
		`FORTNIGHT_COMPLETELY_DIFFERENT (environment) is not a setting`,
		`FORTNIGHT_HTTP_ADDR_FILE (environment) is not a setting; only secrets are read from files, set FORTNIGHT_HTTP_ADDR`,
		`FORTNIGHT_HTTP_ADR (environment) is not a setting; did you mean FORTNIGHT_HTTP_ADDR?`,
		`FORTNIGHT_PORT (environment) is not a setting`,
		`FORTNIGHT_KEY and FORTNIGHT_KEY_FILE are both set (environment); set one`,
		`FORTNIGHT_DEMOO (flag) is not a setting; did you mean FORTNIGHT_DEMO?`,
		`FORTNIGHT_LOG_FORMAT (environment): "xml" is not one of text, json`,
		`FORTNIGHT_TIMEOUT (environment): "10" is not a duration such as 30s or 5m`,
		`FORTNIGHT_SIZE (environment): "much" is not a whole number that fits`,
		`FORTNIGHT_COUNT (environment): "256" is not a whole number from 0 on that fits`,
		`FORTNIGHT_RATIO (environment): "half" is not a number`,
		`FORTNIGHT_DEMO (environment): "yes please" is not true or false`,
		`FORTNIGHT_LEVEL (environment): "low" is not valid: want high`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(err.Error(), "canary") {
		t.Error("a secret is in the error")
	}
}

func TestFilesThatAreMissing(t *testing.T) {
	for name, c := range map[string]struct {
		options config.Options
		want    string
	}{
		"settings file":    {config.Options{Environ: []string{"FORTNIGHT_CONFIG_FILE=/no"}}, "FORTNIGHT_CONFIG_FILE: open /no: file does not exist"},
		"file of a secret": {config.Options{Environ: []string{"FORTNIGHT_KEY_FILE=/no"}}, "FORTNIGHT_KEY_FILE (environment): open /no: file does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			var s settings
			if _, err := config.Load(&s, options(c.options, nil)); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

type checked struct {
	A int `env:"FORTNIGHT_A" default:"1"`
	B int `env:"FORTNIGHT_B" default:"2"`
}

func (c *checked) Check() []string {
	if c.A > c.B {
		return []string{"FORTNIGHT_A is greater than FORTNIGHT_B", "and that is bad"}
	}
	return nil
}

func TestRulesAcrossSettings(t *testing.T) {
	if _, err := config.Load(&checked{}, config.Options{}); err != nil {
		t.Error(err)
	}
	_, err := config.Load(&checked{}, config.Options{Environ: []string{"FORTNIGHT_A=3"}})
	if err == nil || err.Error() != "FORTNIGHT_A is greater than FORTNIGHT_B\nand that is bad" {
		t.Errorf("got %v", err)
	}
}

func TestStructsThatAreWrong(t *testing.T) {
	for name, s := range map[string]any{
		"no pointer": settings{},
		"no struct":  new(int),
		"twice": &struct {
			A, B string `env:"FORTNIGHT_A"`
		}{},
		"not exported": &struct {
			a string `env:"FORTNIGHT_A"`
		}{},
		"a type that cannot be read": &struct {
			A map[string]string `env:"FORTNIGHT_A" default:"x"`
		}{},
	} {
		if _, err := config.Load(s, config.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSecretsDoNotShowThemselves(t *testing.T) {
	type holder struct {
		Key   config.Secret
		Inner *struct{ Key config.Secret }
	}
	h := holder{Key: "canary", Inner: &struct{ Key config.Secret }{"canary"}}
	var log strings.Builder
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("x", "key", h.Key, "holder", h, "pointer", &h)
	}
	encoded, err := json.Marshal(map[string]any{"holder": h, "key": h.Key})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%s %d %x %v %+v %#v %q %s", h.Key, h.Key, h.Key, h, h, h, h.Key, url.Values{"a": {h.Key.String()}})
	for what, out := range map[string]string{"log": log.String(), "JSON": string(encoded), "fmt": text} {
		if strings.Contains(out, "canary") || !strings.Contains(out, "secret") {
			t.Errorf("%s: %s", what, out)
		}
	}
	if h.Key.Reveal() != "canary" || config.Secret("").String() != "" {
		t.Error("a secret must be of use, and an unset one visible as such")
	}
}
