package store

import "math"

// The score of a text is BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) in the form that SQLite's FTS5
// documents for bm25(): the sum over the phrases of
//
//	idf × f × (k1 + 1) / (f + k1 × (1 − b + b × tokens / mean tokens))
//
// where f adds up the weights of the columns that the phrase stands in, once for each place, and idf is
// ln((documents − n + 0.5) / (n + 0.5)), never less than a millionth, for a phrase that n documents have. On SQLite it is bm25() itself,
// on Postgres the functions here: the same numbers, but for the last bits of a float.
const (
	bm25K1     = 1.2
	bm25B      = 0.75
	leastScore = 1e-6
)

// idf says how much a phrase tells that is in n of all documents.
func idf(documents, n int64) float64 {
	weight := math.Log((float64(documents-n) + 0.5) / (float64(n) + 0.5))
	if weight <= 0 {
		return leastScore
	}
	return weight
}

// bm25 is what one phrase adds to the score of a learning of so many tokens, mean being the mean.
func bm25(idf, frequency, tokens, mean float64) float64 {
	return idf * ((frequency * (bm25K1 + 1)) / (frequency + bm25K1*(1-bm25B+bm25B*tokens/mean)))
}
