package javaser

import (
	"fmt"
	"strings"
	"time"
)

// javaTime reads what java.time.Ser writes for the classes of java.time: a byte
// for the class, then its numbers in as few bytes as they need.
func (w *viewer) javaTime(o *Object) (any, bool) {
	if len(o.Parts) != 1 {
		return nil, false
	}
	d := NewData(o.Parts[0].Annotations)
	s := timeText(d, d.Byte())
	if s == "" || d.Err() != nil || d.More() {
		return nil, false
	}
	return s, true
}

func timeText(d *Data, kind byte) string {
	switch kind {
	case 1: // Duration
		sec, nanos := d.Int64(), d.Int32()
		return durationText(sec, nanos)
	case 2: // Instant
		sec, nanos := d.Int64(), d.Int32()
		return time.Unix(sec, int64(nanos)).UTC().Format(time.RFC3339Nano)
	case 3:
		return dateText(d)
	case 4:
		return clockText(d)
	case 5:
		return dateText(d) + "T" + clockText(d)
	case 6: // ZonedDateTime: local date and time, offset, then a zone with its own kind
		s := dateText(d) + "T" + clockText(d) + offsetText(d)
		if zone := timeText(d, d.Byte()); zone != "Z" && !strings.HasSuffix(s, zone) {
			s += "[" + zone + "]"
		}
		return s
	case 7: // ZoneRegion
		return d.UTF()
	case 8: // ZoneOffset
		return offsetText(d)
	case 9: // OffsetTime
		return clockText(d) + offsetText(d)
	case 10: // OffsetDateTime
		return dateText(d) + "T" + clockText(d) + offsetText(d)
	case 11: // Year
		return yearText(d)
	case 12: // YearMonth
		return yearText(d) + fmt.Sprintf("-%02d", d.Byte())
	case 13: // MonthDay
		return fmt.Sprintf("--%02d-%02d", d.Byte(), d.Byte())
	case 14: // Period
		return fmt.Sprintf("P%dY%dM%dD", d.Int32(), d.Int32(), d.Int32())
	}
	return ""
}

// durationText is ISO 8601 in seconds.
func durationText(sec int64, nanos int32) string {
	sign := ""
	if sec < 0 && nanos > 0 {
		sec, nanos = sec+1, 1e9-nanos
		if sec == 0 {
			sign = "-"
		}
	}
	s := fmt.Sprintf("PT%s%d", sign, sec)
	if nanos != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%09d", nanos), "0")
	}
	return s + "S"
}

func dateText(d *Data) string {
	return yearText(d) + fmt.Sprintf("-%02d-%02d", d.Byte(), d.Byte())
}

func yearText(d *Data) string {
	y := int64(d.Int32())
	if y < 0 {
		return fmt.Sprintf("-%04d", -y)
	}
	return fmt.Sprintf("%04d", y)
}

// clockText reads hour, minute, second and nanosecond; the last one that is not
// zero is written inverted, and those after it are left out.
func clockText(d *Data) string {
	var minute, second int8
	var nano int32
	hour := int8(d.Byte())
	if hour < 0 {
		hour = ^hour
	} else if minute = int8(d.Byte()); minute < 0 {
		minute = ^minute
	} else if second = int8(d.Byte()); second < 0 {
		second = ^second
	} else {
		nano = d.Int32()
	}
	s := fmt.Sprintf("%02d:%02d:%02d", hour, minute, second)
	if nano != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%09d", nano), "0")
	}
	return s
}

// offsetText reads quarters of an hour, or 127 and the seconds.
func offsetText(d *Data) string {
	sec := int32(int8(d.Byte())) * 900
	if sec == 127*900 {
		sec = d.Int32()
	}
	if sec == 0 {
		return "Z"
	}
	sign := "+"
	if sec < 0 {
		sign, sec = "-", -sec
	}
	s := fmt.Sprintf("%s%02d:%02d", sign, sec/3600, sec/60%60)
	if sec%60 != 0 {
		s += fmt.Sprintf(":%02d", sec%60)
	}
	return s
}
