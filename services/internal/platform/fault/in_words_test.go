package fault_test

import (
	"reflect"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestInWords(t *testing.T) {
	const question = "say what is wrong, 100 % of it"
	for given, want := range map[string]string{
		"": "", " ": "", "\t\r\n ": "", "\u00a0\u2003": "", "late": "late", "  late\n": "late", " too  late ": "too  late", "%s": "%s",
	} {
		text := given
		err := fault.InWords("andon.problem", "TEXT_MISSING", question, &text)
		if text != want || (err == nil) != (want != "") {
			t.Errorf("%q becomes %q, %v; want %q", given, text, err, want)
		}
		if refusal := fault.Invalid("andon.problem", "TEXT_MISSING", "%s", question); err != nil && !reflect.DeepEqual(err, error(refusal)) {
			t.Errorf("%q is refused with %+v, want %+v", given, err, refusal)
		}
	}
}
