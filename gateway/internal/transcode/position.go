package transcode

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// position is the line and column of an offset, both from 1, the column in characters.
func position(text []byte, offset int) (line, column int) {
	before := text[:max(0, min(offset, len(text)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// offsetOf is the reverse of position.
func offsetOf(text []byte, line, column int) int {
	offset := 0
	for ; line > 1; line-- {
		next := bytes.IndexByte(text[offset:], '\n')
		if next < 0 {
			return len(text)
		}
		offset += next + 1
	}
	for ; column > 1 && offset < len(text); column-- {
		_, size := utf8.DecodeRune(text[offset:])
		offset += size
	}
	return offset
}

// level is one object or list that a JSON reader is inside of.
type level struct {
	list  bool
	index int
	key   string
	named bool // in an object: the name was read, the value comes next
}

// pathAt is the path to the name or value that stands at the offset in a valid JSON text, for instance
// `measurements[2].value`.
func pathAt(text []byte, offset int) string {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var levels []level
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		delim, isDelim := token.(json.Delim)
		closes := isDelim && (delim == '}' || delim == ']')
		if closes {
			levels = levels[:len(levels)-1]
		}
		isName := false
		if n := len(levels) - 1; n >= 0 && !closes && !levels[n].list && !levels[n].named {
			levels[n].key, _ = token.(string)
			isName = true
		}
		if int(decoder.InputOffset()) > offset {
			return join(levels)
		}
		switch {
		case isName:
			levels[len(levels)-1].named = true
		case isDelim && !closes:
			levels = append(levels, level{list: delim == '['})
		default: // a value is complete
			if n := len(levels) - 1; n >= 0 {
				levels[n].named = false
				levels[n].index++
			}
		}
	}
}

func join(levels []level) string {
	var b strings.Builder
	for _, l := range levels {
		if l.list {
			b.WriteString("[" + strconv.Itoa(l.index) + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(l.key)
	}
	return b.String()
}
