package view

import (
	"fmt"
	"io"
	"time"

	"muster/internal/escape"
	"muster/internal/verdict"
)

// WriteVerdictsJUnit writes verdicts as a JUnit report: a failure is a failure, a
// warning passes with its text as output, what is not known or does not apply is
// skipped. stopped is why the command could not find out, nil where it did.
func WriteVerdictsJUnit(w io.Writer, name string, vs []verdict.Verdict, began time.Time, stopped error) error {
	s := junitSuite{Name: name, Time: junitSeconds(time.Since(began)), Timestamp: began.UTC().Format("2006-01-02T15:04:05")}
	for _, v := range vs {
		c := junitCase{Class: name, Name: escape.Text(fmt.Sprintf("%s %s", v.ID, v.Subject)), Time: junitSeconds(0)}
		text := escape.Text(v.Saw)
		switch v.Status {
		case verdict.Fail:
			c.Failure = &junitMessage{Message: text, Text: text}
			s.Failures++
		case verdict.Skip, verdict.Unknown:
			c.Skipped = &junitMessage{Message: text}
			s.Skipped++
		default:
			c.Output = text
		}
		s.Cases = append(s.Cases, c)
	}
	if stopped != nil {
		text := escape.Text(stopped.Error())
		s.Cases = append(s.Cases, junitCase{Class: name, Name: "muster could tell", Time: junitSeconds(0), Error: &junitMessage{Message: text, Text: text}})
		s.Errors++
	}
	return s.write(w)
}
