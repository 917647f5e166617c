package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// masked is shown in place of a secret that is set.
const masked = "[secret]"

// Secret is a text that never shows itself: not in logs, not in JSON, not through fmt (but as the
// key of a map JSON would write it out). Its zero value is an unset secret
// and shows as nothing.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns a mask.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// Format writes a mask whatever the verb is.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns a mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON returns a mask.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText returns a mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
