package chart

import "github.com/fortnighthq/fortnight/gateway/internal/picture"

// The picture in CSS pixels.
const (
	width  = 960
	height = 610
)

const (
	paper  picture.Class = "paper"
	grid   picture.Class = "grid"
	data   picture.Class = "data"
	dense  picture.Class = "dense"
	dot    picture.Class = "dot"
	centre picture.Class = "centre"
	limit  picture.Class = "limit"
	border picture.Class = "border"
	signal picture.Class = "signal"
	title  picture.Class = "title"
	words  picture.Class = "words"
	label  picture.Class = "label"
)

// Sheet is how charts look.
var Sheet = picture.NewSheet("fn-chart",
	picture.Look{Class: paper, Fill: "s1"},
	picture.Look{Class: grid, Stroke: "line", Width: 1},
	picture.Look{Class: data, Stroke: "ink2", Width: 1.5},
	picture.Look{Class: dense, Stroke: "ink2", Width: 0.75, Opacity: 0.5},
	picture.Look{Class: dot, Fill: "ink1"},
	picture.Look{Class: centre, Stroke: "ink3", Width: 1.5},
	picture.Look{Class: limit, Stroke: "ink3", Width: 1.5, Dash: [2]float64{7, 5}},
	picture.Look{Class: border, Stroke: "ink3", Width: 1, Dash: [2]float64{2, 4}},
	picture.Look{Class: signal, Fill: "bad", Stroke: "s1", Width: 1},
	picture.Look{Class: title, Fill: "ink1", Size: 20, Bold: true},
	picture.Look{Class: words, Fill: "ink2", Size: 14},
	picture.Look{Class: label, Fill: "ink2", Size: 12},
)
