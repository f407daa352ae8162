package cmd

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"muster/cmd/internal/term"
)

// What is wrong with a page decides the exit status: a Tomcat that fails is a
// verdict, a page that no session can be tested with is none.
func TestSmokeTomcatExitStatus(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   int
		says   string
	}{
		{"a session", func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("JSESSIONID"); err != nil {
				http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "0123456789ABCDEF"})
			}
		}, exitOK, `"status":"pass"`},
		{"no cookie", func(http.ResponseWriter, *http.Request) {}, exitUnknown, `"status":"unknown"`},
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, exitNo, `"status":"fail"`},
	} {
		args := []string{"smoke", "--json", "--http-only", "--pause", "1ms"}
		for range 2 {
			s := httptest.NewServer(c.answer)
			defer s.Close()
			args = append(args, "--tomcat", s.URL+"/app")
		}
		s, out, errs := term.Test("")
		if got := Run(context.Background(), args, s); got != c.want || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: exit status %d, want %d\n%s%s", c.name, got, c.want, out, errs)
		}
	}
}

func TestReadHeaders(t *testing.T) {
	h, err := readHeaders([]string{"host: tomcat.example", "X-A: b:c"})
	if err != nil || h.Get("Host") != "tomcat.example" || h.Get("X-A") != "b:c" {
		t.Errorf("%v, %v", h, err)
	}
	for _, bad := range []string{"", "x", ": v", "a b: c", "a: b\r\nc: d"} {
		if h, err := readHeaders([]string{bad}); err == nil {
			t.Errorf("%q is %v", bad, h)
		}
	}
}
