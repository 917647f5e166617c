package picture

import (
	"crypto/sha256"
	"encoding/base64"
	"image/color"
	"strconv"
	"strings"
)

// Look is how a class looks. Colours are tokens of the visual system.
type Look struct {
	Class        Class
	Fill, Stroke string
	Width        float64
	Dash         [2]float64
	// Opacity of the stroke; 0 is 1.
	Opacity float64
	Size    float64
	Bold    bool
}

// Sheet is how the pictures of one kind look.
type Sheet struct {
	// Style is the style of the pictures, for pages that have it in their own sheet.
	Style string
	// Policy is the Content-Security-Policy for a picture that is looked at by itself: its own style and nothing else.
	Policy string

	name  string
	looks map[Class]Look
}

// tokens are the colours in light and in dark.
var tokens = []struct {
	name, light, dark string
}{
	{"s1", "#FFFFFF", "#1A1D20"},
	{"ink1", "#1A1C1F", "#ECEDEE"},
	{"ink2", "#4C5159", "#B9BEC5"},
	{"ink3", "#646A73", "#959BA4"},
	{"line", "#DADAD4", "#32373C"},
	{"bad", "#B3261E", "#FF8A80"},
}

// NewSheet makes the sheet of the pictures with the class name. They have their own light and dark colours and take those of the page
// that they stand in, where the page has the custom properties --s1, --ink1, --ink2, --ink3, --line and --bad.
func NewSheet(name string, looks ...Look) *Sheet {
	s := &Sheet{name: name, looks: map[Class]Look{}}
	var light, dark, rules strings.Builder
	for _, t := range tokens {
		light.WriteString("--chart-" + t.name + ":" + t.light + ";")
		dark.WriteString("--chart-" + t.name + ":" + t.dark + ";")
	}
	for _, l := range looks {
		s.looks[l.Class] = l
		rules.WriteString("." + name + " ." + string(l.Class) + "{" + l.css() + "}\n")
	}
	s.Style = "." + name + "{" + light.String() + "font-family:ui-sans-serif,system-ui,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif;font-variant-numeric:tabular-nums}\n" +
		"@media (prefers-color-scheme:dark){." + name + "{" + dark.String() + "}}\n" + rules.String()
	s.Policy = "default-src 'none'; style-src " + s.Source() + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return s
}

// Source is what a Content-Security-Policy calls the style.
func (s *Sheet) Source() string {
	sum := sha256.Sum256([]byte(s.Style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Look is how a class looks.
func (s *Sheet) Look(c Class) Look { return s.looks[c] }

func (l Look) css() string {
	token := func(name string) string {
		if name == "" {
			return "none"
		}
		return "var(--" + name + ",var(--chart-" + name + "))"
	}
	s := "fill:" + token(l.Fill)
	if l.Stroke != "" {
		s += ";stroke:" + token(l.Stroke) + ";stroke-width:" + length(l.Width) + ";stroke-linejoin:round"
	}
	if l.Dash[0] > 0 {
		s += ";stroke-dasharray:" + length(l.Dash[0]) + " " + length(l.Dash[1])
	}
	if l.Opacity > 0 {
		s += ";stroke-opacity:" + length(l.Opacity)
	}
	if l.Size > 0 {
		s += ";font-size:" + length(l.Size) + "px"
	}
	if l.Bold {
		s += ";font-weight:600"
	}
	return s
}

func length(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// LightColor is a token's light colour.
func LightColor(name string) color.NRGBA {
	for _, t := range tokens {
		if t.name == name {
			return color.NRGBA{R: hexByte(t.light[1:3]), G: hexByte(t.light[3:5]), B: hexByte(t.light[5:7]), A: 255}
		}
	}
	return color.NRGBA{}
}

func hexByte(s string) (b uint8) {
	for _, c := range s {
		b = b<<4 | uint8(strings.IndexRune("0123456789ABCDEF", c))
	}
	return b
}
