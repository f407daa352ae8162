package hint_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"muster/internal/hint"
)

func TestOf(t *testing.T) {
	base := hint.Wrap(errors.New("join 228.0.0.4: no such device"), "ip route add 224.0.0.0/4 dev eth0")
	joined := errors.Join(base, hint.Wrap(errors.New("other"), "second", "ip route add 224.0.0.0/4 dev eth0"))
	err := hint.Wrap(fmt.Errorf("listen: %w", joined), "outer")

	want := []string{"outer", "ip route add 224.0.0.0/4 dev eth0", "second"}
	if got := hint.Of(err); !slices.Equal(got, want) {
		t.Errorf("Of = %q, want %q", got, want)
	}
	if hint.Wrap(nil, "advice") != nil {
		t.Error("Wrap(nil) is not nil")
	}
	if got := hint.Of(errors.New("bare")); got != nil {
		t.Errorf("Of(bare) = %q, want none", got)
	}
}
