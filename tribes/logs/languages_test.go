package logs

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"muster/tribes/logs/message"
)

// The words for INFO, WARNING and SEVERE of Java in Tomcat's languages.
var levelWords = map[string][3]string{
	"cs": {"INFO", "VAROVÁNÍ", "ZÁVAŽNÉ"}, "de": {"INFORMATION", "WARNUNG", "SCHWERWIEGEND"}, "es": {"INFORMACIÓN", "ADVERTENCIA", "GRAVE"},
	"fr": {"INFOS", "AVERTISSEMENT", "GRAVE"}, "ja": {"情報", "警告", "重大"}, "ko": {"정보", "경고", "심각"},
	"pt_BR": {"INFORMAÇÕES", "ADVERTÊNCIA", "GRAVE"}, "ru": {"ИНФОРМАЦИЯ", "ПРЕДУПРЕЖДЕНИЕ", "СЕРЬЕЗНО"}, "zh_CN": {"信息", "警告", "严重"},
}

// inLanguage is a log of JULI's one line as a Tomcat of another language writes it:
// what the language has no text for stays English, as with Tomcat.
func inLanguage(log, language string) string {
	byKey := map[string]string{}
	for _, x := range message.Texts() {
		if x.Language == language {
			byKey[x.Key] = x.Pattern
		}
	}
	words := levelWords[language]
	var out strings.Builder
	for line := range strings.Lines(log) {
		h, ok := parseHeader([]byte(line))
		if !ok || h.logger == nil {
			out.WriteString(line)
			continue
		}
		text := strings.TrimRight(string(h.text), "\n")
		if m, found := message.Find(text, false); found && byKey[m.Key] != "" {
			translated := byKey[m.Key]
			for i, a := range m.Args {
				translated = strings.ReplaceAll(translated, "{"+strconv.Itoa(i)+"}", a)
			}
			line = strings.Replace(line, text, translated, 1)
		}
		for i, english := range []string{" INFO ", " WARNING ", " SEVERE "} {
			line = strings.Replace(line, english, " "+words[i]+" ", 1)
		}
		out.WriteString(line)
	}
	return out.String()
}

// Each recorded pair of logs says the same in each language that Tomcat ships.
func TestLanguages(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "fuzz" || strings.Contains(e.Name(), "log4j2") || strings.Contains(e.Name(), "logback") || strings.Contains(e.Name(), "twoline") {
			continue
		}
		var english []Input
		for _, in := range folder(t, e.Name()) {
			english = append(english, text(in.Name, read(t, strings.TrimPrefix(in.Name, "testdata/"))))
		}
		want := bad(run(t, english...))
		for language := range levelWords {
			var other []Input
			for _, in := range folder(t, e.Name()) {
				other = append(other, text(in.Name, inLanguage(read(t, strings.TrimPrefix(in.Name, "testdata/")), language)))
			}
			if got := bad(run(t, other...)); !slices.Equal(got, want) {
				t.Errorf("%s in %s: %q, want %q", e.Name(), language, got, want)
			}
		}
	}
}
