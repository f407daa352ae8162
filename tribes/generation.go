package tribes

// Generation is the form in which a line of Tomcat releases writes members and
// messages. The forms do not understand each other.
type Generation uint8

const (
	// V1 has ten-byte markers and a UDP port: Tomcat 7.0 and all since.
	V1 Generation = iota
	// V0 has eight-byte markers and no UDP port: Tomcat 6.0.
	V0
	// V55 has neither marker nor unique id, and names the member in text: Tomcat
	// 5.5, whose messages and acks have a form of their own too.
	V55
)

// String is the short name of the form: v1, v0 or 5.5.
func (g Generation) String() string {
	switch g {
	case V0:
		return "v0"
	case V55:
		return "5.5"
	}
	return "v1"
}

// Tomcat names the releases that write this form.
func (g Generation) Tomcat() string {
	switch g {
	case V0:
		return "Tomcat 6.0"
	case V55:
		return "Tomcat 5.5"
	}
	return "Tomcat 7.0 or later"
}
