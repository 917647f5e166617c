package chart

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

var reviewWait = &experimentv1.Metric{Name: "teams/payments/metrics/review-wait", DisplayName: "Review wait", Unit: "h"}

// wave is a chart of n daily points that vary about 40 with limits 20 and 60 from the first twelve.
func wave(n int) *experimentv1.ProcessBehaviourChart {
	c := &experimentv1.ProcessBehaviourChart{Metric: reviewWait.GetName()}
	value := func(i int) float64 { return 40 + 9*math.Sin(float64(i)*2.4) + 4*math.Sin(float64(i)*0.7) }
	for i := range n {
		p := &experimentv1.ChartPoint{Time: timestamppb.New(time.Date(2026, 1, 1+i, 9, 0, 0, 0, time.UTC)), Value: value(i)}
		if i > 0 {
			p.MovingRange = new(math.Abs(value(i) - value(i-1)))
		}
		c.Points = append(c.Points, p)
	}
	if n >= 4 {
		count := min(n, 12)
		c.Limits = &experimentv1.Limits{
			Centre: 40, Lower: 20, Upper: 60, MeanMovingRange: 7.52, UpperRange: 24.6, LimitFactor: 2.66, RangeFactor: 3.268, Count: int32(count),
			FirstTime: c.GetPoints()[0].GetTime(), LastTime: c.GetPoints()[count-1].GetTime(), Form: experimentv1.LimitForm_LIMIT_FORM_MEAN,
		}
		c.Provisional = n < 6
		c.Segments = []*experimentv1.ChartSegment{{EndPoint: int32(n), Limits: c.GetLimits(), Provisional: c.GetProvisional()}}
	}
	return c
}

// shifted is a chart with two baselines and every kind of signal.
func shifted() *experimentv1.ProcessBehaviourChart {
	c := wave(40)
	set := func(i int, v float64) { c.Points[i].Value = v }
	set(9, 66)
	for i := 24; i < 40; i++ {
		set(i, 22+6*math.Sin(float64(i)*2.4))
	}
	for i := 30; i < 40; i++ {
		set(i, 25+3*math.Sin(float64(i)*1.9))
	}
	for i := 1; i < 40; i++ {
		c.Points[i].MovingRange = new(math.Abs(c.GetPoints()[i].GetValue() - c.GetPoints()[i-1].GetValue()))
	}
	c.Limits = &experimentv1.Limits{
		Centre: 21, Lower: 7.5, Upper: 34.5, MeanMovingRange: 5.1, UpperRange: 16.7, Count: 6,
		FirstTime: c.GetPoints()[24].GetTime(), LastTime: c.GetPoints()[29].GetTime(),
	}
	c.Segments = []*experimentv1.ChartSegment{
		{EndPoint: 24, Limits: c.GetSegments()[0].GetLimits(), Baseline: reviewWait.GetName() + "/baselines/first"},
		{FirstPoint: 24, EndPoint: 40, Limits: c.GetLimits(), Baseline: reviewWait.GetName() + "/baselines/=second"},
	}
	c.Signals = []*experimentv1.Signal{
		{Rule: outside, Points: []int32{9}},
		{Rule: jump, Points: []int32{8, 9}},
		{Rule: nearLimit, Points: []int32{17, 18, 20}},
		{Rule: run, Points: []int32{30, 31, 32, 33, 34, 35, 36, 37, 38, 39}},
	}
	c.Shift = &experimentv1.SustainedShift{StartTime: c.GetPoints()[30].GetTime(), Points: 10, Above: true}
	return c
}

// flat is a chart without any variation.
func flat() *experimentv1.ProcessBehaviourChart {
	c := wave(8)
	for i, p := range c.GetPoints() {
		p.Value = 5
		if i > 0 {
			p.MovingRange = new(0.0)
		}
	}
	l := c.GetLimits()
	l.Centre, l.Lower, l.Upper, l.MeanMovingRange, l.UpperRange = 5, 5, 5, 0, 0
	return c
}

// busy has very many points, and signals among them.
func busy(n int) *experimentv1.ProcessBehaviourChart {
	c := wave(n)
	for i := 40; i < n; i += 97 {
		c.Points[i].Value = 64
		c.Signals = append(c.Signals, &experimentv1.Signal{Rule: outside, Points: []int32{int32(i)}})
	}
	c.OmittedPoints = 2345
	return c
}

