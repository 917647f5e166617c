// Package chart draws process behaviour charts: as SVG for pages, as PNG for mail and chat, and as a table. Both pictures come from
// the same geometry, and say in words what they show. There are no goal lines: a chart shows what the process does.
package chart

import (
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

// SVG draws the chart of a metric. The picture has its own light and dark colours and takes those of the page that it stands in,
// where the page has the custom properties --s1, --ink1, --ink2, --ink3, --line and --bad.
func SVG(c *experimentv1.ProcessBehaviourChart, m *experimentv1.Metric) []byte {
	return draw(c, m).SVG(Sheet)
}

// PNG draws the same picture in the light colours, twice as large.
func PNG(c *experimentv1.ProcessBehaviourChart, m *experimentv1.Metric) ([]byte, error) {
	return paint(draw(c, m))
}
