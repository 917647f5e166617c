package chart

// The picture in CSS pixels.
const (
	width  = 960
	height = 610
)

// class says how a shape looks; style.go has a look for each.
type class string

const (
	paper  class = "paper"
	grid   class = "grid"
	data   class = "data"
	dense  class = "dense"
	dot    class = "dot"
	centre class = "centre"
	limit  class = "limit"
	border class = "border"
	signal class = "signal"
	title  class = "title"
	words  class = "words"
	label  class = "label"
)

type point struct{ x, y float64 }

type kind int

const (
	// line is one open line through all points.
	line kind = iota
	// area is filled.
	area
	// disc is a filled circle of the radius about the first point.
	disc
	// text stands at the first point.
	text
)

type anchor string

const (
	start  anchor = "start"
	middle anchor = "middle"
	end    anchor = "end"
)

// shape is one thing in a picture.
type shape struct {
	kind   kind
	class  class
	points []point
	radius float64
	text   string
	anchor anchor
}

// picture is what both forms are made of.
type picture struct {
	// name and finding are for those who cannot see it.
	name, finding string
	shapes        []shape
}

func (p *picture) line(c class, points ...point) {
	p.shapes = append(p.shapes, shape{kind: line, class: c, points: points})
}

func (p *picture) area(c class, points ...point) {
	p.shapes = append(p.shapes, shape{kind: area, class: c, points: points})
}

func (p *picture) disc(at point, radius float64) {
	p.shapes = append(p.shapes, shape{kind: disc, class: dot, points: []point{at}, radius: radius})
}

func (p *picture) text(c class, a anchor, x, y float64, s string) {
	p.shapes = append(p.shapes, shape{kind: text, class: c, points: []point{{x, y}}, text: s, anchor: a})
}
