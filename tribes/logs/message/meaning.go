package message

// Matters reports whether a message is worth an event although no kind of event is
// made of it.
func Matters(key string) bool { return false }

// IsKey reports whether text is the message of that key.
func IsKey(text, key string) bool {
	m, ok := Find(text, false)
	return ok && m.Key == key
}
