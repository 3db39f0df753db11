package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
)

// series is one figure, measured once a round.
type series []float64

// interleave runs the contestants in turns, so that other load on the machine affects
// all of them. Each round begins with another contestant. The first round warms up and
// does not count. The result has the rounds of each contestant.
func interleave[T any](rounds int, contestants ...func() T) [][]T {
	measured := make([][]T, len(contestants))
	for round := range 1 + rounds {
		for turn := range contestants {
			i := (round + turn) % len(contestants)
			if figure := contestants[i](); round > 0 {
				measured[i] = append(measured[i], figure)
			}
		}
	}
	return measured
}

// over is the ratio of each round.
func (s series) over(other series) series {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / other[i]
	}
	return ratios
}

func (s series) times(factor float64) series {
	scaled := make(series, len(s))
	for i := range s {
		scaled[i] = s[i] * factor
	}
	return scaled
}

func (s series) median() float64 { return s.quantile(0.5) }

// quantile interpolates between the two nearest figures.
func (s series) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	whole, part := math.Modf(q * float64(len(s)-1))
	below := int(whole)
	above := min(below+1, len(s)-1)
	return sorted[below] + part*(sorted[above]-sorted[below])
}

// String is the median and the quartiles.
func (s series) String() string {
	return fmt.Sprintf("%.3g (%.3g .. %.3g)", s.median(), s.quantile(0.25), s.quantile(0.75))
}

// target is a limit of a ratio.
type target struct {
	text string
	met  func(ratio float64) bool
}

func atLeast(limit float64, what string) target {
	return target{fmt.Sprintf("at least %g %s", limit, what), func(ratio float64) bool { return ratio >= limit }}
}

func atMost(limit float64, what string) target {
	return target{fmt.Sprintf("at most %g %s", limit, what), func(ratio float64) bool { return ratio <= limit }}
}

// judge compares the median with the target, and counts the rounds that meet it.
func (t target) judge(ratios series) string {
	met := 0
	for _, ratio := range ratios {
		if t.met(ratio) {
			met++
		}
	}
	verdict := "met"
	if !t.met(ratios.median()) {
		verdict = "MISSED"
	}
	return fmt.Sprintf("target: %s: %s, by %d of %d rounds", t.text, verdict, met, len(ratios))
}

// report makes a ratio the result of a benchmark, instead of its time.
func report(b *testing.B, ratios series, unit string) {
	b.ReportMetric(0, "ns/op") // leaves it out
	b.ReportMetric(ratios.median(), unit)
	b.ReportMetric(ratios.quantile(0.25), unit+"-q1")
	b.ReportMetric(ratios.quantile(0.75), unit+"-q3")
}

// printLine adds a line to the result of a benchmark. testing prints ten at most.
func printLine(b *testing.B, format string, args ...any) {
	fmt.Fprintf(b.Output(), format+"\n", args...)
}

func TestSeries_PrintsMedianAndQuartiles(t *testing.T) {
	for _, c := range []struct {
		series series
		want   string
	}{
		{series{7}, "7 (7 .. 7)"},
		{series{3, 1, 2}, "2 (1.5 .. 2.5)"},
		{series{9, 1, 5, 7, 3}, "5 (3 .. 7)"},
		{series{4, 1}, "2.5 (1.75 .. 3.25)"},
	} {
		if got := c.series.String(); got != c.want {
			t.Errorf("%v prints %s, want %s", []float64(c.series), got, c.want)
		}
	}
}

func TestJudge_ComparesTheMedian(t *testing.T) {
	ratios := series{1, 2, 9}
	for _, c := range []struct {
		target target
		want   string
	}{
		{atMost(2, "x"), "target: at most 2 x: met, by 2 of 3 rounds"},
		{atMost(1.5, "x"), "target: at most 1.5 x: MISSED, by 1 of 3 rounds"},
		{atLeast(2, "x"), "target: at least 2 x: met, by 2 of 3 rounds"},
		{atLeast(9, "x"), "target: at least 9 x: MISSED, by 1 of 3 rounds"},
	} {
		if got := c.target.judge(ratios); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestInterleave_WarmsUpAndTakesTurns(t *testing.T) {
	var order string
	contestant := func(name string) func() string {
		return func() string { order += name; return name + strconv.Itoa(len(order)) }
	}
	measured := interleave(2, contestant("a"), contestant("b"))
	if order != "abbaab" {
		t.Errorf("the order is %s, want abbaab", order)
	}
	if want := []string{"b3", "b6"}; !slices.Equal(measured[1], want) {
		t.Errorf("of b %v is measured, want %v", measured[1], want)
	}
}
