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

	"github.com/fortnighthq/fortnight/gateway/internal/picture"
)

// density is how many pixels of the image make one of the picture.
const density = 2

func paint(p *picture.Picture) ([]byte, error) {
	c := &canvas{image: image.NewRGBA(image.Rect(0, 0, width*density, height*density)), faces: map[picture.Class]font.Face{}}
	for _, s := range p.Shapes {
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
	faces map[picture.Class]font.Face
	path  vector.Rasterizer
}

func (c *canvas) paint(s picture.Shape) error {
	l := Sheet.Look(s.Class)
	switch s.Kind {
	case picture.Text:
		return c.write(s, l)
	case picture.Disc:
		c.fill([][]picture.Point{circle(s.Points[0], s.Radius)}, l.Fill, 1)
	case picture.Area:
		c.fill([][]picture.Point{s.Points}, l.Fill, 1)
		if l.Stroke != "" {
			c.fill(outline(append(s.Points, s.Points[0]), l.Width), l.Stroke, l.Opacity)
		}
	case picture.Line:
		if l.Dash[0] > 0 {
			var dashes [][]picture.Point
			for _, dash := range dashed(s.Points[0], s.Points[len(s.Points)-1], l.Dash) {
				dashes = append(dashes, outline(dash, l.Width)...)
			}
			c.fill(dashes, l.Stroke, l.Opacity)
			return nil
		}
		c.fill(outline(s.Points, l.Width), l.Stroke, l.Opacity)
	}
	return nil
}

// fill paints polygons, all turning the same way, in the rectangle that they need.
func (c *canvas) fill(polygons [][]picture.Point, token string, opacity float64) {
	low, high := picture.At(math.Inf(1), math.Inf(1)), picture.At(math.Inf(-1), math.Inf(-1))
	for _, polygon := range polygons {
		for _, p := range polygon {
			low.X, low.Y = min(low.X, p.X), min(low.Y, p.Y)
			high.X, high.Y = max(high.X, p.X), max(high.Y, p.Y)
		}
	}
	box := image.Rect(int(math.Floor(low.X*density)), int(math.Floor(low.Y*density)), int(math.Ceil(high.X*density)), int(math.Ceil(high.Y*density)))
	box = box.Inset(-1).Intersect(c.image.Bounds())
	if box.Empty() {
		return
	}
	c.path.Reset(box.Dx(), box.Dy())
	for _, polygon := range polygons {
		for i, p := range polygon {
			x, y := float32(p.X*density-float64(box.Min.X)), float32(p.Y*density-float64(box.Min.Y))
			if i == 0 {
				c.path.MoveTo(x, y)
			} else {
				c.path.LineTo(x, y)
			}
		}
		c.path.ClosePath()
	}
	ink := picture.LightColor(token)
	if opacity > 0 {
		ink.A = uint8(255 * opacity)
	}
	c.path.Draw(c.image, box, image.NewUniform(ink), image.Point{})
}

// outline is a line of some width: a rectangle for each piece and a disc where two meet.
func outline(points []picture.Point, width float64) (polygons [][]picture.Point) {
	half := width / 2
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		length := math.Hypot(b.X-a.X, b.Y-a.Y)
		if length == 0 {
			continue
		}
		dx, dy := (b.Y-a.Y)/length*half, (a.X-b.X)/length*half
		polygons = append(polygons, []picture.Point{picture.At(a.X+dx, a.Y+dy), picture.At(b.X+dx, b.Y+dy), picture.At(b.X-dx, b.Y-dy), picture.At(a.X-dx, a.Y-dy)})
		if i > 1 {
			polygons = append(polygons, circle(a, half))
		}
	}
	return polygons
}

// dashed cuts a straight line into dashes.
func dashed(a, b picture.Point, dash [2]float64) (pieces [][]picture.Point) {
	length := math.Hypot(b.X-a.X, b.Y-a.Y)
	for at := 0.0; at < length; at += dash[0] + dash[1] {
		from, to := at/length, min(at+dash[0], length)/length
		pieces = append(pieces, []picture.Point{
			picture.At(a.X+(b.X-a.X)*from, a.Y+(b.Y-a.Y)*from),
			picture.At(a.X+(b.X-a.X)*to, a.Y+(b.Y-a.Y)*to),
		})
	}
	return pieces
}

// circle turns the way that outline's rectangles do.
func circle(at picture.Point, radius float64) []picture.Point {
	const corners = 16
	points := make([]picture.Point, corners)
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		points[i] = picture.At(at.X+radius*cos, at.Y+radius*sin)
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

func (c *canvas) face(of picture.Class, l picture.Look) (font.Face, error) {
	if known, ok := c.faces[of]; ok {
		return known, nil
	}
	both, err := fonts()
	if err != nil {
		return nil, err
	}
	chosen := both[0]
	if l.Bold {
		chosen = both[1]
	}
	face, err := opentype.NewFace(chosen, &opentype.FaceOptions{Size: l.Size * density, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, err
	}
	c.faces[of] = face
	return face, nil
}

func (c *canvas) write(s picture.Shape, l picture.Look) error {
	face, err := c.face(s.Class, l)
	if err != nil {
		return err
	}
	d := font.Drawer{Dst: c.image, Src: image.NewUniform(color.Color(picture.LightColor(l.Fill))), Face: face}
	at := fixed.Point26_6{X: fixed.Int26_6(s.Points[0].X * density * 64), Y: fixed.Int26_6(s.Points[0].Y * density * 64)}
	switch s.Anchor {
	case picture.End:
		at.X -= d.MeasureString(s.Text)
	case picture.Middle:
		at.X -= d.MeasureString(s.Text) / 2
	case picture.Start:
	}
	d.Dot = at
	d.DrawString(s.Text)
	return nil
}
