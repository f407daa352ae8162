// Package tomcatjar reads what the cluster packages of a Tomcat can log out of its
// jars: the messages of their LocalStrings, in every language of the jar, and the
// texts that stand in the classes themselves (5.5 to 8.0 wrote most of theirs so).
// It serves a generator and a test; the product does not need a jar.
package tomcatjar

// Text is one message that a release can log.
type Text struct {
	// Key is the key of the LocalStrings, or "" for a text of a class.
	Key string
	// Package is the package below org.apache.catalina, such as "ha.tcp"; a text of
	// a class has its Class too.
	Package, Class string
	// Language is "en" or as the file's name has it: "de", "pt_BR".
	Language string
	// Pattern is the text, "{0}" and the like standing for what is filled in.
	Pattern string
	// Level is how a text of a class is logged: error, warn, info, throw; "" where
	// it is not known, as with every key.
	Level string
}
