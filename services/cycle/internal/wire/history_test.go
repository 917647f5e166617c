package wire_test

import (
	"maps"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
)

func TestDocument(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want domain.Document
		fail bool
	}{
		"a resource": {
			`{ "obstacle": {"name":"a", "etag":"\"0-1\"",  "updateTime":"x", "createTime":"y", "warnings":[{}], "list":[1,  2], "of": {"b" : null} }}`,
			domain.Document{"name": `"a"`, "createTime": `"y"`, "list": "[1,2]", "of": `{"b":null}`},
			false,
		},
		"beside other things":      {`{"reason":"x", "count":3, "obstacle":{"name":"a"}}`, domain.Document{"name": `"a"`}, false},
		"beside another resource":  {`{"other":{"name":"b"}, "obstacle":{"name":"a"}}`, domain.Document{"name": `"a"`}, false},
		"none of it":               {`{"other":{"name":"b"}}`, nil, false},
		"taken out":                {`{}`, nil, false},
		"nothing before":           {``, nil, false},
		"no JSON":                  {`{`, nil, true},
		"a name that is no string": {`{"obstacle":{"name":7}}`, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := wire.Document([]byte(c.data), "a")
			if !maps.Equal(got, c.want) || (err != nil) != c.fail {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
		})
	}
}
