package chart

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// density is how many pixels of the image make one of the picture.
const density = 2

func (p *picture) png() ([]byte, error) {
	c := &canvas{image: image.NewRGBA(image.Rect(0, 0, width*density, height*density)), faces: map[class]font.Face{}}
	for _, s := range p.shapes {
		if err := c.paint(s); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&b, c.image); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type canvas struct {
	image *image.RGBA
	faces map[class]font.Face
	path  vector.Rasterizer
}

func (c *canvas) paint(s shape) error {
	l := looks[s.class]
	switch s.kind {
	case text:
		return c.write(s, l)
	case disc:
		c.fill([][]point{circle(s.points[0], s.radius)}, l.fill, 1)
	case area:
		c.fill([][]point{s.points}, l.fill, 1)
		if l.stroke != "" {
			c.fill(outline(append(s.points, s.points[0]), l.width), l.stroke, l.opacity)
		}
	case line:
		if l.dash[0] > 0 {
			var dashes [][]point
			for _, dash := range dashed(s.points[0], s.points[len(s.points)-1], l.dash) {
				dashes = append(dashes, outline(dash, l.width)...)
			}
			c.fill(dashes, l.stroke, l.opacity)
			return nil
		}
		c.fill(outline(s.points, l.width), l.stroke, l.opacity)
	}
	return nil
}

// fill paints polygons, all turning the same way, in the rectangle that they need.
func (c *canvas) fill(polygons [][]point, token string, opacity float64) {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, polygon := range polygons {
		for _, p := range polygon {
			low.x, low.y = min(low.x, p.x), min(low.y, p.y)
			high.x, high.y = max(high.x, p.x), max(high.y, p.y)
		}
	}
	box := image.Rect(int(math.Floor(low.x*density)), int(math.Floor(low.y*density)), int(math.Ceil(high.x*density)), int(math.Ceil(high.y*density)))
	box = box.Inset(-1).Intersect(c.image.Bounds())
	if box.Empty() {
		return
	}
	c.path.Reset(box.Dx(), box.Dy())
	for _, polygon := range polygons {
		for i, p := range polygon {
			x, y := float32(p.x*density-float64(box.Min.X)), float32(p.y*density-float64(box.Min.Y))
			if i == 0 {
				c.path.MoveTo(x, y)
			} else {
				c.path.LineTo(x, y)
			}
		}
		c.path.ClosePath()
	}
	ink := lightColor(token)
	if opacity > 0 {
		ink.A = uint8(255 * opacity)
	}
	c.path.Draw(c.image, box, image.NewUniform(ink), image.Point{})
}

// outline is a line of some width: a rectangle for each piece and a disc where two meet.
func outline(points []point, width float64) (polygons [][]point) {
	half := width / 2
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		if length == 0 {
			continue
		}
		dx, dy := (b.y-a.y)/length*half, (a.x-b.x)/length*half
		polygons = append(polygons, []point{{a.x + dx, a.y + dy}, {b.x + dx, b.y + dy}, {b.x - dx, b.y - dy}, {a.x - dx, a.y - dy}})
		if i > 1 {
			polygons = append(polygons, circle(a, half))
		}
	}
	return polygons
}

// dashed cuts a straight line into dashes.
func dashed(a, b point, dash [2]float64) (pieces [][]point) {
	length := math.Hypot(b.x-a.x, b.y-a.y)
	for at := 0.0; at < length; at += dash[0] + dash[1] {
		from, to := at/length, min(at+dash[0], length)/length
		pieces = append(pieces, []point{
			{a.x + (b.x-a.x)*from, a.y + (b.y-a.y)*from},
			{a.x + (b.x-a.x)*to, a.y + (b.y-a.y)*to},
		})
	}
	return pieces
}

// circle turns the way that outline's rectangles do.
func circle(at point, radius float64) []point {
	const corners = 16
	points := make([]point, corners)
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		points[i] = point{at.x + radius*cos, at.y + radius*sin}
	}
	return points
}

// fonts are Go's own, which come with golang.org/x/image.
var fonts = sync.OnceValues(func() ([2]*opentype.Font, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return [2]*opentype.Font{}, err
	}
	bold, err := opentype.Parse(gobold.TTF)
	return [2]*opentype.Font{regular, bold}, err
})

func (c *canvas) face(of class, l look) (font.Face, error) {
	if known, ok := c.faces[of]; ok {
		return known, nil
	}
	both, err := fonts()
	if err != nil {
		return nil, err
	}
	chosen := both[0]
	if l.bold {
		chosen = both[1]
	}
	face, err := opentype.NewFace(chosen, &opentype.FaceOptions{Size: l.size * density, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, err
	}
	c.faces[of] = face
	return face, nil
}

func (c *canvas) write(s shape, l look) error {
	face, err := c.face(s.class, l)
	if err != nil {
		return err
	}
	d := font.Drawer{Dst: c.image, Src: image.NewUniform(color.Color(lightColor(l.fill))), Face: face}
	at := fixed.Point26_6{X: fixed.Int26_6(s.points[0].x * density * 64), Y: fixed.Int26_6(s.points[0].y * density * 64)}
	switch s.anchor {
	case end:
		at.X -= d.MeasureString(s.text)
	case middle:
		at.X -= d.MeasureString(s.text) / 2
	case start:
	}
	d.Dot = at
	d.DrawString(s.text)
	return nil
}
