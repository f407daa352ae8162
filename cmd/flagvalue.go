package cmd

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// oneVocabulary gives the flags of all commands the meanings that they share: a
// duration also takes plain seconds.
func oneVocabulary(c *cobra.Command) {
	for _, set := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
		set.VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "duration" {
				f.Value = seconds{f.Value}
			}
		})
	}
	for _, sub := range c.Commands() {
		oneVocabulary(sub)
	}
}

// seconds is a duration flag that takes 500ms, 3s, 5m and plain seconds (4, 0.5).
// Values that it does not know go on to the flag's own reader, which may know bare
// numbers of another unit (Tomcat's attributes are in milliseconds).
type seconds struct{ pflag.Value }

func (s seconds) Set(text string) error {
	err := s.Value.Set(text)
	if err == nil {
		return nil
	}
	n, e := strconv.ParseFloat(text, 64)
	if e != nil || n < 0 || n > (200*365*24*time.Hour).Seconds() {
		return err
	}
	return s.Value.Set(time.Duration(n * float64(time.Second)).String())
}

// flagError tells what is wrong with a flag in words of its kind, and names the
// flag that may be meant.
func flagError(c *cobra.Command, err error) error {
	see := "(see '" + c.CommandPath() + " --help')"
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		f := invalid.GetFlag()
		if errors.Is(err, errTwice) {
			return usagef("--%s %s: this command takes one %s, and it is %s already %s", f.Name, invalid.GetValue(), f.Name, f.Value, see)
		}
		if say := wanted(f.Value.Type()); say != "" {
			return usagef("--%s %q: say %s %s", f.Name, invalid.GetValue(), say, see)
		}
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if near := nearFlags(c, unknown.GetSpecifiedName()); len(near) > 0 {
			return usagef("%w; did you mean %s? %s", err, strings.Join(near, " or "), see)
		}
	}
	return usagef("%w %s", err, see)
}

// wanted says what the values of a kind of flag look like.
func wanted(kind string) string {
	switch kind {
	case "duration":
		return "a time such as 500ms, 3s, 5m, or seconds"
	case "int", "int64":
		return "a whole number"
	case "uint", "uint32", "uint64":
		return "a whole number from 0"
	case "uint16":
		return "a number from 0 to 65535"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	}
	return ""
}

// nearFlags are the flags of c whose names are like name.
func nearFlags(c *cobra.Command, name string) []string {
	var out []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && len(name) > 2 && (strings.HasPrefix(f.Name, name) || distance(f.Name, name) <= 2) {
			out = append(out, "--"+f.Name)
		}
	})
	slices.Sort(out)
	return out
}

// distance is how many letters have to change to make a of b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		left := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := left
			if a[i-1] != b[j-1] {
				change++
			}
			left = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
