package eventlog

// gathered is what a transaction gathers of one kind.
type gathered struct {
	value  any
	finish func() error
}

// Gather returns the T of this transaction, at first a zero one. What it has become is given to finish once, after the function of the
// transaction and before the commit: for work that is cheaper for all changes together than for each. The finish of the first call
// counts. An error of it is one of the transaction.
func Gather[T any](tx *Tx, finish func(tx *Tx, all *T) error) *T {
	for _, g := range tx.gathers {
		if value, ok := g.value.(*T); ok {
			return value
		}
	}
	value := new(T)
	tx.gathers = append(tx.gathers, gathered{value, func() error { return finish(tx, value) }})
	return value
}

// finish does what was put off to the end. What begins to gather meanwhile is finished, too.
func (tx *Tx) finish() error {
	for i := 0; i < len(tx.gathers); i++ {
		if err := tx.gathers[i].finish(); err != nil {
			return err
		}
	}
	return nil
}
