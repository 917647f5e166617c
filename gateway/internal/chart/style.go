package chart

import (
	"crypto/sha256"
	"encoding/base64"
	"image/color"
	"strconv"
	"strings"
)

// look is how a class looks. Colours are tokens of the visual system.
type look struct {
	fill, stroke string
	width        float64
	dash         [2]float64
	// opacity of the stroke; 0 is 1.
	opacity float64
	size    float64
	bold    bool
}

var looks = map[class]look{
	paper:  {fill: "s1"},
	grid:   {stroke: "line", width: 1},
	data:   {stroke: "ink2", width: 1.5},
	dense:  {stroke: "ink2", width: 0.75, opacity: 0.5},
	dot:    {fill: "ink1"},
	centre: {stroke: "ink3", width: 1.5},
	limit:  {stroke: "ink3", width: 1.5, dash: [2]float64{7, 5}},
	border: {stroke: "ink3", width: 1, dash: [2]float64{2, 4}},
	signal: {fill: "bad", stroke: "s1", width: 1},
	title:  {fill: "ink1", size: 20, bold: true},
	words:  {fill: "ink2", size: 14},
	label:  {fill: "ink2", size: 12},
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

// Style is the style of every picture, for pages that have it in their own sheet.
var Style = makeStyle()

// Policy is the Content-Security-Policy for a picture that is looked at by itself: its own style and nothing else.
var Policy = makePolicy()

func makeStyle() string {
	var light, dark, rules strings.Builder
	for _, t := range tokens {
		light.WriteString("--chart-" + t.name + ":" + t.light + ";")
		dark.WriteString("--chart-" + t.name + ":" + t.dark + ";")
	}
	for _, c := range []class{paper, grid, data, dense, dot, centre, limit, border, signal, title, words, label} {
		rules.WriteString(".fn-chart ." + string(c) + "{" + looks[c].css() + "}\n")
	}
	return ".fn-chart{" + light.String() + "font-family:ui-sans-serif,system-ui,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif;font-variant-numeric:tabular-nums}\n" +
		"@media (prefers-color-scheme:dark){.fn-chart{" + dark.String() + "}}\n" + rules.String()
}

func (l look) css() string {
	token := func(name string) string {
		if name == "" {
			return "none"
		}
		return "var(--" + name + ",var(--chart-" + name + "))"
	}
	s := "fill:" + token(l.fill)
	if l.stroke != "" {
		s += ";stroke:" + token(l.stroke) + ";stroke-width:" + length(l.width) + ";stroke-linejoin:round"
	}
	if l.dash[0] > 0 {
		s += ";stroke-dasharray:" + length(l.dash[0]) + " " + length(l.dash[1])
	}
	if l.opacity > 0 {
		s += ";stroke-opacity:" + length(l.opacity)
	}
	if l.size > 0 {
		s += ";font-size:" + length(l.size) + "px"
	}
	if l.bold {
		s += ";font-weight:600"
	}
	return s
}

func length(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func makePolicy() string {
	sum := sha256.Sum256([]byte(Style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// lightColor is a token's light colour.
func lightColor(name string) color.NRGBA {
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
