package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one setting of the struct.
type field struct {
	key, def, doc string
	oneof         []string
	secret        bool
	target        reflect.Value
}

var (
	durationType    = reflect.TypeFor[time.Duration]()
	secretType      = reflect.TypeFor[Secret]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// fieldsOf lists the settings of a struct, groups included.
func fieldsOf(v reflect.Value) ([]field, error) {
	var fields []field
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		key, tagged := sf.Tag.Lookup("env")
		switch {
		case !sf.IsExported():
			if tagged {
				return nil, fmt.Errorf("config: %s is not exported", sf.Name)
			}
			continue
		case !tagged && sf.Type.Kind() == reflect.Struct:
			inner, err := fieldsOf(v.Field(i))
			if err != nil {
				return nil, err
			}
			fields = append(fields, inner...)
			continue
		case !tagged:
			continue
		}
		f := field{key: key, def: sf.Tag.Get("default"), doc: sf.Tag.Get("doc"), secret: sf.Type == secretType, target: v.Field(i)}
		if oneof := sf.Tag.Get("oneof"); oneof != "" {
			f.oneof = strings.Split(oneof, ",")
		}
		fields = append(fields, f)
	}
	for i, f := range fields {
		if slices.ContainsFunc(fields[:i], func(other field) bool { return other.key == f.key }) {
			return nil, fmt.Errorf("config: %s is declared twice", f.key)
		}
	}
	return fields, nil
}

// set parses text into the field. An empty text is the zero value. The error is the rest of a sentence that begins with
// the text, and does not repeat it.
func (f field) set(text string) error {
	if len(f.oneof) > 0 && !slices.Contains(f.oneof, text) {
		return fmt.Errorf("is not one of %s", strings.Join(f.oneof, ", "))
	}
	t := f.target
	if reflect.PointerTo(t.Type()).Implements(unmarshalerType) {
		if text == "" {
			t.SetZero()
			return nil
		}
		if err := t.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			if f.secret {
				return errors.New("is not valid")
			}
			return fmt.Errorf("is not valid: %w", err)
		}
		return nil
	}
	if text == "" {
		t.SetZero()
		return nil
	}
	switch {
	case t.Type() == durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("is not a duration such as 30s or 5m")
		}
		t.SetInt(int64(d))
	case t.Kind() == reflect.String:
		t.SetString(text)
	case t.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("is not true or false")
		}
		t.SetBool(b)
	case t.CanInt():
		n, err := strconv.ParseInt(text, 10, t.Type().Bits())
		if err != nil {
			return errors.New("is not a whole number that fits")
		}
		t.SetInt(n)
	case t.CanUint():
		n, err := strconv.ParseUint(text, 10, t.Type().Bits())
		if err != nil {
			return errors.New("is not a whole number from 0 on that fits")
		}
		t.SetUint(n)
	case t.CanFloat():
		n, err := strconv.ParseFloat(text, t.Type().Bits())
		if err != nil {
			return errors.New("is not a number")
		}
		t.SetFloat(n)
	case t.Kind() == reflect.Slice && t.Type().Elem().Kind() == reflect.String:
		var list []string
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		t.Set(reflect.ValueOf(list).Convert(t.Type()))
	default:
		return fmt.Errorf("cannot be read into a %s", t.Type())
	}
	return nil
}
