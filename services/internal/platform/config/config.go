// Package config fills a struct of settings from its defaults, a file, the environment and flags, each winning over the
// one before, and knows where each value came from. All problems are reported at once.
//
// A setting is an exported field with tags:
//
//	HTTPAddr string `env:"FORTNIGHT_HTTP_ADDR" default:"127.0.0.1:8080" doc:"Where to listen."`
//	Format   string `env:"FORTNIGHT_LOG_FORMAT" default:"text" oneof:"text,json" doc:"…"`
//	Key      config.Secret `env:"FORTNIGHT_KEY" doc:"…"`
//
// Field types are string, bool, integers, float64, time.Duration, []string (comma-separated), Secret, and whatever
// implements encoding.TextUnmarshaler. Structs without a tag are groups. A Secret may also be read from a file whose path
// is in the same variable with _FILE behind it; one line break at the file's end is cut off.
package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
)

// Options says where settings come from. The zero value reads nothing but the defaults.
type Options struct {
	// Environ holds NAME=value pairs, as os.Environ returns them.
	Environ []string
	// File is the path of a settings file with NAME=value lines; empty means the one that the variable FileKey names, or
	// none. Lines that are empty or begin with # are skipped; a value may stand in single or double quotes.
	File string
	// FileKey is the variable that names the file, such as FORTNIGHT_CONFIG_FILE.
	FileKey string
	// Flags holds values given on the command line, by variable name.
	Flags map[string]string
	// Prefix, such as FORTNIGHT_, marks the variables that must be known: an unknown one is an error.
	Prefix string
	// Ignore lists variables with the prefix that belong to somebody else.
	Ignore []string
	// ReadFile reads files; os.ReadFile when nil.
	ReadFile func(path string) ([]byte, error)
}

// Setting is one effective value, for people.
type Setting struct {
	// Key is the variable's name.
	Key string
	// Value is the effective value as text; a secret is masked.
	Value string
	// Source is "default", "file PATH:LINE", "environment", "KEY_FILE PATH" or "flag".
	Source string
	// Doc says what the setting does.
	Doc string
	// Default is the value when nobody says otherwise.
	Default string
	// Secret is true for values that are masked and have a _FILE twin.
	Secret bool
}

// Checker is implemented by settings that have rules across fields. Check returns one sentence per problem.
type Checker interface{ Check() []string }

// Load fills settings, a pointer to a struct, and returns every setting in the struct's order. The error lists all
// problems, one per line, and never holds a secret. After an error the struct must not be used.
func Load(settings any, o Options) ([]Setting, error) {
	target := reflect.ValueOf(settings)
	if target.Kind() != reflect.Pointer || target.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("config: settings must be a pointer to a struct, not %T", settings)
	}
	fields, err := fieldsOf(target.Elem())
	if err != nil {
		return nil, err
	}
	if o.ReadFile == nil {
		o.ReadFile = os.ReadFile
	}
	l := &loader{Options: o, fields: fields, values: map[string]value{}}
	l.readDefaults()
	environ := l.environment()
	l.readFile(environ)
	l.readEnvironment(environ)
	l.readFlags()
	shown := l.assign()
	if checker, ok := settings.(Checker); ok && len(l.problems) == 0 {
		l.problems = checker.Check()
	}
	if len(l.problems) > 0 {
		return nil, errors.New(strings.Join(l.problems, "\n"))
	}
	return shown, nil
}

// value is a setting's text and where it was found.
type value struct{ text, source string }

type loader struct {
	Options
	fields   []field
	values   map[string]value
	problems []string
}

func (l *loader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

func (l *loader) readDefaults() {
	for _, f := range l.fields {
		l.values[f.key] = value{f.def, "default"}
	}
}

// source is one place with settings: their texts and where in it each stands.
type source map[string]value

// take lets the settings of one source win over what there was.
func (l *loader) take(from source) {
	for _, f := range l.fields {
		direct, given := from[f.key]
		if given {
			l.values[f.key] = direct
		}
		if !f.secret {
			continue
		}
		twin := f.key + "_FILE"
		path, ok := from[twin]
		switch {
		case !ok || path.text == "":
			continue
		case given:
			l.problem("%s and %s are both set (%s); set one", f.key, twin, path.source)
			continue
		}
		content, err := l.ReadFile(path.text)
		if err != nil {
			l.problem("%s (%s): %v", twin, path.source, err)
			continue
		}
		text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
		l.values[f.key] = value{text, twin + " " + path.text}
	}
}

func (l *loader) readFlags() {
	from := source{}
	for key, text := range l.Flags {
		from[key] = value{text, "flag"}
	}
	l.refuseUnknown(from, false)
	l.take(from)
}

// environment returns the variables that may be settings.
func (l *loader) environment() source {
	from := source{}
	for _, pair := range l.Environ {
		if key, text, ok := strings.Cut(pair, "="); ok {
			from[key] = value{text, "environment"}
		}
	}
	return from
}

func (l *loader) readEnvironment(from source) {
	l.refuseUnknown(from, true)
	l.take(from)
}

func (l *loader) readFile(environ source) {
	path, named := l.File, "the settings file"
	if path == "" && l.FileKey != "" {
		path, named = environ[l.FileKey].text, l.FileKey
	}
	if path == "" {
		return
	}
	content, err := l.ReadFile(path)
	if err != nil {
		l.problem("%s: %v", named, err)
		return
	}
	from := l.parseFile(path, string(content))
	l.refuseUnknown(from, false)
	l.take(from)
}

// assign writes all values into the struct.
func (l *loader) assign() []Setting {
	shown := make([]Setting, 0, len(l.fields))
	for _, f := range l.fields {
		v := l.values[f.key]
		if err := f.set(v.text); err != nil {
			what := fmt.Sprintf("%q", v.text)
			if f.secret {
				what = "the value"
			}
			l.problem("%s (%s): %s %v", f.key, v.source, what, err)
		}
		s := Setting{Key: f.key, Value: v.text, Source: v.source, Doc: f.doc, Default: f.def, Secret: f.secret}
		if f.secret {
			s.Value, s.Default = Secret(s.Value).String(), Secret(s.Default).String()
		}
		shown = append(shown, s)
	}
	return shown
}
