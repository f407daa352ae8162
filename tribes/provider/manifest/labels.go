package manifest

import "strings"

// selects reports whether a Service's selector has the labels; an empty one selects nothing.
func selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return len(selector) > 0
}

// meets reports whether labels meet a label selector as text, as the API reads it:
// equality ("a=b", "a==b", "a!=b") and presence ("a", "!a"), and sets ("a in (b,c)",
// "a notin (b,c)"). ok is false where it is none.
func meets(selector string, labels map[string]string) (met, ok bool) {
	met = true
	for _, term := range terms(selector) {
		yes, ok := meetsTerm(term, labels)
		if !ok {
			return false, false
		}
		met = met && yes
	}
	return met, true
}

// terms splits at commas outside of parentheses.
func terms(selector string) []string {
	var out []string
	depth, from := 0, 0
	for i, r := range selector {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			out, from = append(out, selector[from:i]), i+1
		}
	}
	if last := selector[from:]; strings.TrimSpace(last) != "" {
		out = append(out, last)
	}
	return out
}

func meetsTerm(term string, labels map[string]string) (yes, ok bool) {
	term = strings.TrimSpace(term)
	if open := strings.IndexByte(term, '('); open >= 0 {
		words := strings.Fields(term[:open])
		if len(words) != 2 || !strings.HasSuffix(term, ")") || words[1] != "in" && words[1] != "notin" {
			return false, false
		}
		value, has := labels[words[0]]
		in := false
		for v := range strings.SplitSeq(term[open+1:len(term)-1], ",") {
			in = in || has && strings.TrimSpace(v) == value
		}
		return in == (words[1] == "in"), true
	}
	for _, op := range []string{"!=", "==", "="} {
		if key, value, found := strings.Cut(term, op); found {
			key, value = strings.TrimSpace(key), strings.TrimSpace(value)
			got, has := labels[key]
			return (has && got == value) == (op != "!="), key != ""
		}
	}
	key, absent := strings.CutPrefix(term, "!")
	if key = strings.TrimSpace(key); key == "" || strings.ContainsAny(key, " \t") {
		return false, false
	}
	_, has := labels[key]
	return has != absent, true
}
