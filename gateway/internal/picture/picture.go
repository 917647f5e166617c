// Package picture is what drawn answers are made of: lines, areas, discs and texts with looks in light and dark, written as SVG that
// holds no script and says in words what it shows.
package picture

import (
	"strings"
	"unicode"
)

// Class says how a shape looks; the sheet of a picture has a look for each.
type Class string

// Point is a place, in CSS pixels from the upper left corner.
type Point struct{ X, Y float64 }

// At makes a point.
func At(x, y float64) Point { return Point{X: x, Y: y} }

// Kind is what a shape is.
type Kind int

// The kinds of shapes.
const (
	// Line is one open line through all points.
	Line Kind = iota
	// Area is filled.
	Area
	// Disc is a filled circle of the radius about the first point.
	Disc
	// Text stands at the first point.
	Text
)

// Anchor is what stands at the point of a text.
type Anchor string

// The anchors of texts.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Shape is one thing in a picture.
type Shape struct {
	Kind   Kind
	Class  Class
	Points []Point
	Radius float64
	Text   string
	Anchor Anchor
}

// Picture is made of shapes, the later ones before the earlier ones.
type Picture struct {
	// Width and Height are in CSS pixels.
	Width, Height float64
	// Name and Finding are for those who cannot see it.
	Name, Finding string
	Shapes        []Shape
}

// Line adds an open line.
func (p *Picture) Line(c Class, points ...Point) {
	p.Shapes = append(p.Shapes, Shape{Kind: Line, Class: c, Points: points})
}

// Area adds a filled area.
func (p *Picture) Area(c Class, points ...Point) {
	p.Shapes = append(p.Shapes, Shape{Kind: Area, Class: c, Points: points})
}

// Disc adds a filled circle.
func (p *Picture) Disc(c Class, at Point, radius float64) {
	p.Shapes = append(p.Shapes, Shape{Kind: Disc, Class: c, Points: []Point{at}, Radius: radius})
}

// Text adds a text.
func (p *Picture) Text(c Class, a Anchor, x, y float64, s string) {
	p.Shapes = append(p.Shapes, Shape{Kind: Text, Class: c, Points: []Point{{X: x, Y: y}}, Text: s, Anchor: a})
}

// Wrapped breaks words into lines of so many characters at most, between words.
func Wrapped(s string, most int) (lines []string) {
	for s != "" {
		r := []rune(s)
		if len(r) <= most {
			return append(lines, s)
		}
		at := strings.LastIndexByte(string(r[:most+1]), ' ')
		if at <= 0 {
			return append(lines, Cut(s, most))
		}
		lines, s = append(lines, s[:at]), s[at+1:]
	}
	return lines
}

// Cut shortens what would not fit; who reads it aloud gets the whole.
func Cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// Plain is a text that people wrote on one line, without what cannot be seen or turns the writing round: control and format characters,
// the marks for the direction of writing among them, and what is no character.
func Plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, r&0xFFFE == 0xFFFE, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