var cases = []struct {
	name  string
	chart *experimentv1.ProcessBehaviourChart
}{
	{"0", wave(0)},
	{"1", wave(1)},
	{"3", wave(3)},
	{"5", wave(5)},
	{"12", wave(12)},
	{"flat", flat()},
	{"shifted", shifted()},
	{"500", busy(500)},
	{"10000", busy(10_000)},
}

// The pictures are compared with those in testdata. FORTNIGHT_WRITE_GOLDEN=1 writes them, and PNGs beside them to look at.
func TestPictures(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := SVG(c.chart, reviewWait)
			if err := wellFormed(got); err != nil {
				t.Fatal(err)
			}
			if len(got) > 120_000 {
				t.Errorf("%d bytes", len(got))
			}
			path := filepath.Join("testdata", c.name+".svg")
			if os.Getenv("FORTNIGHT_WRITE_GOLDEN") != "" {
				image, err := PNG(c.chart, reviewWait)
				if err == nil {
					err = errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, got, 0o644), os.WriteFile(filepath.Join(os.TempDir(), "chart-"+c.name+".png"), image, 0o644))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s looks different", path)
			}
		})
	}
}

func wellFormed(svg []byte) error {
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestImage(t *testing.T) {
	for _, c := range cases {
		b, err := PNG(c.chart, reviewWait)
		if err != nil {
			t.Fatal(err)
		}
		image, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if size := image.Bounds().Size(); size.X != width*density || size.Y != height*density {
			t.Errorf("%s: %v", c.name, size)
		}
		if r, g, b, a := image.At(1, 1).RGBA(); r&g&b&a != 0xffff {
			t.Errorf("%s: the paper is not white", c.name)
		}
		red := 0
		for x := range width * density {
			for y := range height * density {
				if r, g, _, _ := image.At(x, y).RGBA(); r > 0xa000 && g < 0x4000 {
					red++
				}
			}
		}
		if signals := len(c.chart.GetSignals()) > 0; signals != (red > 0) {
			t.Errorf("%s: %d red pixels", c.name, red)
		}
	}
}

// What a chart shows is said in words, for those who cannot see it.
func TestWords(t *testing.T) {
	for name, want := range map[string][]string{
		"0":       {"There are no readings yet."},
		"1":       {"1 point. Limits need 4 readings at least"},
		"3":       {"3 points."},
		"5":       {"no signal", "Mean 40, natural process limits 20 to 60, from 5 points of 1 Jan 2026 to 5 Jan 2026. Provisional: fewer than 6 points."},
		"12":      {"12 points and no signal"},
		"shifted": {"4 signals: 1 point outside a limit, 1 moving range above its limit, 1 run on one side, 1 stretch near a limit.", "The last 10 points are all above the centre line."},
		"10000":   {"103 points outside a limit", "2345 earlier points are not shown."},
	} {
		for _, c := range cases {
			if c.name != name {
				continue
			}
			svg := string(SVG(c.chart, reviewWait))
			_, after, _ := strings.Cut(svg, "<desc>")
			desc, _, _ := strings.Cut(after, "</desc>")
			for _, w := range want {
				if !strings.Contains(desc, w) {
					t.Errorf("%s says %q, not %q", name, desc, w)
				}
			}
			if !strings.Contains(svg, "<title>Review wait (h)</title>") || !strings.Contains(svg, `role="img"`) {
				t.Errorf("%s has no title", name)
			}
		}
	}
}

// A name that people chose is text and never markup.
func TestNamesAreText(t *testing.T) {
	evil := &experimentv1.Metric{DisplayName: `</title><script>alert(1)</script>"&` + strings.Repeat("x", 120) + "\x00", Unit: `<b>`}
	svg := SVG(wave(5), evil)
	if bytes.Contains(svg, []byte("<script")) || bytes.Contains(svg, []byte("<b>")) || wellFormed(svg) != nil {
		t.Errorf("%s", svg)
	}
}

func TestThin(t *testing.T) {
	values := make([]float64, 10_000)
	for i := range values {
		values[i] = float64(i % 10)
	}
	values[5003], values[7771] = 99, -99
	kept := thin(values, 700)
	seen := map[int]bool{}
	for n, i := range kept {
		seen[i] = true
		if n > 0 && i <= kept[n-1] {
			t.Fatal("not in order")
		}
	}
	if len(kept) > 4*700 || !seen[0] || !seen[5003] || !seen[7771] || !seen[9999] {
		t.Errorf("kept %d", len(kept))
	}
	if got := thin(values[:1400], 700); len(got) != 1400 {
		t.Errorf("kept %d of few", len(got))
	}
}

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 41.75: "41.75", 41.756: "41.76", 0.12345: "0.1235", 1234.5678: "1235", 123456: "123456", -2.5: "−2.5",
		1e-7: "1e−07", 2e12: "2e+12", 99999.5: "100000",
	} {
		if got := figure(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

// Values at the edge of what a metric takes are drawn all the same.
func TestHugeAndTinyValues(t *testing.T) {
	for _, factor := range []float64{1e298, 1e-300, -1e298} {
		c := wave(12)
		for _, p := range c.GetPoints() {
			p.Value *= factor
			if p.MovingRange != nil {
				p.MovingRange = new(math.Abs(p.GetMovingRange() * factor))
			}
		}
		c.Limits, c.Segments = nil, nil
		if svg := string(SVG(c, reviewWait)); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%v: %s", factor, svg)
		}
	}
}

func TestTable(t *testing.T) {
	b, err := CSV(shifted())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 41 || strings.Join(rows[0], ",") != "time,value,moving_range,centre,lower,upper,upper_range,baseline,signals" {
		t.Fatalf("%d rows under %v", len(rows), rows[0])
	}
	for i, want := range map[int]string{
		0:  "2026-01-01T09:00:00Z,40,,40,20,60,24.6,teams/payments/metrics/review-wait/baselines/first,",
		9:  "2026-01-10T09:00:00Z,66," + rows[10][2] + ",40,20,60,24.6,teams/payments/metrics/review-wait/baselines/first,R1 R1_RANGE",
		24: rows[25][0] + "," + rows[25][1] + "," + rows[25][2] + ",21,7.5,34.5,16.7,teams/payments/metrics/review-wait/baselines/=second,",
	} {
		if got := strings.Join(rows[i+1], ","); got != want {
			t.Errorf("row %d: %s, want %s", i, got, want)
		}
	}
	if b, _ := CSV(wave(0)); strings.Count(string(b), "\n") != 1 {
		t.Errorf("no points make %q", b)
	}
	for in, want := range map[string]string{"": "", "R1": "R1", "=1+1": "'=1+1", "-x": "'-x", "@x": "'@x"} {
		if got := Defused(in); got != want {
			t.Errorf("%q is written %q", in, got)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	for _, n := range []int{12, 10_000} {
		c := busy(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				SVG(c, reviewWait)
			}
		})
	}
}

func BenchmarkPNG(b *testing.B) {
	c := busy(10_000)
	for b.Loop() {
		if _, err := PNG(c, reviewWait); err != nil {
			b.Fatal(err)
		}
	}
}

// Before the first baseline there are no limits, however many readings there are.
func TestWordsWithoutABaseline(t *testing.T) {
	for n, want := range map[int]string{3: "Limits need 4 readings at least", 4: "4 points. No baseline of 4 readings or more is in force for them", 12: "12 points. No baseline"} {
		c := wave(n)
		c.Limits, c.Segments = nil, nil
		if got := finding(c); !strings.HasPrefix(got, want) && !strings.Contains(got, ". "+want) || n > 3 && strings.Contains(got, "at least") {
			t.Errorf("%d points: %q", n, got)
		}
	}
}

// The step across the border of two baselines is explained by the decision: it is neither drawn nor does it stretch the scale.
func TestNoRangeAcrossTheBorder(t *testing.T) {
	for _, dense := range []bool{false, true} {
		n, border := 40, 24
		if dense {
			n, border = 1000, 600
		}
		c := wave(n)
		c.Points[border].MovingRange = new(1000.0)
		l := c.GetLimits()
		c.Segments = []*experimentv1.ChartSegment{{EndPoint: int32(border), Limits: l}, {FirstPoint: int32(border), EndPoint: int32(n), Limits: l}}
		d := &drawing{chart: c}
		d.setScales()
		if d.ranges.high > 100 {
			t.Errorf("the ranges go up to %v", d.ranges.high)
		}
		d.points()
		lines, before, after := 0, d.x(float64(border-1)), d.x(float64(border+1))
		for _, s := range d.Shapes {
			if s.Kind == picture.Line {
				lines++
			}
			if s.Points[0].Y > valuesEnd && s.Kind == picture.Disc && s.Points[0].X > before && s.Points[0].X < after {
				t.Errorf("a dot at the border: %v", s.Points)
			}
		}
		if lines != 3 { // the values, and the ranges on both sides
			t.Errorf("%d lines", lines)
		}
	}
}
