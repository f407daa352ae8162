package interceptor

import (
	"strings"

	"muster/tribes"
)

// AppendConfirmation returns the second message of TwoPhaseCommitInterceptor: it
// confirms the first, whose message id is id.
func AppendConfirmation(b, id []byte) []byte {
	b = append(b, tribes.TwoPhaseBegin...)
	b = append(b, id...)
	return append(b, tribes.TwoPhaseEnd...)
}

// ParseConfirmation reads the message id that a confirmation confirms; ok is
// false for any other message.
func ParseConfirmation(message []byte) (id []byte, ok bool) {
	const idLen = 16
	s := string(message)
	if len(s) != len(tribes.TwoPhaseBegin)+idLen+len(tribes.TwoPhaseEnd) ||
		!strings.HasPrefix(s, tribes.TwoPhaseBegin) || !strings.HasSuffix(s, tribes.TwoPhaseEnd) {
		return nil, false
	}
	return message[len(tribes.TwoPhaseBegin) : len(tribes.TwoPhaseBegin)+idLen], true
}
