package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"muster/internal/tomcatjar"
)

// row is one line of the table.
type row struct {
	key, pkg, level, language string
	releases                  []string
	pattern                   string
}

// weight orders levels: the worst that is seen of a key is its own.
var weight = map[string]int{"error": 6, "warn": 5, "throw": 4, "info": 3, "debug": 2, "trace": 1}

// table joins what the releases log. A text of a class has the key that the same
// text has in a later release, or one made of its class and words.
func table(byRelease map[string][]tomcatjar.Text) []row {
	levels := map[string]string{} // of keys, in any release
	keys := map[string]string{}   // of English texts, without what is filled in
	for _, texts := range byRelease {
		for _, t := range texts {
			if t.Key != "" && weight[t.Level] > weight[levels[t.Key]] {
				levels[t.Key] = t.Level
			}
			if t.Key != "" && t.Pattern != "" && t.Language == "en" {
				keys[plain(t.Pattern)] = t.Key
			}
		}
	}
	rows := map[string]*row{}
	for release, texts := range byRelease {
		for _, t := range texts {
			if t.Pattern == "" || strings.Trim(plain(t.Pattern), " ") == "" {
				continue
			}
			key, level := t.Key, t.Level
			if key == "" {
				if key = keys[plain(t.Pattern)]; key == "" {
					key = made(t)
				}
			} else {
				level = levels[key]
			}
			id := key + "\x00" + t.Language + "\x00" + t.Pattern
			r := rows[id]
			if r == nil {
				r = &row{key: key, pkg: t.Package, level: level, language: t.Language, pattern: t.Pattern}
				rows[id] = r
			}
			if weight[level] > weight[r.level] {
				r.level = level
			}
			if !slices.Contains(r.releases, release) {
				r.releases = append(r.releases, release)
			}
		}
	}
	var out []row
	for _, r := range rows {
		slices.SortFunc(r.releases, byNumber)
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b row) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.language, b.language), strings.Compare(a.pattern, b.pattern))
	})
	return out
}

var (
	notWords = regexp.MustCompile(`\{\d+\}|[^\pL\pN]+`)
	wordsOf  = regexp.MustCompile(`[A-Za-z0-9]+`)
)

// plain is a text in lower case without punctuation and what is filled in.
func plain(s string) string {
	return strings.TrimSpace(notWords.ReplaceAllString(strings.ToLower(s), " "))
}

// made is the key of a text that no release gave one: "class.firstWords".
func made(t tomcatjar.Text) string {
	class, _, _ := strings.Cut(t.Class, "$")
	words := wordsOf.FindAllString(notWords.ReplaceAllString(t.Pattern, " "), -1)
	var b strings.Builder
	b.WriteString(strings.ToLower(class[:1]) + class[1:] + ".")
	for i, w := range words[:min(len(words), 4)] {
		if i > 0 {
			w = strings.ToUpper(w[:1]) + w[1:]
		} else {
			w = strings.ToLower(w)
		}
		b.WriteString(w)
	}
	return b.String()
}

// byNumber orders releases: 5.5.15 before 10.1.56.
func byNumber(a, b string) int {
	return cmp.Or(len(strings.SplitN(a, ".", 2)[0])-len(strings.SplitN(b, ".", 2)[0]), strings.Compare(a, b))
}
