package javaser

import (
	"math"
	"unicode/utf16"
)

// number makes a primitive what JSON has: a character is a text, a float that
// is no number too.
func number(v any) any {
	switch v := v.(type) {
	case uint16:
		return string(utf16.Decode([]uint16{v}))
	case float32:
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return floatText(f)
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return floatText(v)
		}
	}
	return v
}

// floatText is what Java prints.
func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return "NaN"
}

func charsText(p []byte) string {
	units := make([]uint16, len(p)/2)
	for i := range units {
		units[i] = uint16(p[2*i])<<8 | uint16(p[2*i+1])
	}
	return string(utf16.Decode(units))
}
