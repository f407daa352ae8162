package logs

import "strings"

// Level is how bad the one that wrote a line thought it was.
type Level string

const (
	LevelError Level = "error"
	LevelWarn  Level = "warn"
	LevelInfo  Level = "info"
	LevelDebug Level = "debug"
)

// levels are the words of log4j, logback and java.util.logging, the latter in the
// languages of Java's sun.util.logging.resources.
var levels = map[string]Level{}

func init() {
	for level, words := range map[Level]string{
		LevelError: "SEVERE ERROR FATAL CRITICAL ERR SCHWERWIEGEND GRAVE GRAVES 致命的 重大 严重 嚴重 심각 СЕРЬЕЗНО СЕРЬЁЗНО KRITICKÉ ZÁVAŽNÉ ALLVARLIG",
		LevelWarn:  "WARNING WARN WARNUNG AVERTISSEMENT ATTENTION ADVERTENCIA AVVERTENZA ADVERTÊNCIA AVISO ATENÇÃO 警告 경고 ПРЕДУПРЕЖДЕНИЕ ВНИМАНИЕ VAROVÁNÍ VARNING",
		LevelInfo:  "INFO INFORMATION INFOS INFORMACIÓN INFORMAZIONI INFORMAÇÕES INFORMAÇÃO 情報 信息 資訊 정보 ИНФОРМАЦИЯ ИНФО INFORMACE CONFIG KONFIGURATION NOTICE",
		LevelDebug: "DEBUG TRACE FINE FINER FINEST FEIN FEINER AM FEINSTEN",
	} {
		for w := range strings.FieldsSeq(words) {
			if w != "AM" {
				levels[w] = level
			}
		}
	}
}

// levelOf reads a word, in any case, with brackets or a colon around it.
func levelOf(word string) (Level, bool) {
	l, ok := levels[word]
	if !ok && len(word) < 32 {
		l, ok = levels[strings.ToUpper(strings.Trim(word, "[]:()"))]
	}
	return l, ok
}
