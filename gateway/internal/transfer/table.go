package transfer

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway/internal/chart"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

type (
	learning = *knowledgev1.Learning
	origins  = *knowledgev1.Provenance
)

// column is a column of the table.
type column struct {
	name string
	cell func(l learning, p origins, evidence int) string
}

// columns of the table, one row for each learning. Times are RFC 3339 in UTC, lists have blanks between.
var columns = []column{
	{"name", func(l learning, _ origins, _ int) string { return l.GetName() }},
	{"claim", func(l learning, _ origins, _ int) string { return l.GetClaim() }},
	{"state", func(l learning, _ origins, _ int) string { return stateOf(l) }},
	{"grade", func(l learning, _ origins, _ int) string { return gradeOf(l.GetGrade()) }},
	{"verdict", func(l learning, _ origins, _ int) string { return l.GetVerdict() }},
	{"situation", func(l learning, _ origins, _ int) string { return l.GetSituation() }},
	{"process", func(l learning, _ origins, _ int) string { return l.GetContext().GetProcess() }},
	{"constraint_type", func(l learning, _ origins, _ int) string {
		return l.GetContext().GetConstraintType()
	}},
	{"team_size", func(l learning, _ origins, _ int) string {
		return number(l.GetContext().GetTeamSize())
	}},
	{"stack", func(l learning, _ origins, _ int) string {
		return strings.Join(l.GetContext().GetStack(), " ")
	}},
	{"tags", func(l learning, _ origins, _ int) string { return strings.Join(l.GetTags(), " ") }},
	{"tried", func(l learning, _ origins, _ int) string { return l.GetTried() }},
	{"happened", func(l learning, _ origins, _ int) string { return l.GetHappened() }},
	{"may_not_hold", func(l learning, _ origins, _ int) string { return l.GetMayNotHold() }},
	{"how_to_try", func(l learning, _ origins, _ int) string { return l.GetHowToTry() }},
	{"publish_time", func(l learning, _ origins, _ int) string { return instant(l.GetPublishTime()) }},
	{"review_by_date", func(l learning, _ origins, _ int) string { return l.GetReviewByDate() }},
	{"retire_reason", func(l learning, _ origins, _ int) string { return l.GetRetireReason() }},
	{"replications", func(l learning, _ origins, _ int) string {
		return strconv.Itoa(int(l.GetGrade().GetReplications()))
	}},
	{"supporting_teams", func(l learning, _ origins, _ int) string {
		return strconv.Itoa(int(l.GetGrade().GetSupportingTeams()))
	}},
	{"opposing_teams", func(l learning, _ origins, _ int) string {
		return strconv.Itoa(int(l.GetGrade().GetOpposingTeams()))
	}},
	{"evidence", func(_ learning, _ origins, evidence int) string { return strconv.Itoa(evidence) }},
	{"team", func(l learning, _ origins, _ int) string { return l.GetTeam() }},
	{"cycle", func(l learning, _ origins, _ int) string { return l.GetCycle() }},
	{"experiment", func(l learning, _ origins, _ int) string { return l.GetExperiment() }},
	{"origin_installation", func(_ learning, p origins, _ int) string { return p.GetInstallation() }},
	{"origin_learning", func(_ learning, p origins, _ int) string { return p.GetLearning() }},
	{"origin_team", func(_ learning, p origins, _ int) string { return p.GetTeam() }},
	{"origin_grade", func(_ learning, p origins, _ int) string { return gradeOf(p.GetGrade()) }},
	{"origin_export_time", func(_ learning, p origins, _ int) string { return instant(p.GetExportTime()) }},
	{"came_through", func(_ learning, p origins, _ int) string {
		return strings.Join(p.GetEarlier(), " ")
	}},
}

// table writes CSV after RFC 4180, with a header line.
type table struct {
	out   *csv.Writer
	begun bool
}

func newTable(out io.Writer) *table {
	w := csv.NewWriter(out)
	w.UseCRLF = true
	return &table{out: w}
}

func (t *table) begin() error {
	if t.begun {
		return nil
	}
	t.begun = true
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
	}
	return t.out.Write(row)
}

func (t *table) add(l *knowledgev1.ExportedLearning) error {
	if err := t.begin(); err != nil {
		return err
	}
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = chart.Defused(c.cell(l.GetLearning(), l.GetProvenance(), len(l.GetEvidence())))
	}
	return t.out.Write(row)
}

func (t *table) close() error {
	err := t.begin()
	t.out.Flush()
	if err == nil {
		err = t.out.Error()
	}
	return err
}

func stateOf(l *knowledgev1.Learning) string {
	return strings.TrimPrefix(l.GetState().String(), "LEARNING_STATE_")
}

func gradeOf(g *knowledgev1.Grade) string {
	if g.GetLevel() == knowledgev1.GradeLevel_GRADE_LEVEL_UNSPECIFIED {
		return ""
	}
	return strings.TrimPrefix(g.GetLevel().String(), "GRADE_LEVEL_")
}

// number is empty for what is not said.
func number(n int32) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(int(n))
}

func instant(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Format(time.RFC3339Nano)
}
