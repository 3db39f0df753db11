package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

const (
	headingSize = 16.0
	lineSize    = 13.0
	padding     = 18.0
)

// pen writes SVG in the colors of a theme.
type pen struct {
	out io.Writer
	theme
}

// draw writes a scene as SVG. The same scene and theme give the same bytes.
func draw(s scene, t theme) []byte {
	var out bytes.Buffer
	p := pen{&out, t}
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-labelledby="title desc"`,
		s.width, s.height, s.width, s.height)
	p.printf(" font-family=\"-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif\">\n")
	p.printf("<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n<defs>\n", escape(s.title), escape(s.desc))
	for _, kind := range []arrowKind{signs, asks, talks} {
		p.printf(`<marker id="%s" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse">`, kind.id())
		p.printf("<path d=\"M1 1 9 5 1 9z\" fill=\"%s\"/></marker>\n", p.of(kind))
	}
	p.printf("</defs>\n")
	for _, b := range s.boxes {
		p.box(b)
	}
	for _, a := range s.arrows {
		p.arrow(a)
	}
	for _, l := range s.labels {
		p.text(l.at, l.align, lineSize, p.of(l.kind), l.text)
	}
	for _, k := range s.keys {
		p.key(k)
	}
	p.printf("</svg>\n")
	return out.Bytes()
}

func (p pen) printf(format string, args ...any) { fmt.Fprintf(p.out, format, args...) }

func (p pen) of(kind arrowKind) color {
	return [...]color{signs: p.sign, asks: p.ask, talks: p.talk}[kind]
}

func (kind arrowKind) id() string {
	return [...]string{signs: "signs", asks: "asks", talks: "talks"}[kind]
}

func (p pen) box(b box) {
	fill := [...]color{program: p.theme.box, cluster: p.cluster, outside: p.outside}[b.kind]
	edge := p.edge
	if b.kind == outside {
		edge = p.sign
	}
	p.printf("<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" rx=\"10\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", b.x, b.y, b.w, b.h, fill, edge)
	if b.kind == cluster {
		p.text(point{b.x + padding, b.y + 30}, left, headingSize, p.theme.text, b.heading)
		p.text(point{b.x + b.w - padding, b.y + 30}, right, headingSize, p.faint, strings.Join(b.lines, " "))
		return
	}
	// The block of lines stands in the middle of the box.
	const leading = 20
	y := b.y + b.h/2 + 5 - leading/2*float64(len(b.lines))
	p.text(point{b.x + b.w/2, y}, middle, headingSize, p.theme.text, b.heading)
	for n, line := range b.lines {
		p.text(point{b.x + b.w/2, y + leading*float64(n+1)}, middle, lineSize, p.faint, line)
	}
	if b.key {
		p.key(point{b.x + b.w - 26, b.y + 20})
	}
}

func (p pen) arrow(a arrow) {
	var d strings.Builder
	for n, at := range a.points {
		fmt.Fprintf(&d, "%s%g %g", [...]string{"M", "L"}[min(n, 1)], at.x, at.y)
	}
	p.printf(`<path d="%s" fill="none" stroke="%s" stroke-width="2" marker-end="url(#%s)"`, d.String(), p.of(a.kind), a.kind.id())
	switch a.kind {
	case asks:
		p.printf(` stroke-dasharray="5 4"`)
	case talks:
		p.printf(` marker-start="url(#%s)"`, a.kind.id())
	case signs:
	}
	p.printf("/>\n")
}

// key draws a key around its middle.
func (p pen) key(at point) {
	p.printf(`<g transform="translate(%g %g)" fill="none" stroke="%s" stroke-width="2" stroke-linecap="round">`, at.x, at.y, p.sign)
	p.printf("<circle cx=\"-7\" r=\"5\"/><path d=\"M-2 0H12M12 0V5M7 0V4\"/></g>\n")
}

func (p pen) text(at point, a align, size float64, c color, text string) {
	weight := ""
	if size == headingSize {
		weight = ` font-weight="600"`
	}
	p.printf("<text x=\"%g\" y=\"%g\" font-size=\"%g\" text-anchor=\"%s\" fill=\"%s\"%s>%s</text>\n", at.x, at.y, size, a, c, weight, escape(text))
}

func escape(text string) string {
	var out bytes.Buffer
	if err := xml.EscapeText(&out, []byte(text)); err != nil {
		panic(err) // a buffer takes all that is written
	}
	return out.String()
}
