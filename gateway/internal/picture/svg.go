package picture

import (
	"bytes"
	"encoding/xml"
	"strconv"
)

// SVG writes the picture with the looks of a sheet.
func (p *Picture) SVG(sheet *Sheet) []byte {
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" class="` + sheet.name + `" role="img" viewBox="0 0 ` + number(p.Width) + " " + number(p.Height) +
		`" width="` + number(p.Width) + `" height="` + number(p.Height) + `" aria-label="` + escaped(p.Name+". "+p.Finding) + "\">\n" +
		"<title>" + escaped(p.Name) + "</title>\n<desc>" + escaped(p.Finding) + "</desc>\n<style>" + sheet.Style + "</style>\n")
	for _, s := range p.Shapes {
		s.svg(&b)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (s Shape) svg(b *bytes.Buffer) {
	first := s.Points[0]
	switch s.Kind {
	case Text:
		b.WriteString(`<text class="` + string(s.Class) + `" x="` + number(first.X) + `" y="` + number(first.Y) + `"`)
		if s.Anchor != Start {
			b.WriteString(` text-anchor="` + string(s.Anchor) + `"`)
		}
		b.WriteString(">" + escaped(s.Text) + "</text>\n")
	case Disc:
		b.WriteString(`<circle class="` + string(s.Class) + `" cx="` + number(first.X) + `" cy="` + number(first.Y) + `" r="` + number(s.Radius) + "\"/>\n")
	default:
		b.WriteString(`<path class="` + string(s.Class) + `" d="`)
		for i, at := range s.Points {
			b.WriteByte("ML"[min(i, 1)])
			b.WriteString(number(at.X) + " " + number(at.Y))
		}
		if s.Kind == Area {
			b.WriteByte('Z')
		}
		b.WriteString("\"/>\n")
	}
}

// number writes a length with a tenth of a pixel.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	if n := len(s) - 2; s[n:] == ".0" {
		s = s[:n]
	}
	return s
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
