package serverxml

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"muster/tribes"
)

// parseInt reads a number as Java's Integer.valueOf and Long.valueOf do: an
// optional sign and decimal digits, nothing else, no blanks.
func parseInt(s string, bits int) (int64, error) {
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("%q is no %d-bit number", cut(s), bits)
	}
	return n, nil
}

// accept says what Tomcat makes of a text for an attribute of kind k: the value
// in force, or why it keeps its default. A note is about a value that it takes,
// but not as it looks.
func (k kind) accept(s string, v Version) (value, note string, err error) {
	switch k {
	case number, long:
		bits := map[kind]int{number: 32, long: 64}[k]
		n, err := parseInt(s, bits)
		if err != nil {
			return "", "", numberError(s, bits)
		}
		return strconv.FormatInt(n, 10), "", nil
	case boolean:
		switch {
		case strings.EqualFold(s, "true"):
			return "true", "", nil
		case strings.EqualFold(s, "false"):
			return "false", "", nil
		}
		return "false", fmt.Sprintf("%q counts as false: only \"true\" is true", cut(s)), nil
	case options:
		o, err := parseOptions(s)
		if err != nil {
			return "", "", err
		}
		return strconv.Itoa(int(o)), "", nil
	case idBytes:
		b, err := parseBytes(s)
		if err == nil && len(b) != 16 {
			err = fmt.Errorf("%q has %d numbers; a unique id has 16", cut(s), len(b))
		}
		return s, "", err
	case bytesText:
		if strings.HasPrefix(s, "{") {
			_, err := parseBytes(s)
			return s, "", err
		}
		return s, latin1Note(s), nil
	case transform:
		if strings.Count(s, "/") < 2 {
			return "", "", fmt.Errorf("%q is not algorithm/mode/padding, such as AES/GCM/NoPadding", cut(s))
		}
	case hexKey:
		if _, err := parseKey(s); err != nil {
			return "", "", err
		}
	case pattern:
		return s, badPattern(s), nil
	}
	return s, "", nil
}

func numberError(s string, bits int) error {
	if t := strings.TrimSpace(s); t != s {
		if _, err := parseInt(t, bits); err == nil {
			return fmt.Errorf("%q has a blank in it, so it is no number to Tomcat", cut(s))
		}
	}
	if s == "" {
		return errors.New("it is empty, a number is wanted")
	}
	return fmt.Errorf("%q is no number of %d bits", cut(s), bits)
}

// parseOptions reads send options as SimpleTcpCluster.setChannelSendOptions
// does: a decimal number, or Tomcat's names joined by commas. The words of
// muster's own --options that Tomcat does not know are refused here.
func parseOptions(s string) (tribes.Options, error) {
	if n, err := parseInt(s, 32); err == nil {
		return tribes.Options(n), nil
	}
	var o tribes.Options
	for w := range strings.SplitSeq(s, ",") {
		switch strings.TrimSpace(w) {
		case "byte", "byte_message":
			o |= tribes.ByteMessage
		case "use_ack":
			o |= tribes.UseAck
		case "sync", "synchronized_ack":
			o |= tribes.SynchronizedAck
		case "async", "asynchronous":
			o |= tribes.Asynchronous
		case "secure":
			o |= tribes.Secure
		case "udp":
			o |= tribes.UDP
		case "multicast":
			o |= tribes.Multicast
		default:
			return 0, fmt.Errorf("%q is neither a decimal number nor names out of async, use_ack, sync, byte, udp, multicast, secure joined by commas", cut(s))
		}
	}
	return o, nil
}

// parseBytes reads "{1,-2,3}" (T/util/Arrays.fromString): numbers of one signed
// byte, no blanks.
func parseBytes(s string) ([]byte, error) {
	if !strings.HasPrefix(s, "{") {
		return nil, fmt.Errorf("%q does not begin with {", cut(s))
	}
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == '{' || r == ',' || r == '}' })
	out := make([]byte, 0, min(len(fields), 64))
	for _, w := range fields {
		n, err := strconv.ParseInt(w, 10, 8)
		if err != nil {
			if strings.TrimSpace(w) != w {
				return nil, fmt.Errorf("%q has a blank in it, which Tomcat does not take there", cut(s))
			}
			return nil, fmt.Errorf("%q in it is no byte from -128 to 127", cut(w))
		}
		out = append(out, byte(n))
	}
	return out, nil
}

// domainBytes is a domain or an id as Tomcat has it on the wire.
func domainBytes(s string) []byte {
	if strings.HasPrefix(s, "{") {
		b, _ := parseBytes(s)
		return b
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xFF {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

func latin1Note(s string) string {
	for _, r := range s {
		if r > 0xFF {
			return fmt.Sprintf("%q has a character beyond ISO-8859-1, which goes over the wire as ?", cut(s))
		}
	}
	return ""
}

// parseKey reads an encryption key (EncryptInterceptor.fromHexString, which
// trims blanks around it).
func parseKey(s string) ([]byte, error) {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	if len(s)%2 != 0 {
		return nil, fmt.Errorf("it has an odd number of characters (%d); two hexadecimal digits make a byte", len(s))
	}
	key, err := hex.DecodeString(s)
	if err != nil {
		return nil, errors.New("it holds something else than hexadecimal digits")
	}
	return key, nil
}

// badPattern reports what is certainly wrong with a Java regular expression: Go's
// grammar is smaller, so only mistakes that both have count.
func badPattern(s string) string {
	_, err := regexp.Compile(s)
	var e *syntax.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Code {
	case syntax.ErrMissingBracket, syntax.ErrMissingParen, syntax.ErrMissingRepeatArgument, syntax.ErrTrailingBackslash:
		return fmt.Sprintf("%q is no regular expression (%s)", cut(s), e.Code)
	}
	return ""
}

// address reads a literal address; a host name is not looked up.
func address(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap(), err == nil
}
