package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
)

// search asks for words of different frequency.
func (b *bench) search(ctx context.Context) error {
	for _, query := range queries {
		if err := b.compareSearch(ctx, query); err != nil {
			return err
		}
	}
	callers := func(more string) func(int) caller {
		return func(n int) caller {
			requests, wants := make([][]byte, len(queries)), make([][]byte, len(queries))
			for i := range queries {
				requests[i] = get("/v1/learnings:search?query="+url.QueryEscape(queries[(i+n)%len(queries)])+more, b.token)
				wants[i] = []byte(`"snippet"`)
			}
			return cycling(requests, wants)
		}
	}
	return b.contest(ctx, fmt.Sprintf("Search %d learnings", b.learnings), 0.8,
		side{"program", b.program, b.program.addr, callers("")},
		side{"bare", b.floor, b.floor.addr, callers("")},
		side{"bare, all ranked", b.floor, b.floor.addr, callers("&all")})
}

// ranking is an answer to a search, best first.
type ranking struct {
	Results []struct {
		Learning struct {
			Name string `json:"name"`
		} `json:"learning"`
		Score float64 `json:"score"`
		Parts struct {
			Text      float64 `json:"text"`
			Evidence  float64 `json:"evidence"`
			Freshness float64 `json:"freshness"`
		} `json:"scoreParts"`
	} `json:"results"`
}

const (
	searchPage = 20
	// searchEnough is how many learnings with all words keep the program from answering with learnings that have some of them.
	searchEnough = 10
	// alikeScores is how much two scores may differ, relative to each other, that were computed from the same numbers.
	alikeScores = 1e-9
)

// compareSearch wants the program to find what the index itself finds. Their order may differ: the floor goes by the text alone, the
// program bends that by evidence and freshness, and its order must be that of the product.
func (b *bench) compareSearch(ctx context.Context, query string) error {
	path := "/v1/learnings:search?query=" + url.QueryEscape(query)
	var program, floor ranking
	if _, err := b.api.call(ctx, http.MethodGet, path+"&explain=true", "", nil, &program); err != nil {
		return err
	}
	if _, err := (api{url: "http://" + b.floor.addr}).call(ctx, http.MethodGet, path, "", nil, &floor); err != nil {
		return err
	}
	if err := compareRankings(program, floor); err != nil {
		return fmt.Errorf("the search for %q: %w", query, err)
	}
	return nil
}

func compareRankings(program, floor ranking) error {
	if len(floor.Results) == 0 || len(program.Results) < len(floor.Results) {
		return fmt.Errorf("the program finds %d learnings, the index itself %d", len(program.Results), len(floor.Results))
	}
	texts := map[string]float64{}
	for i, r := range program.Results {
		texts[r.Learning.Name] = r.Parts.Text
		if product := r.Parts.Text * r.Parts.Evidence * r.Parts.Freshness; !alike(r.Score, product) {
			return fmt.Errorf("%s has the score %v, and the product of its parts is %v", r.Learning.Name, r.Score, product)
		}
		if i > 0 && r.Score > program.Results[i-1].Score {
			return fmt.Errorf("%s stands behind one with a smaller score", r.Learning.Name)
		}
	}
	missed := 0
	for _, r := range floor.Results {
		text, found := texts[r.Learning.Name]
		switch {
		case !found:
			missed++
		case len(floor.Results) >= searchEnough && !alike(text, r.Score):
			return fmt.Errorf("the text of %s scores %v, and %v in the index itself", r.Learning.Name, text, r.Score)
		}
		delete(texts, r.Learning.Name)
	}
	if len(floor.Results) < searchPage && missed > 0 {
		return fmt.Errorf("the program misses %d of %d learnings", missed, len(floor.Results))
	}
	// On a full page evidence and freshness may have brought others up, never one with a better text than those that the floor shows.
	if len(floor.Results) >= searchEnough {
		worst := floor.Results[len(floor.Results)-1].Score
		for name, text := range texts {
			if text > worst && !alike(text, worst) {
				return fmt.Errorf("the index itself misses %s with a text that scores %v", name, text)
			}
		}
	}
	return nil
}

func alike(a, b float64) bool { return math.Abs(a-b) <= alikeScores*math.Max(math.Abs(a), math.Abs(b)) }
