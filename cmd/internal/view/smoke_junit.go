package view

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"

	"muster/internal/escape"
	"muster/tribes/smoke"
)

// The elements of a JUnit report, as Jenkins and GitLab read them: a suite is a
// run, a test case a step.
type (
	junitSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Time     string     `xml:"time,attr"`
		Suite    junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Error   *junitMessage `xml:"error,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a run as a JUnit report. A run that was not finished says so:
// stopped is why, nil where it was; the steps that were not tried are skipped.
// Text of nodes goes in as it may be shown on a terminal: no control character,
// which XML could not carry either.
func WriteJUnit(w io.Writer, rep smoke.Report, began time.Time, stopped error) error {
	s := junitSuite{
		Name: "muster smoke", Time: junitSeconds(rep.Took), Timestamp: began.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"nodes", fmt.Sprint(rep.Nodes)}, {"manager", string(rep.Manager)}, {"interface", escape.Text(rep.Interface.Name)}, {"group", rep.Group.String()},
		},
	}
	for _, st := range rep.Steps {
		c := junitCase{Class: "muster.smoke", Name: junitName(st.Number, st.Name), Time: junitSeconds(st.Took), Output: details(st.Detail)}
		if st.Err != nil {
			text := escape.Text(st.Err.Error())
			c.Failure = &junitMessage{Message: text, Text: text}
			s.Failures++
		}
		if st.Skipped != "" {
			c.Skipped = &junitMessage{Message: escape.Text(st.Skipped)}
			s.Skipped++
		}
		s.Cases = append(s.Cases, c)
	}
	for i := len(rep.Steps); i < len(rep.Names); i++ {
		c := junitCase{Class: "muster.smoke", Name: junitName(i+1, rep.Names[i]), Time: junitSeconds(0)}
		if stopped != nil && i == len(rep.Steps) {
			text := escape.Text(stopped.Error())
			c.Error = &junitMessage{Message: text, Text: text}
			s.Errors++
		} else {
			c.Skipped = &junitMessage{Message: "not tried: the run ended before it"}
			s.Skipped++
		}
		s.Cases = append(s.Cases, c)
	}
	return s.write(w)
}

// write writes the suite as a report of its own.
func (s junitSuite) write(w io.Writer) error {
	s.Tests = len(s.Cases)
	all := junitSuites{Name: s.Name, Tests: s.Tests, Failures: s.Failures, Errors: s.Errors, Time: s.Time, Suite: s}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitName has the number, so that a list in the order of names is in the order
// of steps.
func junitName(number int, name string) string {
	return fmt.Sprintf("%d %s", number, escape.Text(name))
}

func junitSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
