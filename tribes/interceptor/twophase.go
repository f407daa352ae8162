package interceptor

import "muster/tribes"

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
	const end = len(tribes.TwoPhaseBegin) + idLen
	if len(message) != end+len(tribes.TwoPhaseEnd) ||
		string(message[:len(tribes.TwoPhaseBegin)]) != tribes.TwoPhaseBegin || string(message[end:]) != tribes.TwoPhaseEnd {
		return nil, false
	}
	return message[len(tribes.TwoPhaseBegin) : len(tribes.TwoPhaseBegin)+idLen], true
}
