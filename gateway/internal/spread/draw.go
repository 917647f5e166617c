package spread

import (
	"fmt"
	"strings"

	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

const (
	// mostTeams is how many teams get a line of their own, the first ones.
	mostTeams = 40
	// rowHeight is the distance of two lines.
	rowHeight = 28
	// claimLength and claimLines bound what is shown of the claim; who reads it aloud gets the whole.
	claimLength, claimLines = 64, 3
	// nameLength is how many characters of a team's name fit.
	nameLength = 23
	// originLength is the same for the origin.
	originLength = 18
)

// Where things are: the origin at the left, then the way to each team, its name, and three columns.
const (
	width                                   = 990
	originAt, trunkAt, teamAt               = 32, 192, 216
	nameAt                                  = teamAt + 16
	offeredAt, answeredAt, resultAt, markAt = 440, 616, 808, 794
)

// unnamed stands for a team that the caller may not read.
const unnamed = "a team that you may not read"

const (
	paper picture.Class = "paper"
	way   picture.Class = "way"
	dot   picture.Class = "dot"
	ring  picture.Class = "ring"
	full  picture.Class = "full"
	title picture.Class = "title"
	words picture.Class = "words"
	name  picture.Class = "name"
	label picture.Class = "label"
	quiet picture.Class = "quiet"
)

// sheet is how the pictures look.
var sheet = picture.NewSheet("fn-spread",
	picture.Look{Class: paper, Fill: "s1"},
	picture.Look{Class: way, Stroke: "ink3", Width: 1.5},
	picture.Look{Class: dot, Fill: "ink1"},
	picture.Look{Class: ring, Fill: "s1", Stroke: "ink2", Width: 1.5},
	picture.Look{Class: full, Fill: "ink1", Stroke: "ink1", Width: 1.5},
	picture.Look{Class: title, Fill: "ink1", Size: 20, Bold: true},
	picture.Look{Class: words, Fill: "ink2", Size: 14},
	picture.Look{Class: name, Fill: "ink1", Size: 13, Bold: true},
	picture.Look{Class: label, Fill: "ink1", Size: 13},
	picture.Look{Class: quiet, Fill: "ink2", Size: 13},
)

// mark is the shape that stands before a result. Each has a shape of its own, and words beside it, so that nobody needs to see colours.
type mark int

const (
	none mark = iota
	running
	worked
	didNot
	cannotTell
)

// SVG draws the spread of a learning. The picture has its own light and dark colours and takes those of the page that it stands in, as
// the charts do.
func SVG(s *knowledgev1.Spread) []byte {
	grade := "Grade: " + Graded(s.GetGrade()) + "."
	p := &picture.Picture{Width: width, Name: "How this has spread: " + picture.Plain(s.GetClaim()), Finding: finding(s) + " " + grade}
	lines := picture.Wrapped(picture.Plain(s.GetClaim()), claimLength)
	if len(lines) > claimLines {
		lines = append(lines[:claimLines-1], picture.Cut(lines[claimLines-1]+" …", claimLength))
	}
	p.Area(paper) // as high as what follows; see below
	y := 36.0
	for _, line := range lines {
		p.Text(title, picture.Start, 24, y, line)
		y += 26
	}
	for _, line := range []string{finding(s), grade} {
		p.Text(words, picture.Start, 24, y, line)
		y += 20
	}
	p.Height = rows(p, s, y+24) + 20
	p.Shapes[0].Points = []picture.Point{picture.At(0, 0), picture.At(width, 0), picture.At(width, p.Height), picture.At(0, p.Height)}
	return p.SVG(sheet)
}

// rows draws the origin and a line for each team below top, and returns where they end.
func rows(p *picture.Picture, s *knowledgev1.Spread, top float64) float64 {
	teams := s.GetTeams()
	drawn := teams[:min(len(teams), mostTeams)]
	if len(drawn) > 0 {
		for _, column := range []struct {
			x    float64
			name string
		}{{nameAt, "Team"}, {offeredAt, "Offer"}, {answeredAt, "Answer"}, {resultAt, "What came of it"}} {
			p.Text(quiet, picture.Start, column.x, top, column.name)
		}
	}
	first := top + rowHeight
	at := func(i int) float64 { return first + rowHeight*float64(i) }
	if len(drawn) > 0 {
		p.Line(way, picture.At(originAt, first), picture.At(trunkAt, first))
		p.Line(way, picture.At(trunkAt, first), picture.At(trunkAt, at(len(drawn)-1)))
	}
	for i, t := range drawn {
		row(p, t, at(i))
	}
	p.Disc(dot, picture.At(originAt, first), 7)
	named(p, s.GetOriginTeam(), "another installation", originLength, 24, first+26)
	p.Text(quiet, picture.Start, 24, first+44, dated("published", s.GetPublishTime()))
	end := max(at(len(drawn)-1)+8, first+48)
	if more := len(teams) - len(drawn); more > 0 {
		p.Text(quiet, picture.Start, nameAt, end+20, fmt.Sprintf("and %d more", more))
		end += 24
	}
	return end
}

// named writes the id of a team, and other words where it has none.
func named(p *picture.Picture, team, otherwise string, most int, x, y float64) {
	if id := picture.Plain(strings.TrimPrefix(team, "teams/")); id != "" {
		p.Text(name, picture.Start, x, y, picture.Cut(id, most))
		return
	}
	p.Text(quiet, picture.Start, x, y, otherwise)
}

// row draws one team.
func row(p *picture.Picture, t *knowledgev1.SpreadTeam, y float64) {
	p.Line(way, picture.At(trunkAt, y), picture.At(teamAt, y))
	p.Disc(ring, picture.At(teamAt, y), 5)
	named(p, t.GetTeam(), unnamed, nameLength, nameAt, y+5)
	p.Text(label, picture.Start, offeredAt, y+5, offered(t))
	p.Text(label, picture.Start, answeredAt, y+5, picture.Cut(answered(t), 24))
	said, marked := outcome(t.GetAdoption())
	if said == "" {
		return
	}
	draw(p, marked, picture.At(markAt, y))
	p.Text(label, picture.Start, resultAt, y+5, said)
}

// draw draws a mark: a full disc for what worked, a diamond for what did not, an empty ring where nobody can tell, a square for what runs.
func draw(p *picture.Picture, m mark, at picture.Point) {
	const r = 5
	switch m {
	case worked:
		p.Disc(full, at, r)
	case didNot:
		p.Area(full, picture.At(at.X, at.Y-r-1), picture.At(at.X+r+1, at.Y), picture.At(at.X, at.Y+r+1), picture.At(at.X-r-1, at.Y))
	case cannotTell:
		p.Disc(ring, at, r)
	case running:
		const s = r - 0.5
		p.Area(ring, picture.At(at.X-s, at.Y-s), picture.At(at.X+s, at.Y-s), picture.At(at.X+s, at.Y+s), picture.At(at.X-s, at.Y+s))
	case none:
	}
}
