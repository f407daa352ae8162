package term

import (
	"fmt"
	"strconv"
	"time"
)

// Count is a number with its word: "1 datagram", "2 datagrams".
func Count[N ~int | ~uint64](n N, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.FormatUint(uint64(n), 10) + " " + word + "s"
}

// PerSecond is a rate: "0.50/s", "12.3/s", "12345/s".
func PerSecond(rate float64) string { return Significant(rate) + "/s" }

// Percent is a share from 0 to 1: "0%", "0.0012%", "12.3%".
func Percent(share float64) string {
	p := share * 100
	switch {
	case p == 0:
		return "0%"
	case p < 0.01:
		return strconv.FormatFloat(p, 'g', 2, 64) + "%"
	}
	return Significant(p) + "%"
}

func Significant(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 10:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case x < 100:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 0, 64)
}

// Seconds is a time for people: "350us", "4.2ms", "12.0s", "2m5s".
func Seconds(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Seconds(-d)
	case d < time.Millisecond:
		return fmt.Sprintf("%dus", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.1fms", float64(d.Microseconds())/1000)
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// Clock is the time of day of t in this place, to the millisecond.
func Clock(t time.Time) string { return t.Local().Format("15:04:05.000") }
