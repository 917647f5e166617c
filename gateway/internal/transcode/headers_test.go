package transcode

import (
	"strings"
	"testing"
)

func FuzzParseIdempotencyKey(f *testing.F) {
	for _, seed := range []string{`"key"`, `key`, `"a\"b"`, `"`, `""`, ` x `, "\x00", `"a" "b"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		key, ok := ParseIdempotencyKey(value)
		if !ok {
			return
		}
		if key == "" || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q was read as %q", value, key)
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		if again, ok := ParseIdempotencyKey(quoted); !ok || again != key {
			t.Errorf("%q in quotes was read as %q, %v", key, again, ok)
		}
	})
}

func FuzzParseEntityTag(f *testing.F) {
	for _, seed := range []string{`"e-1"`, `W/"e-1"`, `e-1`, `*`, `"a", "b"`, `"`, `W/`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		etag, ok := ParseEntityTag(value)
		if !ok || etag == "" {
			return
		}
		if again, ok := ParseEntityTag(etag); !ok || again != etag || len(etag) < 3 || strings.Count(etag, `"`) != 2 {
			t.Errorf("%q was read as %s, and that as %s, %v", value, etag, again, ok)
		}
	})
}
