package db

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"sync"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// All runs a query and returns every row. T is a struct whose fields carry `db:"column"` tags, or a scalar (string, bool,
// number, []byte, a pointer to one for a nullable column) for a single column. Every column needs a field; embedded
// structs count as their fields. No rows is an empty result, not an error.
func All[T any](ctx context.Context, q Queryer, query string, args ...any) ([]T, error) {
	var all []T
	err := each(ctx, q, query, args, func(x *T) bool {
		all = append(all, *x)
		return true
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// One runs a query and returns its first row, or false when there is none. T is as for All.
func One[T any](ctx context.Context, q Queryer, query string, args ...any) (T, bool, error) {
	var one T
	found := false
	err := each(ctx, q, query, args, func(x *T) bool {
		one, found = *x, true
		return false
	})
	if err != nil {
		var zero T
		return zero, false, err
	}
	return one, found, nil
}

// each scans row after row until use returns false.
func each[T any](ctx context.Context, q Queryer, query string, args []any, use func(*T) bool) (err error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return Fault(err)
	}
	defer func() {
		if e := rows.Close(); e != nil && err == nil {
			err = Fault(e)
		}
	}()
	into, err := destinations[T](rows)
	if err != nil {
		return err
	}
	for rows.Next() {
		var x T
		if err := rows.Scan(into(&x)...); err != nil {
			return Fault(err)
		}
		if !use(&x) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return Fault(err)
	}
	return nil
}

// destinations returns a function that lists the pointers to scan a row into.
func destinations[T any](rows *sql.Rows) (func(*T) []any, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, Fault(err)
	}
	t := reflect.TypeFor[T]()
	dest := make([]any, len(columns))
	if scalar(t) {
		if len(columns) != 1 {
			return nil, shape("a single value of type %v cannot hold %d columns", t, len(columns))
		}
		return func(x *T) []any {
			dest[0] = target(reflect.ValueOf(x).Elem())
			return dest
		}, nil
	}
	fields := fieldsOf(t)
	paths := make([][]int, len(columns))
	for i, c := range columns {
		path, ok := fields[c]
		if !ok {
			return nil, shape("%v has no field for column %q", t, c)
		}
		paths[i] = path
	}
	return func(x *T) []any {
		v := reflect.ValueOf(x).Elem()
		for i, path := range paths {
			dest[i] = target(v.FieldByIndex(path))
		}
		return dest
	}, nil
}

// shape is a mistake in the program: the query and the type do not fit.
func shape(format string, args ...any) error {
	return fault.From(fmt.Errorf("db: "+format, args...))
}

var (
	scannerType = reflect.TypeFor[sql.Scanner]()
	bytesType   = reflect.TypeFor[[]byte]()
)

func scalar(t reflect.Type) bool {
	return t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(scannerType)
}

// target returns the pointer to scan into. Named byte slices such as json.RawMessage go in as plain ones, which
// database/sql fills from text as well.
func target(v reflect.Value) any {
	p := v.Addr()
	if v.Kind() == reflect.Slice && v.Type() != bytesType && v.Type().Elem().Kind() == reflect.Uint8 && !p.Type().Implements(scannerType) {
		return p.Convert(reflect.PointerTo(bytesType)).Interface()
	}
	return p.Interface()
}

var fieldMaps sync.Map // reflect.Type → map[string][]int

func fieldsOf(t reflect.Type) map[string][]int {
	if m, ok := fieldMaps.Load(t); ok {
		return m.(map[string][]int)
	}
	m := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("db"); name != "" && name != "-" && f.IsExported() {
			m[name] = f.Index
		}
	}
	fieldMaps.Store(t, m)
	return m
}
