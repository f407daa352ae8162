package release

import "testing"

func TestInPage(t *testing.T) {
	for text, want := range map[string]string{
		`<hr class="line" /><h3>Apache Tomcat/11.0.20</h3></body></html>`: "11.0.20",
		`Apache Tomcat/9.0.0.M23 - Error report`:                          "9.0.0",
		`<h3>Apache Tomcat/10.1.34 (Debian)</h3>`:                         "10.1.34",
		`Apache-Coyote/1.1`:                                               "", `Apache Tomcat/11`: "", `Apache Tomcat/99.0.1`: "", ``: "",
	} {
		if r, ok := InPage(text); ok != (want != "") || ok && r.String() != want {
			t.Errorf("%q: %v %v, want %q", text, r, ok, want)
		}
	}
}
