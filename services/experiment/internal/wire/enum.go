// Package wire converts between the domain of the experiment service and its contract. It holds no rules.
package wire

import (
	"fmt"
	"strings"
)

// enumOf returns the contract's value for a word of the domain, which is the value's name without its prefix. The empty
// word is the zero value.
func enumOf[E ~int32, W ~string](values map[string]int32, prefix string, word W) E {
	return E(values[prefix+string(word)])
}

// wordOf returns the domain's word for a value of the contract; "" for the zero value.
func wordOf[W ~string](value fmt.Stringer, prefix string) W {
	word := strings.TrimPrefix(value.String(), prefix)
	if word == "UNSPECIFIED" {
		return ""
	}
	return W(word)
}
