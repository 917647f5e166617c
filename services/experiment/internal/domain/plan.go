package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// CanonicalPlan returns the plan in the form that is hashed: one JSON object in the canonical form of RFC 8785 (members in
// the order of their names, no white space, shortest numbers), so that anybody can compute the hash again. Its members:
//
//	baselineValue, byDate, change, confidencePercent, displayName, expectedUpperValue, expectedValue, falsification, gameDay, learning,
//	metric, name, obstacle, reason, safeToFail
//
// and of gameDay, an object:
//
//	abortCondition, blastRadius, method, prediction, rollback, steadyState (hypothesis, lower, probe, upper)
//
// A text that is not given is "", a number that is not given is null. But expectedUpperValue, falsification, gameDay and learning, which
// plans did not have at first, are left out when they are not given: so the hash of an older plan stays what it was.
func (e *Experiment) CanonicalPlan() string {
	p := e.Prediction
	confidence := float64(p.ConfidencePercent)
	members := [][2]string{
		{"baselineValue", canonicalNumber(p.BaselineValue)},
		{"byDate", canonicalString(p.ByDate)},
		{"change", canonicalString(p.Change)},
		{"confidencePercent", canonicalNumber(&confidence)},
		{"displayName", canonicalString(e.DisplayName)},
	}
	if p.ExpectedUpperValue != nil {
		members = append(members, [2]string{"expectedUpperValue", canonicalNumber(p.ExpectedUpperValue)})
	}
	members = append(members, [2]string{"expectedValue", canonicalNumber(p.ExpectedValue)})
	if p.Falsification != "" {
		members = append(members, [2]string{"falsification", canonicalString(p.Falsification)})
	}
	if e.GameDay != nil {
		members = append(members, [2]string{"gameDay", e.GameDay.canonical()})
	}
	if e.Learning != "" {
		members = append(members, [2]string{"learning", canonicalString(e.Learning)})
	}
	members = append(members, [][2]string{
		{"metric", canonicalString(p.Metric)},
		{"name", canonicalString(e.Name)},
		{"obstacle", canonicalString(e.Obstacle)},
		{"reason", canonicalString(p.Reason)},
		{"safeToFail", canonicalString(e.SafeToFail)},
	}...)
	parts := make([]string, len(members))
	for i, m := range members {
		parts[i] = canonicalString(m[0]) + ":" + m[1]
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// planHash is the SHA-256 of the canonical plan in UTF-8, hexadecimal.
func (e *Experiment) planHash() string {
	sum := sha256.Sum256([]byte(e.CanonicalPlan()))
	return hex.EncodeToString(sum[:])
}

// canonicalNumber relies on encoding/json, which writes numbers as ECMAScript does; RFC 8785 asks for just that.
func canonicalNumber(v *float64) string {
	if v == nil {
		return "null"
	}
	text, err := json.Marshal(*v + 0) // + 0 turns a negative zero into zero
	if err != nil {
		return "null" // a value that is not finite never gets into a plan
	}
	return string(text)
}

// canonicalString escapes what RFC 8785 escapes and nothing else; encoding/json escapes more.
func canonicalString(s string) string {
	const hexDigits = "0123456789abcdef"
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, string(utf8.RuneError)) {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\f':
			b.WriteString(`\f`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20:
			b.WriteString(`\u00`)
			b.WriteByte(hexDigits[r>>4])
			b.WriteByte(hexDigits[r&15])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
