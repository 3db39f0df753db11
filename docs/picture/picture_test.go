package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRun_WritesAPictureForEachTheme(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "docs")
	if err := run([]string{dir}); err != nil {
		t.Fatal(err)
	}
	for _, theme := range []string{"light", "dark"} {
		written, err := os.ReadFile(filepath.Join(dir, "trust-"+theme+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		for decoder := xml.NewDecoder(bytes.NewReader(written)); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", theme, err)
			}
		}
	}
	if err := run(nil); err == nil {
		t.Error("no directory is given, and no error is returned")
	}
}

func TestTrust_TextFitsIntoItsBox(t *testing.T) {
	t.Parallel()
	for _, b := range trust().boxes {
		room := b.w - 2*padding
		if b.kind == cluster {
			if used := wide(headingSize, b.heading+"  "+strings.Join(b.lines, " ")); used > room {
				t.Errorf("%s: the headings need %.0f of %.0f", b.heading, used, room)
			}
			continue
		}
		if b.key {
			room -= 2 * 26 // on both sides, since the text is in the middle
		}
		if used := wide(headingSize, b.heading); used > room {
			t.Errorf("%s: the heading needs %.0f of %.0f", b.heading, used, room)
		}
		for _, line := range b.lines {
			if used := wide(lineSize, line); used > b.w-padding {
				t.Errorf("%s: %q needs %.0f of %.0f", b.heading, line, used, b.w-padding)
			}
		}
	}
}

// wide estimates the width of a text from above, for fonts as wide as Helvetica.
func wide(size float64, text string) float64 {
	return 0.58 * size * float64(utf8.RuneCountInString(text))
}

func TestTrust_BoxesAreNestedOrApart(t *testing.T) {
	t.Parallel()
	s := trust()
	page := box{w: s.width, h: s.height}
	for n, a := range s.boxes {
		if !page.contains(a) {
			t.Errorf("%s is not in the picture", a.heading)
		}
		for _, b := range s.boxes[:n] {
			apart := a.x >= b.x+b.w || b.x >= a.x+a.w || a.y >= b.y+b.h || b.y >= a.y+a.h
			if !apart && !a.contains(b) && !b.contains(a) {
				t.Errorf("%s (%g, %g) overlaps %s (%g, %g)", a.heading, a.x, a.y, b.heading, b.x, b.y)
			}
		}
	}
}

func (b box) contains(o box) bool {
	return o.x >= b.x && o.y >= b.y && o.x+o.w <= b.x+b.w && o.y+o.h <= b.y+b.h
}

func TestTrust_ArrowsJoinTheEdgesOfBoxes(t *testing.T) {
	t.Parallel()
	s := trust()
	joined := 0
	for _, a := range s.arrows {
		ends := []point{a.points[0], a.points[len(a.points)-1]}
		if ends[0].y > s.boxes[1].y+s.boxes[1].h {
			continue // of the legend
		}
		for _, end := range ends {
			if !s.onEdge(end) {
				t.Errorf("an arrow ends at (%g, %g), where no box begins", end.x, end.y)
			}
		}
		joined++
	}
	if joined != 15 {
		t.Errorf("%d arrows join boxes, expected 15", joined)
	}
}

func (s scene) onEdge(p point) bool {
	for _, b := range s.boxes {
		within := p.x >= b.x && p.x <= b.x+b.w && p.y >= b.y && p.y <= b.y+b.h
		if within && (p.x == b.x || p.x == b.x+b.w || p.y == b.y || p.y == b.y+b.h) {
			return true
		}
	}
	return false
}

// TestThemes_TextIsLegible checks the contrast that WCAG 2.2 §1.4.3 asks for.
func TestThemes_TextIsLegible(t *testing.T) {
	t.Parallel()
	for _, theme := range themes {
		for name, pair := range map[string][2]color{
			"heading in a program":      {theme.text, theme.box},
			"heading of a cluster":      {theme.text, theme.cluster},
			"heading of an outside CA":  {theme.text, theme.outside},
			"line in a program":         {theme.faint, theme.box},
			"line of an outside CA":     {theme.faint, theme.outside},
			"request in a cluster":      {theme.ask, theme.cluster},
			"certificate in a cluster":  {theme.sign, theme.cluster},
			"certificate on the page":   {theme.sign, theme.page},
			"mutual TLS on the page":    {theme.talk, theme.page},
			"request in the legend":     {theme.ask, theme.page},
			"mutual TLS in the cluster": {theme.talk, theme.cluster},
		} {
			if ratio := contrast(t, pair[0], pair[1]); ratio < 4.5 {
				t.Errorf("%s: %s: the contrast is %.1f, expected 4.5 or more", theme.name, name, ratio)
			}
		}
	}
}

func contrast(t *testing.T, a, b color) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, c color) float64 {
	t.Helper()
	var rgb [3]int
	if _, err := fmt.Sscanf(string(c), "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	sum := 0.0
	for n, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := float64(rgb[n]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
