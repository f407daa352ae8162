package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// jsonFields are the names under which layouts write what a record has: Tomcat's
// JsonFormatter, log4j's JsonLayout and JsonTemplateLayout, Logstash, ECS, GELF.
var jsonFields = struct{ time, level, logger, method, thread, text, trace, node []string }{
	time:   []string{"time", "@timestamp", "timestamp", "ts", "date", "datetime", "timeMillis", "timestampMillis", "instant"},
	level:  []string{"level", "severity", "log.level", "loglevel", "lvl", "levelname"},
	logger: []string{"logger", "logger_name", "loggerName", "log.logger", "_logger", "class", "className", "logger_class", "source.class"},
	method: []string{"method", "methodName"},
	thread: []string{"thread", "thread_name", "threadName", "process.thread.name", "_thread"},
	text:   []string{"message", "msg", "short_message", "text", "log.message"},
	trace:  []string{"throwable", "stack_trace", "stackTrace", "exception", "error.stack_trace", "thrown", "full_message", "stacktrace", "exc_info"},
	node:   []string{"host", "hostname", "HOSTNAME", "pod", "pod_name", "kubernetes.pod_name", "kubernetes.pod.name", "host.name", "container_name", "service"},
}

// unwrapJSON takes the line out of the object in which Docker's json-file driver
// keeps it, {"log":"line\n","stream":"stdout","time":"..."}.
func unwrapJSON(line []byte) ([]byte, bool) {
	text, ok := bytes.CutPrefix(line, []byte(`{"log":"`))
	if !ok {
		return line, false
	}
	if i := bytes.IndexAny(text, `"\`); i >= 0 && (text[i] == '"' || bytes.HasPrefix(text[i:], []byte(`\n"`))) {
		return text[:i], true // nothing in it was escaped but its end
	}
	var o struct {
		Log string `json:"log"`
	}
	if json.Unmarshal(line, &o) != nil {
		return line, false
	}
	return []byte(strings.TrimRight(o.Log, "\r\n")), true
}

// parseJSON reads a line that is a JSON object with a text: its header and the
// lines of its stack trace. node is the host or pod that it names.
func parseJSON(line []byte) (h header, trace []string, node string, ok bool) {
	var o map[string]any
	if json.Unmarshal(line, &o) != nil {
		return h, nil, "", false
	}
	text, ok := lookup(o, jsonFields.text).(string)
	if !ok {
		return h, nil, "", false
	}
	first, more, _ := strings.Cut(text, "\n")
	h.text = []byte(first)
	if more != "" {
		trace = append(trace, strings.Split(more, "\n")...)
	}
	h.stamp, _ = jsonTime(lookup(o, jsonFields.time))
	if l, isText := lookup(o, jsonFields.level).(string); isText {
		h.level, _ = levelOf(strings.ToUpper(l))
	}
	if l, isText := lookup(o, jsonFields.logger).(string); isText {
		h.logger, h.method = splitMethod([]byte(strings.TrimLeft(l, ".~*")))
	}
	if m, isText := lookup(o, jsonFields.method).(string); isText {
		h.method = []byte(m)
	}
	if t, isText := lookup(o, jsonFields.thread).(string); isText {
		h.thread = []byte(t)
	}
	node, _ = lookup(o, jsonFields.node).(string)
	trace = append(trace, jsonTrace(lookup(o, jsonFields.trace), 0)...)
	return h, trace, node, true
}

// lookup returns the first of the names that o has; a dot may be a level of objects.
func lookup(o map[string]any, names []string) any {
	for _, n := range names {
		if v, ok := o[n]; ok {
			if _, isObject := v.(map[string]any); isObject && n != "instant" && n != "thrown" && n != "exception" {
				continue
			}
			return v
		}
		if head, tail, found := strings.Cut(n, "."); found {
			if inner, ok := o[head].(map[string]any); ok {
				if v, ok := inner[tail]; ok {
					return v
				}
			}
		}
	}
	return nil
}

func jsonTime(v any) (stamp, bool) {
	switch v := v.(type) {
	case string:
		s, _, ok := parseStamp([]byte(v))
		return s, ok
	case float64:
		switch {
		case v > 1e12: // milliseconds
			return stamp{time.UnixMilli(int64(v)).UTC(), true, true, true}, true
		case v > 1e8:
			sec := int64(v)
			return stamp{time.Unix(sec, int64((v-float64(sec))*1e9)).UTC(), true, true, true}, true
		}
	case map[string]any: // log4j's instant
		sec, ok := v["epochSecond"].(float64)
		ns, _ := v["nanoOfSecond"].(float64)
		if ok {
			return stamp{time.Unix(int64(sec), int64(ns)).UTC(), true, true, true}, true
		}
	}
	return stamp{}, false
}

// jsonTrace gives the lines of a stack trace that is a text, a list of lines, or
// log4j's object of a throwable and its causes.
func jsonTrace(v any, depth int) []string {
	switch v := v.(type) {
	case string:
		return strings.Split(v, "\n")
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	case map[string]any:
		if depth > 16 {
			return nil
		}
		name := lookupText(v, "name", "exception_class", "class", "type")
		message := lookupText(v, "message", "exception_message", "localizedMessage")
		first := name
		if message != "" && !strings.HasPrefix(message, name) {
			first = fmt.Sprintf("%s: %s", name, message)
		}
		if depth > 0 {
			first = "Caused by: " + first
		}
		out := []string{first}
		if s := lookupText(v, "stacktrace", "stack_trace"); s != "" {
			out = append(out, strings.Split(s, "\n")...)
		}
		if frames, ok := v["extendedStackTrace"].([]any); ok {
			for _, f := range frames {
				if o, ok := f.(map[string]any); ok {
					out = append(out, "\tat "+lookupText(o, "class")+"."+lookupText(o, "method"))
				}
			}
		}
		return append(out, jsonTrace(v["cause"], depth+1)...)
	}
	return nil
}

func lookupText(o map[string]any, names ...string) string {
	for _, n := range names {
		if s, ok := o[n].(string); ok && s != "" {
			return s
		}
	}
	return ""
}
