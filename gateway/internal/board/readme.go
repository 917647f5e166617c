package board

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// board is what the README tells, as the files have it.
type board struct {
	team *identityv1.Team
	// found are the documents, by the pattern of their path.
	found map[string][]document
}

// document is the stored document of a resource.
type document map[string]any

// patterns are the files that the README tells of.
var patterns = []string{"challenges/*.yaml", "targetConditions/*.yaml", "obstacles/*.yaml", "cycles/*.yaml", "cycles/*/experiments/*.yaml", "metrics/*.yaml"}

func patternOf(file string) string {
	for _, pattern := range patterns {
		if ok, _ := path.Match(pattern, file); ok {
			return pattern
		}
	}
	return ""
}

func (b *board) wants(file string) bool { return patternOf(file) != "" }

func (b *board) add(file string, content []byte) error {
	var read struct {
		Document document `yaml:"document"`
	}
	if err := yaml.Unmarshal(content, &read); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if b.found == nil {
		b.found = map[string][]document{}
	}
	pattern := patternOf(file)
	b.found[pattern] = append(b.found[pattern], read.Document)
	return nil
}

// text is a field as one line of Markdown; fields within others are named with dots.
func (d document) text(field string) string {
	var value any = d
	for part := range strings.SplitSeq(field, ".") {
		switch inside := value.(type) {
		case document:
			value = inside[part]
		case map[string]any:
			value = inside[part]
		default:
			return ""
		}
	}
	if value == nil {
		return ""
	}
	return escaper.Replace(strings.Join(strings.Fields(fmt.Sprint(value)), " "))
}

// escaper takes what would be Markdown for text.
var escaper = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "[", `\[`, "]", `\]`, "<", "&lt;", "|", `\|`, "#", `\#`)

func (d document) id() string { return path.Base(d.text("name")) }

func (d document) is(state string) bool { return d.text("state") == state }

// markdown writes the board for people. Nothing in it depends on when it is written.
func (b *board) markdown() []byte {
	var out bytes.Buffer
	team := document{"name": b.team.GetDisplayName()}
	fmt.Fprintf(&out, "# %s\n\nThe board of %s, as Fortnight exported it. The files beside this one are what an import reads; this page is for people.\n",
		team.text("name"), b.team.GetName())
	b.direction(&out)
	b.obstacles(&out)
	b.cycles(&out)
	b.experiments(&out)
	return trailing.ReplaceAll(out.Bytes(), nil)
}

// trailing are the blanks that stand where a text is empty.
var trailing = regexp.MustCompile(`(?m) +$`)

func (b *board) direction(out *bytes.Buffer) {
	out.WriteString("\n## Direction\n\n")
	for _, c := range b.found["challenges/*.yaml"] {
		if c.is("ACTIVE") {
			fmt.Fprintf(out, "- **Challenge**, until %s: %s\n", c.text("horizonDate"), c.text("statement"))
		}
	}
	for _, t := range b.found["targetConditions/*.yaml"] {
		if t.is("ACTIVE") {
			fmt.Fprintf(out, "- **Target condition**, by %s: %s at %s. %s\n", t.text("achieveByDate"), b.metric(t.text("outcomeMetric")), t.text("outcomeValue"), t.text("operatingPattern"))
		}
	}
	for _, c := range b.byStart() {
		if c.text("currentCondition.metric") != "" {
			fmt.Fprintf(out, "- **Current condition**, on %s: %s at %s. %s\n", c.text("currentCondition.baselineDate"), b.metric(c.text("currentCondition.metric")),
				c.text("currentCondition.baselineValue"), c.text("currentCondition.description"))
			break
		}
	}
}

// metric is the name of a metric for people.
func (b *board) metric(name string) string {
	for _, m := range b.found["metrics/*.yaml"] {
		if m.text("name") == name {
			return strings.TrimSpace(m.text("displayName") + " " + unit(m))
		}
	}
	return path.Base(name)
}

func unit(m document) string {
	if u := m.text("unit"); u != "" {
		return "(" + u + ")"
	}
	return ""
}

func (b *board) obstacles(out *bytes.Buffer) {
	obstacles := slices.Clone(b.found["obstacles/*.yaml"])
	if len(obstacles) == 0 {
		return
	}
	order := []string{"CURRENT", "PARKED", "ESCALATED"}
	place := func(o document) int {
		if i := slices.Index(order, o.text("state")); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(obstacles, func(a, b document) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(fmt.Sprint(a["rank"]), fmt.Sprint(b["rank"])), cmp.Compare(a.text("name"), b.text("name")))
	})
	out.WriteString("\n## Obstacles\n\n")
	for _, o := range obstacles {
		star := ""
		if o.is("CURRENT") {
			star = "★ "
		}
		fmt.Fprintf(out, "- %s%s (%s)\n", star, o.text("description"), strings.ToLower(o.text("state")))
	}
}

// byStart are the cycles, the latest first.
func (b *board) byStart() []document {
	cycles := slices.Clone(b.found["cycles/*.yaml"])
	slices.SortStableFunc(cycles, func(a, b document) int {
		return cmp.Or(cmp.Compare(b.text("startDate"), a.text("startDate")), cmp.Compare(a.text("name"), b.text("name")))
	})
	return cycles
}

func (b *board) cycles(out *bytes.Buffer) {
	cycles := b.byStart()
	if len(cycles) == 0 {
		return
	}
	out.WriteString("\n## Cycles\n\n| Cycle | From | Until | State | Phase | Target condition |\n|---|---|---|---|---|---|\n")
	for _, c := range cycles {
		target := ""
		if name := c.text("targetCondition"); name != "" {
			target = path.Base(name)
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s |\n", cmp.Or(c.text("displayName"), c.id()), c.text("startDate"), c.text("endDate"),
			strings.ToLower(c.text("state")), c.text("phase"), target)
	}
}

func (b *board) experiments(out *bytes.Buffer) {
	experiments := b.found["cycles/*/experiments/*.yaml"]
	if len(experiments) == 0 {
		return
	}
	out.WriteString("\n## Experiments\n")
	for _, e := range experiments {
		fmt.Fprintf(out, "\n### %s\n\n", cmp.Or(e.text("displayName"), e.id()))
		fmt.Fprintf(out, "- In: %s (%s)\n", path.Base(path.Dir(path.Dir(e.text("name")))), strings.ToLower(e.text("state")))
		if change := e.text("prediction.change"); change != "" {
			fmt.Fprintf(out, "- Change: %s\n", change)
		}
		if metric := e.text("prediction.metric"); metric != "" {
			fmt.Fprintf(out, "- Expected: %s from %s to %s by %s, because %s\n", b.metric(metric), e.text("prediction.baselineValue"),
				e.text("prediction.expectedValue"), e.text("prediction.byDate"), e.text("prediction.reason"))
		}
		for _, line := range [][2]string{{"Happened", "outcome.happened"}, {"Verdict", "outcome.verdict"}, {"Learned", "outcome.learned"}, {"Abandoned", "abandonReason"}} {
			if text := e.text(line[1]); text != "" {
				fmt.Fprintf(out, "- %s: %s\n", line[0], text)
			}
		}
	}
}
