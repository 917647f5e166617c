package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
)

const obstaclesPath = "/v1/teams/" + benchTeam + "/obstacles"

// refused is the error for an answer that is not what was asked for.
func refused(status int, body []byte) error {
	return fmt.Errorf("wrong answer, status %d: %.400s", status, body)
}

// read gets one obstacle by name.
func (b *bench) read(ctx context.Context) error {
	caller := func(n int) caller {
		r := rand.New(rand.NewPCG(uint64(n), 7)) // the same choice on all sides
		const kinds = 512
		requests, wants := make([][]byte, kinds), make([][]byte, kinds)
		for i := range requests {
			id := obstacleID(r.IntN(b.obstacles))
			requests[i], wants[i] = get(obstaclesPath+"/"+id, b.token), []byte("/obstacles/"+id+`"`)
		}
		return cycling(requests, wants)
	}
	return b.contest(ctx, "Read one obstacle", 0.6,
		side{"program", b.program, b.program.addr, caller},
		side{"bare", b.floor, b.floor.addr, caller},
		side{"gateway echo", b.echo, b.echo.addr, caller})
}

// cycling sends prepared requests in turn, and wants each answer to be a success that holds its mark.
func cycling(requests, wants [][]byte) caller {
	return caller{
		request: func(i int) []byte { return requests[i%len(requests)] },
		check: func(i, status int, body []byte) error {
			if status != http.StatusOK || !bytes.Contains(body, wants[i%len(wants)]) {
				return refused(status, body)
			}
			return nil
		},
	}
}

// listSize is how many obstacles a page of the list has.
const listSize = 30

// page is where a list continues: behind which obstacle, and which one is the last of the page.
type page struct{ after, last, token string }

// list gets pages of 30 from the middle of a long list.
func (b *bench) list(ctx context.Context) error {
	pages, err := b.middlePages(ctx)
	if err != nil {
		return err
	}
	callers := func(token func(page) string) func(int) caller {
		return func(n int) caller {
			requests, wants := make([][]byte, len(pages)), make([][]byte, len(pages))
			for i := range pages {
				p := pages[(i+n)%len(pages)]
				requests[i] = get(fmt.Sprintf("%s?pageSize=%d&pageToken=%s", obstaclesPath, listSize, url.QueryEscape(token(p))), b.token)
				wants[i] = []byte(p.last + `"`)
			}
			c := cycling(requests, wants)
			check := c.check
			c.check = func(i, status int, body []byte) error {
				if bytes.Count(body, []byte(`"description"`)) != listSize {
					return refused(status, body)
				}
				return check(i, status, body)
			}
			return c
		}
	}
	return b.contest(ctx, fmt.Sprintf("List 30 of %d obstacles", b.obstacles), 0.5,
		side{"program", b.program, b.program.addr, callers(func(p page) string { return p.token })},
		side{"bare", b.floor, b.floor.addr, callers(func(p page) string {
			return base64.RawURLEncoding.EncodeToString([]byte(p.after))
		})})
}

// middlePages walks through the list in pages of 1,000, checks that each obstacle comes once, and returns the pages from the second
// and third quarter. The parking lot has the order in which obstacles arrived, which is nearly that of their numbers.
func (b *bench) middlePages(ctx context.Context) ([]page, error) {
	var listed []string
	ends := map[int]string{} // how many were listed when a page ended → its token
	seen := map[string]bool{}
	for token := ""; ; {
		var answer struct {
			Obstacles []struct {
				Name string `json:"name"`
			} `json:"obstacles"`
			NextPageToken string `json:"nextPageToken"`
		}
		if _, err := b.api.call(ctx, http.MethodGet, obstaclesPath+"?pageSize=1000&pageToken="+url.QueryEscape(token), "", nil, &answer); err != nil {
			return nil, err
		}
		for _, o := range answer.Obstacles {
			if seen[o.Name] {
				return nil, fmt.Errorf("the list has %s twice", o.Name)
			}
			seen[o.Name] = true
			listed = append(listed, o.Name)
		}
		if token = answer.NextPageToken; token == "" {
			break
		}
		ends[len(listed)] = token
	}
	for i := range b.obstacles {
		if name := "teams/" + benchTeam + "/obstacles/" + obstacleID(i); !seen[name] {
			return nil, fmt.Errorf("the list lacks %s", name)
		}
	}
	var pages []page
	for _, end := range slices.Sorted(maps.Keys(ends)) {
		if end > len(listed)/4 && end <= len(listed)*3/4 {
			pages = append(pages, page{after: listed[end-1], last: listed[end-1+listSize], token: ends[end]})
		}
	}
	return pages, nil
}

// create makes obstacles, each with its event and with the answer kept for a repeat.
func (b *bench) create(ctx context.Context) error {
	caller := func(int) caller {
		var want []byte
		return caller{
			request: func(int) []byte {
				n := b.created.Add(1)
				id := fmt.Sprintf("m-%09d", n)
				want = []byte("/obstacles/" + id + `"`)
				return post(obstaclesPath+"?obstacleId="+id, b.token, id, `{"description":"`+description(int(n))+`"}`)
			},
			check: func(_, status int, body []byte) error {
				if status != http.StatusOK || !bytes.Contains(body, want) {
					return refused(status, body)
				}
				return nil
			},
		}
	}
	if err := b.contest(ctx, "Create an obstacle, durable, with event and kept answer", 0.6,
		side{"program", b.program, b.program.addr, caller},
		side{"bare", b.floor, b.floor.addr, caller}); err != nil {
		return err
	}
	return b.checkCreated(ctx)
}

// checkCreated makes one more obstacle twice by one key: the second answer must be the first one, and the obstacle must be there
// once.
func (b *bench) checkCreated(ctx context.Context) error {
	id := fmt.Sprintf("m-%09d", b.created.Add(1))
	var answers [2]json.RawMessage
	for i := range answers {
		header, err := b.api.call(ctx, http.MethodPost, obstaclesPath+"?obstacleId="+id, id, object{"description": "Twice"}, &answers[i])
		if err != nil {
			return err
		}
		if replayed := header.Get("Idempotency-Replayed") == "true"; replayed != (i == 1) {
			return fmt.Errorf("answer %d to one key: replayed is %t", i+1, replayed)
		}
	}
	if !bytes.Equal(answers[0], answers[1]) {
		return fmt.Errorf("two answers to one key differ: %s and %s", answers[0], answers[1])
	}
	var kept struct {
		Name string `json:"name"`
	}
	if _, err := b.api.call(ctx, http.MethodGet, obstaclesPath+"/"+id, "", nil, &kept); err != nil {
		return err
	}
	return nil
}
