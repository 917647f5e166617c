package domain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	rankDigits = "0123456789abcdefghijklmnopqrstuvwxyz"
	// A rank begins with a whole number of rankWidth digits, so that what goes to an end of the lot does not make ranks longer.
	rankWidth = 4
	rankFirst = "i000"
	// maxRank is how long ranks may become before the whole lot gets new ones.
	maxRank = 24
	// NoRank stands for the rank of what was parked before there were ranks. It comes after every rank.
	NoRank = "~"
)

// Place is a parked obstacle and its rank.
type Place struct {
	Name string `db:"name"`
	Rank string `db:"rank"`
}

// RankBetween returns a rank that comes between two others by its bytes; an empty one stands for the end of the lot on its side.
// False means that there is no short rank: then the whole lot gets new ones, see Arrange.
func RankBetween(before, after string) (string, bool) {
	if after == NoRank {
		after = ""
	}
	var rank string
	switch {
	case before == NoRank:
		return "", false
	case before == "" && after == "":
		rank = rankFirst
	case after == "":
		rank = whole(before, 1)
	case before == "":
		rank = whole(after, -1)
	default:
		rank = middle(before, after)
	}
	return rank, rank != "" && len(rank) <= maxRank
}

// Arrange puts an obstacle at a place of the lot, counted without it, and returns who gets which rank: only the obstacle itself
// when there is room, nobody when it is there already, and all others too when there is none.
func Arrange(lot []Place, name string, at int) []Place {
	others := slices.DeleteFunc(slices.Clone(lot), func(p Place) bool { return p.Name == name })
	before, after := "", ""
	if at > 0 {
		before = others[at-1].Rank
	}
	if at < len(others) {
		after = others[at].Rank
	}
	if was := slices.IndexFunc(lot, func(p Place) bool { return p.Name == name }); was == at && lot[was].Rank != NoRank {
		return nil
	}
	if rank, ok := RankBetween(before, after); ok {
		return []Place{{Name: name, Rank: rank}}
	}
	all := slices.Insert(others, at, Place{Name: name})
	for i := range all {
		all[i].Rank = number(start() + int64(i))
	}
	return all
}

// RankIn is the rank that the obstacle gets in places; otherwise the one that it has.
func RankIn(places []Place, name, otherwise string) string {
	for _, place := range places {
		if place.Name == name {
			return place.Rank
		}
	}
	return otherwise
}

// PlaceAfter is the place of the lot, counted without the obstacle itself, behind the parked obstacle named after; the front when
// that is empty.
func PlaceAfter(lot []Place, name, after string) (int, error) {
	if after == "" {
		return 0, nil
	}
	if after == name {
		return 0, fault.Invalid("after", "MOVE_AFTER_ITSELF", "an obstacle cannot follow itself; name the one that it is to follow")
	}
	at := 0
	for _, place := range lot {
		if place.Name == name {
			continue
		}
		at++
		if place.Name == after {
			return at, nil
		}
	}
	return 0, fault.Invalid("after", "OBSTACLE_NOT_PARKED", "%s is not in the parking lot; name a parked obstacle, or nothing for the front", after)
}

// whole is the whole number that lies by away from that of a rank; empty at the ends of the numbers.
func whole(rank string, by int64) string {
	n, err := strconv.ParseInt(rank[:min(rankWidth, len(rank))], len(rankDigits), 64)
	if err != nil {
		return ""
	}
	return number(n + by)
}

// number writes a whole number as the beginning of a rank; empty when it has no place there. Zero is left out: nothing could
// come before it.
func number(n int64) string {
	digits := strconv.FormatInt(n, len(rankDigits))
	if n <= 0 || len(digits) > rankWidth {
		return ""
	}
	return strings.Repeat("0", rankWidth-len(digits)) + digits
}

func start() int64 {
	n, _ := strconv.ParseInt(rankFirst, len(rankDigits), 64)
	return n
}

// middle is about halfway between two ranks, read as fractions. No rank ends with a zero behind its whole number.
func middle(before, after string) string {
	var rank []byte
	for i := 0; len(rank) <= maxRank; i++ {
		low, high := 0, len(rankDigits)
		if i < len(before) {
			low = strings.IndexByte(rankDigits, before[i])
		}
		if i < len(after) {
			high = strings.IndexByte(rankDigits, after[i])
		}
		if high-low > 1 {
			return string(append(rank, rankDigits[(low+high)/2]))
		}
		rank = append(rank, rankDigits[low])
		if high != low {
			after = "" // whatever follows stays below it
		}
	}
	return string(rank)
}
