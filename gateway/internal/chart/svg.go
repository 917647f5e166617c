package chart

import (
	"bytes"
	"encoding/xml"
	"strconv"
)

func (p *picture) svg() []byte {
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" class="fn-chart" role="img" viewBox="0 0 ` + number(width) + " " + number(height) +
		`" width="` + number(width) + `" height="` + number(height) + `" aria-label="` + escaped(p.name+". "+p.finding) + "\">\n" +
		"<title>" + escaped(p.name) + "</title>\n<desc>" + escaped(p.finding) + "</desc>\n<style>" + Style + "</style>\n")
	for _, s := range p.shapes {
		s.svg(&b)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (s shape) svg(b *bytes.Buffer) {
	first := s.points[0]
	switch s.kind {
	case text:
		b.WriteString(`<text class="` + string(s.class) + `" x="` + number(first.x) + `" y="` + number(first.y) + `"`)
		if s.anchor != start {
			b.WriteString(` text-anchor="` + string(s.anchor) + `"`)
		}
		b.WriteString(">" + escaped(s.text) + "</text>\n")
	case disc:
		b.WriteString(`<circle class="` + string(s.class) + `" cx="` + number(first.x) + `" cy="` + number(first.y) + `" r="` + number(s.radius) + "\"/>\n")
	default:
		b.WriteString(`<path class="` + string(s.class) + `" d="`)
		for i, at := range s.points {
			b.WriteByte("ML"[min(i, 1)])
			b.WriteString(number(at.x) + " " + number(at.y))
		}
		if s.kind == area {
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
