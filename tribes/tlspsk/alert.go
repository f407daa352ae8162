package tlspsk

import "fmt"

// Alert is the description of an alert record (RFC 8446 section 6).
type Alert uint8

const (
	CloseNotify          Alert = 0
	UnexpectedMessage    Alert = 10
	BadRecordMAC         Alert = 20
	RecordOverflow       Alert = 22
	HandshakeFailure     Alert = 40
	IllegalParameter     Alert = 47
	DecodeError          Alert = 50
	DecryptError         Alert = 51
	ProtocolVersion      Alert = 70
	InsufficientSecurity Alert = 71
	InternalError        Alert = 80
	MissingExtension     Alert = 109
	UnsupportedExtension Alert = 110
	UnknownPSKIdentity   Alert = 115
	CertificateRequired  Alert = 116
)

var alertNames = map[Alert]string{
	CloseNotify: "close_notify", UnexpectedMessage: "unexpected_message", BadRecordMAC: "bad_record_mac", 21: "decryption_failed",
	RecordOverflow: "record_overflow", HandshakeFailure: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
	43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	IllegalParameter: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", DecodeError: "decode_error",
	DecryptError: "decrypt_error", ProtocolVersion: "protocol_version", InsufficientSecurity: "insufficient_security",
	InternalError: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
	MissingExtension: "missing_extension", UnsupportedExtension: "unsupported_extension", 112: "unrecognized_name",
	UnknownPSKIdentity: "unknown_psk_identity", CertificateRequired: "certificate_required", 120: "no_application_protocol",
}

// String is the alert's name in the RFC, or its number.
func (a Alert) String() string {
	if n, ok := alertNames[a]; ok {
		return n
	}
	return fmt.Sprintf("alert %d", uint8(a))
}

// AlertError is a fatal alert that the other side sent.
type AlertError struct{ Alert Alert }

func (e AlertError) Error() string {
	return fmt.Sprintf("the other side ended the handshake with the alert %s (%d)", e.Alert, uint8(e.Alert))
}

// failure is a reason to end the connection with an alert of ours.
type failure struct {
	alert Alert
	why   string
}

func (f *failure) Error() string { return f.why }

func fail(a Alert, format string, args ...any) error {
	return &failure{a, fmt.Sprintf(format, args...)}
}
