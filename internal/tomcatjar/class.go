package tomcatjar

import (
	"encoding/binary"
	"errors"
	"strings"
)

// literals are the texts that a class gives to a logger or to an exception (JVMS
// chapter 4). It follows the code of each method in a straight line: strings that
// are loaded and appended to a StringBuilder are collected, and become a text at a
// call of a Log or at the constructor of a Throwable. That is how javac up to
// release 8 translates a concatenation.
func literals(data []byte) (out []Text, err error) {
	defer func() {
		if recover() != nil { // an index out of the data: no class file, or one cut short
			err = errors.New("not a class file that can be read")
		}
	}()
	c := &classFile{data: data}
	if c.u4() != 0xCAFEBABE {
		return nil, errors.New("not a class file")
	}
	c.u4() // version
	c.pool()
	c.at += 6 // access, this, super
	c.at += 2 * int(c.u2())
	c.members(nil) // fields
	c.members(func(code []byte) { out = append(out, c.texts(code)...) })
	return out, nil
}

type classFile struct {
	data []byte
	at   int
	tags []byte
	offs []int // of each entry of the constant pool, behind its tag
}

func (c *classFile) u1() byte   { c.at++; return c.data[c.at-1] }
func (c *classFile) u2() uint16 { c.at += 2; return binary.BigEndian.Uint16(c.data[c.at-2:]) }
func (c *classFile) u4() uint32 { c.at += 4; return binary.BigEndian.Uint32(c.data[c.at-4:]) }

// Tags of the constant pool.
const (
	tagUTF8, tagLong, tagDouble = 1, 5, 6
	tagString                   = 8
)

func (c *classFile) pool() {
	n := int(c.u2())
	c.tags, c.offs = make([]byte, n), make([]int, n)
	for i := 1; i < n; i++ {
		tag := c.u1()
		c.tags[i], c.offs[i] = tag, c.at
		switch tag {
		case tagUTF8:
			c.at += int(c.u2())
		case tagLong, tagDouble:
			c.at += 8
			i++
		case 7, tagString, 16, 19, 20:
			c.at += 2
		case 15:
			c.at += 3
		default:
			c.at += 4
		}
	}
}

func (c *classFile) utf8(i uint16) string {
	at := c.offs[i]
	n := int(binary.BigEndian.Uint16(c.data[at:]))
	return string(c.data[at+2 : at+2+n])
}

func (c *classFile) ref(i uint16, part int) uint16 {
	return binary.BigEndian.Uint16(c.data[c.offs[i]+2*part:])
}

// members walks over fields or methods and hands the code of each to do.
func (c *classFile) members(do func(code []byte)) {
	for range c.u2() {
		c.at += 6
		for range c.u2() {
			name, size := c.utf8(c.u2()), int(c.u4())
			if name == "Code" && do != nil {
				n := int(binary.BigEndian.Uint32(c.data[c.at+4:]))
				do(c.data[c.at+8 : c.at+8+n])
			}
			c.at += size
		}
	}
}

// texts walks over the code of a method.
func (c *classFile) texts(code []byte) []Text {
	var out []Text
	var parts []string // loaded and not yet used, "{}" for what is no constant
	building := false  // a StringBuilder is filled
	load := func(i uint16) {
		if c.tags[i] == tagString {
			parts = append(parts, c.utf8(c.ref(i, 0)))
		}
	}
	for at := 0; at < len(code); at += size(code, at) {
		switch op := code[at]; op {
		case 0x12: // ldc
			load(uint16(code[at+1]))
		case 0x13: // ldc_w
			load(binary.BigEndian.Uint16(code[at+1:]))
		case 0xbb: // new
			if isBuilder(c.utf8(c.ref(binary.BigEndian.Uint16(code[at+1:]), 0))) {
				building, parts = true, nil
			}
		case 0xb6, 0xb7, 0xb8, 0xb9: // invokevirtual, -special, -static, -interface
			i := binary.BigEndian.Uint16(code[at+1:])
			class, method := c.utf8(c.ref(c.ref(i, 0), 0)), c.utf8(c.ref(c.ref(i, 1), 0))
			if isBuilder(class) {
				if method == "append" && !afterConstant(code, at) {
					parts = append(parts, "{}")
				}
				continue
			}
			level := levelOf(class, method)
			if level == "" {
				continue
			}
			out = append(out, found(parts, building, level)...)
			parts, building = nil, false
		}
	}
	return out
}

