package edge

import "regexp"

var w3c = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

// traceparent takes over a W3C trace context, or none when it is not one.
func traceparent(values []string) string {
	if len(values) != 1 {
		return ""
	}
	parts := w3c.FindStringSubmatch(values[0])
	if len(parts) != 3 || parts[1] == "00000000000000000000000000000000" || parts[2] == "0000000000000000" {
		return ""
	}
	return values[0]
}
