package chart

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

// columns of the table: one line for each point, with the limits that it is judged by and the rules of the signals that it is part of.
var columns = []string{"time", "value", "moving_range", "centre", "lower", "upper", "upper_range", "baseline", "signals"}

// Table is the chart as a table: the names of the columns, then a row for each point. Times are RFC 3339 in UTC; a cell without a value
// is empty.
func Table(c *experimentv1.ProcessBehaviourChart) [][]string {
	rules := make([][]string, len(c.GetPoints()))
	for _, s := range c.GetSignals() {
		for _, i := range s.GetPoints() {
			rules[i] = append(rules[i], s.GetRule())
		}
	}
	rows := make([][]string, 0, 1+len(c.GetPoints()))
	rows = append(rows, columns)
	segments := c.GetSegments()
	for i, p := range c.GetPoints() {
		for len(segments) > 0 && i >= int(segments[0].GetEndPoint()) {
			segments = segments[1:]
		}
		row := make([]string, len(columns))
		row[0], row[1] = p.GetTime().AsTime().UTC().Format(time.RFC3339Nano), plain(p.GetValue())
		if p.MovingRange != nil {
			row[2] = plain(p.GetMovingRange())
		}
		if len(segments) > 0 && i >= int(segments[0].GetFirstPoint()) {
			l := segments[0].GetLimits()
			row[3], row[4], row[5], row[6] = plain(l.GetCentre()), plain(l.GetLower()), plain(l.GetUpper()), plain(l.GetUpperRange())
			row[7] = Defused(segments[0].GetBaseline())
		}
		row[8] = Defused(strings.Join(rules[i], " "))
		rows = append(rows, row)
	}
	return rows
}

// CSV writes the table, RFC 4180 with a header line.
func CSV(c *experimentv1.ProcessBehaviourChart) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	err := w.WriteAll(Table(c))
	return b.Bytes(), err
}

func plain(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Defused makes a text that a spreadsheet would run as a formula a text for it too.
func Defused(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