func isBuilder(class string) bool {
	return class == "java/lang/StringBuilder" || class == "java/lang/StringBuffer"
}

// levelOf is how a call tells a text: "" where it is neither a call of a Log nor
// the constructor of a Throwable.
func levelOf(class, method string) string {
	switch {
	case strings.HasSuffix(class, "/Log"):
		switch method {
		case "error", "fatal":
			return "error"
		case "warn", "info", "debug", "trace":
			return method
		}
	case method == "<init>" && (strings.HasSuffix(class, "Exception") || strings.HasSuffix(class, "Error")):
		return "throw"
	}
	return ""
}

// afterConstant reports whether the instruction before the call loads a constant.
func afterConstant(code []byte, call int) bool {
	return call >= 2 && code[call-2] == 0x12 || call >= 3 && code[call-3] == 0x13
}

// found are the keys among what was loaded, else the text that it makes.
func found(parts []string, building bool, level string) []Text {
	var out []Text
	for _, p := range parts {
		if isKey(p) {
			out = append(out, Text{Key: p, Level: level})
		}
	}
	if len(out) > 0 {
		return out
	}
	if !building && len(parts) > 1 {
		parts = parts[len(parts)-1:]
	}
	if text := pattern(parts); text != "" {
		return []Text{{Pattern: text, Level: level}}
	}
	return nil
}

// isKey: a key of LocalStrings is words joined by dots.
func isKey(s string) bool {
	return strings.Contains(s, ".") && !strings.ContainsAny(s, " :[=/") && !strings.HasPrefix(s, "org.") && !strings.HasPrefix(s, "java") && !strings.HasSuffix(s, ".")
}

// pattern joins what was loaded; a text of fewer than two words is none.
func pattern(parts []string) string {
	var b strings.Builder
	n := 0
	for _, p := range parts {
		if p == "{}" {
			b.WriteString("{" + string(rune('0'+n%10)) + "}")
			n++
			continue
		}
		b.WriteString(p)
	}
	text := strings.TrimSpace(b.String())
	if words := strings.Fields(argument().ReplaceAllString(text, " ")); len(words) < 2 {
		return ""
	}
	return text
}

// size is the length of the instruction at at (JVMS 6.5).
func size(code []byte, at int) int {
	switch op := code[at]; {
	case op == 0xaa: // tableswitch
		p := at + 4 - at%4
		low, high := int32(binary.BigEndian.Uint32(code[p+4:])), int32(binary.BigEndian.Uint32(code[p+8:]))
		return p + 12 + 4*int(high-low+1) - at
	case op == 0xab: // lookupswitch
		p := at + 4 - at%4
		return p + 8 + 8*int(binary.BigEndian.Uint32(code[p+4:])) - at
	case op == 0xc4: // wide
		if code[at+1] == 0x84 {
			return 6
		}
		return 4
	case op == 0x10, op == 0x12, op >= 0x15 && op <= 0x19, op >= 0x36 && op <= 0x3a, op == 0xa9, op == 0xbc:
		return 2
	case op == 0x11, op == 0x13, op == 0x14, op == 0x84, op >= 0x99 && op <= 0xa8, op >= 0xb2 && op <= 0xb8, op == 0xbb, op == 0xbd, op == 0xc0, op == 0xc1, op == 0xc6, op == 0xc7:
		return 3
	case op == 0xc5:
		return 4
	case op == 0xb9, op == 0xba, op == 0xc8, op == 0xc9:
		return 5
	}
	return 1
}
